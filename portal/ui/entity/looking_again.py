"""The button that has an entity looked at again, and what its page tells of that."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from catalog.refs import EntityRef
from portal.auth import asker_of
from portal.db.state import Connection
from portal.db.work import marks, pending
from portal.rationing import TooOften
from portal.ui.frame import not_found, too_often
from portal.ui.models.looks import Look
from portal.use_cases.looking_again import look_again as again
from portal.wiring import Portal

MOST_TICKETS = 20
WAITS = Look(name="running", word="Being looked at")
DONE = Look(name="pass", word="Looked at again")


def register(pages: Blueprint, portal: Portal) -> None:
    """The request; what comes of it is told on the entity's page."""

    @pages.post("/catalog/<kind>/<namespace>/<name>/refresh")
    def look_again(kind: str, namespace: str, name: str) -> ResponseReturnValue:
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        tickets = again(portal, ref, by=asker_of(g.caller, request.remote_addr))
        if tickets is None:
            return not_found("There is no such entity.")
        if isinstance(tickets, TooOften):
            return too_often(tickets)
        tab = request.form.get("tab", "")[:20]
        to = url_for(
            "pages.entity",
            kind=kind,
            namespace=namespace,
            name=name,
            tab=tab or None,
            asked=[*tickets.values()][-MOST_TICKETS:],
        )
        return redirect(to, 303)


def what_came_of_it(connection: Connection, entity_id: int) -> Look | None:
    """How far the request is that the address names; None: it names none.

    It is done when the repository is read and the entity was looked at after that.
    """
    tickets = request.args.getlist("asked")[:MOST_TICKETS]
    if not tickets:
        return None
    waits = marks.is_marked(connection, entity_id) or any(
        pending.is_waiting(connection, ticket[:100]) for ticket in tickets
    )
    return WAITS if waits else DONE
