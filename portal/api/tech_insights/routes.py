"""The routes of Tech Insights, under their own prefix.

Where the original answers 500 to what a client did wrong, this answers 400 with the same message;
and a broken check is an error of that check alone, never of the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import orjson
from flask import Blueprint, Response, request

from catalog.refs import EntityRef
from portal.api.backstage.errors import NotFoundError, add_error_handlers, error_response
from portal.api.backstage.replies import reply
from portal.api.backstage.routes import tolerate_slashes
from portal.api.tech_insights import rows
from portal.api.tech_insights.definitions import Definitions, check_of, schema_of
from portal.api.tech_insights.requests import (
    Asked,
    BrokenBody,
    LargeBody,
    NoDate,
    body_of,
    checks_of,
    entities_of,
    entity_of,
    ids_of,
    time_of,
)
from portal.api.tech_insights.results import results_of
from portal.db.catalog.entities import EntityRow, by_ids, by_ref, by_refs
from portal.db.collection import fact_history, facts
from portal.db.state import Connection
from portal.wiring import Portal

PREFIX = "/api/tech-insights"

MOST_RESULTS = 50_000
"""Results in the answer about every entity: about 55 MB. Entities beyond are named in a header."""

CHUNK = 200
"""Entities whose evidence is in memory at once."""

LEFT_OUT = "X-Entities-Left-Out"
"""Header: how many entities the answer about every entity does not hold."""

PERMISSIONS = {
    "tech-insights.check.read": "read",
    "tech-insights.check.run": "update",
    "tech-insights.fact-retriever.read": "read",
}
"""Tech Insights' own permissions, with their action."""


def blueprint(portal: Portal) -> Blueprint:
    """The blueprint, to be registered as it is: it knows its prefix."""
    routes = Blueprint("tech_insights", __name__, url_prefix=PREFIX)
    add_error_handlers(routes)
    _add_error_handlers(routes)
    tolerate_slashes(routes, PREFIX)
    asking = _Asking(portal)
    _add_check_routes(routes, asking)
    _add_fact_routes(routes, asking)
    return routes


class _Asking:
    """What every route needs. Definitions are made when they are first asked for."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.omits_unknown = portal.settings.tech_insights_unknown == "omit"

    @cached_property
    def definitions(self) -> Definitions:
        return Definitions(self.portal.scorecards, self.portal.collectors)

    def stranger(self, checks: Sequence[str] | None) -> str | None:
        """Why not all of the checks can be run; None: they can."""
        for check in checks or ():
            if check not in self.definitions.checks:
                return f"Tech insight check with id '{check}' is not registered."
        return None

    def run(
        self, connection: Connection, found: Sequence[EntityRow], checks: Sequence[str] | None
    ) -> Iterator[list[dict[str, Any]]]:
        return results_of(
            connection,
            self.definitions,
            found,
            wanted=checks,
            omits_unknown=self.omits_unknown,
        )


def _add_check_routes(routes: Blueprint, asking: _Asking) -> None:
    portal = asking.portal

    @routes.get("/checks")
    def list_checks() -> Response:
        known = asking.definitions
        return _json([check_of(definition) for definition in known.checks.values()])

    @routes.post("/checks/run/<namespace>/<kind>/<name>")
    def run_checks(namespace: str, kind: str, name: str) -> Response:
        checks = checks_of(body_of(request))
        if (why := asking.stranger(checks)) is not None:
            raise NotFoundError(why)
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        with portal.database.read() as connection:
            row = by_ref(connection, ref)
            found = next(asking.run(connection, [row], checks)) if row else []
        return _json(found)

    @routes.post("/checks/run")
    def run_checks_in_bulk() -> Response:
        body = body_of(request)
        asked, checks = entities_of(body), checks_of(body)
        if (why := asking.stranger(checks)) is not None:
            error = {"name": "NotFoundError", "message": why}
            shown = [one.shown for one in asked]
            return _json([{"entity": name, "error": error, "results": []} for name in shown])
        if not asked:
            return _everything(asking, checks)
        with portal.database.read() as connection:
            known = by_refs(connection, [one.ref for one in asked if one.ref])
            run = asking.run(connection, list(known.values()), checks)
            found = dict(zip(known, run, strict=True))
        return _json([_told(one, found) for one in asked])


def _told(one: Asked, found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What a bulk run says of one entity: a reference that is none must not cost the others theirs."""
    if not one.ref:
        error = {"name": "InputError", "message": one.why}
        return {"entity": one.shown, "error": error, "results": []}
    return {"entity": one.shown, "results": found.get(one.ref, [])}


def _everything(asking: _Asking, checks: Sequence[str] | None) -> Response:
    """Of every entity that has facts, by name, in pieces; as many as are bearable.

    The client asks this of its own accord after each 750 entities, and the overview page does.
    """
    database = asking.portal.database
    most = MOST_RESULTS // max(1, len(asking.definitions.checks if checks is None else checks))
    with database.read() as connection:
        ids = facts.having(connection)
    ahead = iter(ids[:most])

    def pieces() -> Iterator[bytes]:
        comma = b"["
        while part := list(islice(ahead, CHUNK)):
            with database.read() as connection:
                found = by_ids(connection, part)
                said = list(asking.run(connection, found, checks))
            for row, results in zip(found, said, strict=True):
                yield comma + orjson.dumps({"entity": row.ref, "results": results})
                comma = b","
        yield b"[]" if comma == b"[" else b"]"

    response = reply(pieces())
    if len(ids) > most:
        response.headers[LEFT_OUT] = str(len(ids) - most)
    return response


def _add_fact_routes(routes: Blueprint, asking: _Asking) -> None:
    portal = asking.portal

    @routes.get("/fact-schemas")
    def list_schemas() -> Response:
        ids = ids_of(request.args)
        known = asking.definitions.retrievers
        return _json([schema_of(r) for r in known.values() if ids is None or r.id in ids])

    @routes.get("/facts/latest")
    def get_latest() -> Response:
        ref, ids = entity_of(request.args), ids_of(request.args)
        if ids is None:
            return _no_ids(asking)
        with portal.database.read() as connection:
            row = by_ref(connection, str(ref))
            records = facts.for_entity(connection, row.id) if row else ()
        return _json(rows.latest(records, ids, ref))

    @routes.get("/facts/range")
    def get_range() -> Response:
        ref, ids = entity_of(request.args), ids_of(request.args)
        if ids is None:
            return _no_ids(asking)
        start = time_of(request.args, "startDatetime", "startDateTime")
        end = time_of(request.args, "endDatetime", "endDateTime")
        with portal.database.read() as connection:
            row = by_ref(connection, str(ref))
            present = facts.for_entity(connection, row.id) if row else ()
            wanted = [record for record in present if record.collector in ids]
            found = (
                fact_history.between(connection, wanted, row.id, start=start, end=end)
                if row
                else {}
            )
        return _json({name: [rows.row(r, ref) for r in told] for name, told in found.items()})

    @routes.get("/.well-known/backstage/permissions/metadata")
    def get_permissions() -> Response:
        known = [
            {"type": "basic", "name": name, "attributes": {"action": action}}
            for name, action in PERMISSIONS.items()
        ]
        return _json({"permissions": known, "rules": []})


def _no_ids(asking: _Asking) -> Response:
    """The maturity page of an installation without checks asks for the facts of none."""
    if not asking.definitions.checks:
        return _json({})
    return _json({"error": "Failed to parse ids from request"}, 422)


def _add_error_handlers(routes: Blueprint) -> None:
    @routes.errorhandler(NoDate)
    def no_date(error: NoDate) -> Response:
        text = "Failed to parse datetime from request"
        return _json({"message": text, "field": error.args[0], "value": None}, 422)

    @routes.errorhandler(BrokenBody)
    def broken_body(error: BrokenBody) -> Response:
        return error_response(
            400, str(error), name="SyntaxError", more={"type": "entity.parse.failed"}
        )

    @routes.errorhandler(LargeBody)
    def large_body(_: LargeBody) -> Response:
        return error_response(413, "request entity too large", name="PayloadTooLargeError")


def _json(value: Any, status: int = 200) -> Response:
    return reply(orjson.dumps(value), status)
