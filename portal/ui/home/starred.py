"""Starred entities: what somebody wants to find again on the home page, whoever owns it.

The browser keeps them, as it keeps the chosen team: without accounts nobody else could.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from catalog.refs import EntityRef
from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.db.state import Connection
from portal.ui.frame import not_found
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.levels import marks
from portal.ui.models.links import link_to
from portal.ui.models.scorecards.standing import ServiceLine
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

COOKIE = "starred"
MOST = 20
"""Entities that are kept; with one more the one that was starred first goes."""
AGE = 365 * 24 * 3600
LONGEST = 3_500
"""Characters of the cookie: browsers keep 4,096 bytes with its name and attributes."""


def register(pages: Blueprint, portal: Portal) -> None:
    """Starring an entity, and no longer."""

    @pages.post("/catalog/<kind>/<namespace>/<name>/star")
    def star(kind: str, namespace: str, name: str) -> ResponseReturnValue:
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        with portal.database.read() as connection:
            if entities.by_ref(connection, ref) is None and request.form.get("on"):
                return not_found("There is no such entity.")
        others = [one for one in starred() if one != ref]
        kept = [*others, ref] if request.form.get("on") else others
        tab = request.form.get("tab", "")[:20] or None
        to = url_for("pages.entity", kind=kind, namespace=namespace, name=name, tab=tab)
        return _keep(make_response(redirect(to, 303)), kept[-MOST:], portal)


def starred() -> tuple[str, ...]:
    """The refs that this browser keeps, the one that was starred first first."""
    said = request.cookies.get(COOKIE, "")[:LONGEST].split("|")
    links = (link_to(one) for one in dict.fromkeys(said) if one)
    return tuple(link.ref for link in links if link.parts is not None)[-MOST:]


def starred_lines(
    connection: Connection, scorecards: tuple[Scorecard, ...]
) -> tuple[ServiceLine, ...]:
    """How each of them stands, by name; one that is gone is not told of."""
    rows = list(entities.by_refs(connection, starred()).values())
    summaries = results.summaries(connection, [row.id for row in rows])
    lines = [
        ServiceLine(link=link_of(row), marks=marks(scorecards, summaries.get(row.id, ())))
        for row in rows
    ]
    return tuple(sorted(lines, key=lambda line: (line.link.title.lower(), line.link.ref)))


def _keep(response: Response, refs: list[str], portal: Portal) -> Response:
    while len("|".join(refs)) > LONGEST:
        refs = refs[1:]
    path = f"{request.root_path}/"
    if not refs:
        response.delete_cookie(COOKIE, path=path)
        return response
    response.set_cookie(
        COOKIE,
        "|".join(refs),
        AGE,
        path=path,
        secure=portal.settings.is_https,
        httponly=True,
        samesite="Lax",
    )
    return response
