"""Locations: what is read, how it stands, and the button that asks to read it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import Problem
from portal.auth import asker_of
from portal.db.collection import fetched
from portal.db.sources import locations as store
from portal.db.sources.locations import FileRow, LocationRow, RepositoryRow
from portal.db.state import Connection
from portal.db.work import budgets
from portal.rationing import take
from portal.ui.admin.fetches import fetch_lines, limit_lines
from portal.ui.frame import not_found, too_often
from portal.ui.models.looks import Look
from portal.wiring import Portal
from portal.worker.requests import Lane, ingest_key

GONE = "There is no such location, or it is no longer registered."
MOST_REPOSITORIES = 500
FILES_PER_PAGE = 200

ORIGINS = {
    "command": "the command line",
    "config": "the configuration",
    "api": "the API",
    "sample": "the sample organization",
}
STATES = {
    "new": Look(name="unknown", word="Not read yet"),
    "ok": Look(name="pass", word="Read"),
    "partial": Look(name="warn", word="Partly read"),
    "failed": Look(name="fail", word="Failed"),
    "missing": Look(name="warn", word="Missing"),
}
FILE_STATES = {**STATES, "failed": Look(name="fail", word="Has errors")}


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationLine:
    """A location with how it looks."""

    id: str
    type: str
    target: str
    origin_words: str
    look: Look
    problem: Problem | None
    listed_at: datetime | None
    failed: int
    repositories: int
    files: int
    entities: int
    errors: int
    warnings: int


def line(row: LocationRow) -> LocationLine:
    """The line of a location."""
    return LocationLine(
        id=row.id,
        type=row.type,
        target=row.target,
        origin_words=ORIGINS.get(row.origin, row.origin),
        look=STATES.get(row.state, STATES["new"]),
        problem=row.problem,
        listed_at=row.listed_at,
        failed=row.failed,
        repositories=row.repositories,
        files=row.files,
        entities=row.entities,
        errors=row.errors,
        warnings=row.warnings,
    )


def register(pages: Blueprint, portal: Portal) -> None:
    """`/locations`, `/locations/<id>`, and the request to read one again."""

    @pages.get("/locations", endpoint="locations")
    def listing() -> str:
        with portal.database.read() as connection:
            rows = [line(row) for row in store.list_locations(connection)]
            fetches = fetch_lines(portal.scheduled, fetched.listed(connection))
            known = budgets.listed(connection)
        asked = request.args.get("asked", "")
        limits = limit_lines(known, portal.now())
        return render_template(
            "locations.html", rows=rows, fetches=fetches, limits=limits, asked=asked
        )

    @pages.get("/locations/<id>")
    def location(id: str) -> ResponseReturnValue:  # noqa: A002 - the parameter's name in the URL
        wanted, after = request.args.get("repository", ""), request.args.get("after")
        with portal.database.read() as connection:
            row = store.get_location(connection, id)
            if row is None:
                return not_found(GONE)
            held = _held(connection, id, wanted, after)
        return render_template(
            "location.html", row=line(row), asked="asked" in request.args, **held
        )

    @pages.post("/locations/<id>/read")
    def read_again(id: str) -> ResponseReturnValue:  # noqa: A002
        with portal.database.write() as connection:
            row, key = store.get_location(connection, id), ingest_key(id)
            by = asker_of(g.caller, request.remote_addr)
            refused = take(portal, connection, [key], by) if row else None
        if row is None:
            return not_found(GONE)
        if refused is not None:
            return too_often(refused)
        portal.work.request(key, Lane.PERSON)
        return redirect(url_for("pages.location", id=id, asked=1), 303)


def _held(connection: Connection, location: str, wanted: str, after: str | None) -> dict[str, Any]:
    """What a location holds: its repositories, and files of the one that is wanted, or the only one."""
    found = store.repositories(connection, location)
    chosen = next((one for one in found if str(one.id) == wanted), None)
    chosen = chosen or (found[0] if len(found) == 1 else None)
    files = (
        store.files(connection, chosen.id, after=after, limit=FILES_PER_PAGE) if chosen else None
    )
    return {
        "repositories": [(one, look_of(one)) for one in found[:MOST_REPOSITORIES]],
        "hidden": max(0, len(found) - MOST_REPOSITORIES),
        "chosen": chosen,
        "files": [(one, file_look(one)) for one in files.items] if files else [],
        "more": files.after if files else None,
    }


def look_of(row: RepositoryRow) -> Look:
    """How a repository looks: that it is missing from listings comes before anything else."""
    return STATES["missing"] if row.missing_since else STATES.get(row.state, STATES["new"])


def file_look(row: FileRow) -> Look:
    """How a file looks."""
    return FILE_STATES.get(row.state, FILE_STATES["new"])
