"""The button that has an entity looked at again, and what its page tells of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from catalog.refs import EntityRef
from portal.auth import asker_of
from portal.db.changes.history import identify
from portal.db.evaluation.result_history import Move, moves
from portal.db.state import Connection
from portal.db.work import marks, pending
from portal.rationing import TooOften
from portal.ui.entity.stored import Stored
from portal.ui.frame import not_found, too_often
from portal.ui.models.changes.timeline import ResultEntry, result_entry
from portal.ui.models.looks import Look
from portal.use_cases.looking_again import look_again as again
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

MOST_TICKETS = 20
MOST_RESULTS = 10
WAITS = Look(name="running", word="Being looked at")
DONE = Look(name="pass", word="Looked at again")


@dataclass(frozen=True, kw_only=True, slots=True)
class LookedAgain:
    """How far it is that somebody asked for."""

    look: Look
    results: tuple[ResultEntry, ...] = ()
    """What scorecards came to say otherwise since it was asked for, the newest first."""


def register(pages: Blueprint, portal: Portal) -> None:
    """The request; what comes of it is told on the entity's page."""

    @pages.post("/catalog/<kind>/<namespace>/<name>/refresh")
    def look_again(kind: str, namespace: str, name: str) -> ResponseReturnValue:
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        with portal.database.read() as connection:
            last = _turns(connection, ref, most=1)
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
            since=last[0].transition.id if last else 0,
        )
        return redirect(to, 303)


def what_came_of_it(
    connection: Connection, stored: Stored, scorecards: Sequence[Scorecard]
) -> LookedAgain | None:
    """How far the request is that the address names; None: it names none.

    It is done when the repository is read and the entity was looked at after that.
    """
    tickets = request.args.getlist("asked")[:MOST_TICKETS]
    if not tickets:
        return None
    waits = marks.is_marked(connection, stored.id) or any(
        pending.is_waiting(connection, ticket[:100]) for ticket in tickets
    )
    if waits:
        return LookedAgain(look=WAITS)
    return LookedAgain(look=DONE, results=_news(connection, stored.declared.ref, scorecards))


def _news(
    connection: Connection, ref: str, scorecards: Sequence[Scorecard]
) -> tuple[ResultEntry, ...]:
    """What came out otherwise since the last time before, which the address names."""
    since = request.args.get("since", "")[:15]
    if not since.isdecimal():
        return ()
    cards = {card.name: card for card in scorecards}
    found = _turns(connection, ref, most=MOST_RESULTS)
    return tuple(result_entry(one, cards) for one in found if one.transition.id > int(since))


def _turns(connection: Connection, ref: str, *, most: int) -> tuple[Move, ...]:
    """The last times that a scorecard came to say something else of it, the newest first."""
    identity = identify(connection, ref)
    return tuple(moves(connection, identity.ids, limit=most).items) if identity else ()
