"""The routes of Backstage's catalog that write: locations come, change and go, and entities, too.

Source of routes, statuses and messages: Backstage catalog backend 4.0.0 (reference 3.8, 3.9),
observed. `wait` is ours: the answer comes when what was asked for is visible.
"""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, g, request

from catalog.errors import QueryError
from catalog.problems import JsonValue, Problem
from catalog.refs import EntityRef
from portal.api.backstage.dry_runs import DryRuns
from portal.api.backstage.errors import error_response
from portal.api.backstage.location_pages import page_of_locations
from portal.api.backstage.parameters import body_of, check_names
from portal.api.backstage.replies import current, reply
from portal.api.waiting import wait_for, wait_of
from portal.auth import actor_of, asker_of
from portal.db.catalog.entities import by_ref, by_uid
from portal.db.ingest import registrations
from portal.db.ingest.decisions import delete_entity
from portal.db.sources.registered import (
    Registered,
    find_registered,
    get_registered,
    list_registered,
)
from portal.db.sources.targets import sources_of
from portal.db.state import Connection
from portal.rationing import take
from portal.use_cases.registering import read_now, register, wrong_with
from portal.wiring import Portal, store_of
from portal.worker.requests import Lane, ingest_key, refresh_key

READ_ONLY = "This operation not allowed in readonly mode"
_YES = ("true", "1", "y", "yes", "on")
_NO = ("false", "0", "n", "no", "off")


class _Refused(Exception):
    """An answer other than 2xx: status and message."""


def add_location_routes(routes: Blueprint, portal: Portal) -> None:
    """The routes, on the blueprint of the catalog API."""

    @routes.errorhandler(_Refused)
    def refused(error: _Refused) -> Response:
        return error_response(*error.args)

    _add_reading(routes, portal)
    _add_registering(routes, portal)
    _add_changing(routes, portal)
    _add_entities(routes, portal)


def _add_reading(routes: Blueprint, portal: Portal) -> None:
    @routes.get("/locations")
    def get_locations() -> Response:
        check_names(request.args, ())

        def read(connection: Connection) -> bytes:
            return orjson.dumps([{"data": _shown(one)} for one in list_registered(connection)])

        return current(portal, read)

    @routes.post("/locations/by-query")
    def query_locations() -> Response:
        check_names(request.args, ())
        body = body_of(request)
        with portal.database.read() as connection:
            found = list_registered(connection)
        return reply(orjson.dumps(page_of_locations([_shown(one) for one in found], body)))

    @routes.get("/locations/<location>")
    def get_location(location: str) -> Response:
        check_names(request.args, ())

        def read(connection: Connection) -> bytes:
            found = get_registered(connection, location.lower())
            return orjson.dumps(_shown(_known(found, location)))

        return current(portal, read)

    @routes.get("/locations/by-entity/<kind>/<namespace>/<name>")
    def get_location_of(kind: str, namespace: str, name: str) -> Response:
        check_names(request.args, ())
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        return current(portal, lambda connection: orjson.dumps(_shown(_led_to(connection, ref))))


def _add_registering(routes: Blueprint, portal: Portal) -> None:
    dry_runs = DryRuns(portal)

    @routes.post("/locations")
    def create_location() -> Response:
        check_names(request.args, ("dryRun", "onConflict", "wait"))
        wait = wait_of(request.args.get("wait"))
        on_conflict = _on_conflict(request.args.get("onConflict"), portal)
        given = body_of(request, required=True)
        body = _location_body(given, {"type", "target", "presence"})
        if _is_yes(request.args.get("dryRun"), "dryRun"):
            _check_type(body)
            presence = body["presence"] if "presence" in given else None
            return dry_runs.answer(type=body["type"], target=body["target"], presence=presence)
        _check_writable(portal)
        _check_type(body)
        made = register(
            portal,
            type=body["type"],
            target=body["target"],
            presence=body.get("presence", "required"),
            actor=actor_of(g.caller),
        )
        # Without one, a config or another operator named it: it is theirs.
        if made is None or (not made.is_new and on_conflict == "reject"):
            raise _exists(body)
        is_read = wait_for(portal, [read_now(portal, made.location)], wait)
        told = _told(wrong_with(portal, made.location, is_read=is_read))
        answer = {"location": _shown(made.location), "entities": [], **told}
        return reply(orjson.dumps(answer), 201)


def _add_changing(routes: Blueprint, portal: Portal) -> None:
    @routes.put("/locations/<location>")
    def update_location(location: str) -> Response:
        check_names(request.args, ("wait",))
        wait = wait_of(request.args.get("wait"))
        body = _location_body(body_of(request, required=True), {"type", "target"})
        _check_writable(portal)
        _check_type(body)
        found = _retargeted(portal, location, body)
        is_read = wait_for(portal, [read_now(portal, found)], wait)
        told = _told(wrong_with(portal, found, is_read=is_read))
        return reply(orjson.dumps({**_shown(found), **told}))

    @routes.delete("/locations/<location>")
    def delete_location(location: str) -> Response:
        check_names(request.args, ())
        _check_writable(portal)
        with portal.database.write() as connection:
            found = _known(get_registered(connection, location.lower()), location)
            registrations.unregister(
                store_of(portal), connection, [found.id], now=portal.now(), actor=actor_of(g.caller)
            )
        return Response(status=204)


def _add_entities(routes: Blueprint, portal: Portal) -> None:
    @routes.delete("/entities/by-uid/<uid>")
    def delete_by_uid(uid: str) -> Response:
        check_names(request.args, ())
        again: list[int] = []
        with portal.database.write() as connection:
            entity = by_uid(connection, uid)
            if entity is not None:
                again = delete_entity(
                    store_of(portal),
                    connection,
                    entity.id,
                    actor=actor_of(g.caller),
                    now=portal.now(),
                )
        for repository in again:
            portal.work.request(refresh_key(repository), Lane.EVENT)
        return Response(status=204)

    @routes.post("/refresh")
    def refresh() -> Response:
        check_names(request.args, ("wait",))
        wait = wait_of(request.args.get("wait"))
        body = body_of(request, required=True)
        if body.keys() - {"entityRef", "authorizationToken"}:
            raise QueryError("request/body must NOT have additional properties")
        asked = _text(body, "entityRef")
        ref = asked.lower()
        with portal.database.write() as connection:
            sources = sources_of(connection, ref)
            if sources is None:
                raise _Refused(404, f"Entity {asked} not found")
            keys = {refresh_key(n) if n else ingest_key(location) for n, location in sources}
            refused = take(portal, connection, keys, asker_of(g.caller, request.remote_addr))
        if refused is not None:
            response = error_response(429, refused.why)
            response.headers["Retry-After"] = str(refused.seconds)
            return response
        tickets = [portal.work.request(key, Lane.PERSON) for key in sorted(keys)]
        wait_for(portal, tickets, wait)
        return Response(status=200, content_type="application/json; charset=utf-8")


def _retargeted(portal: Portal, location: str, body: dict[str, str]) -> Registered:
    """The location with the target that is asked for, which no other one may have."""
    now = portal.now()
    with portal.database.write() as connection:
        found = _known(get_registered(connection, location.lower()), location)
        other = registrations.find(connection, body["type"], body["target"])
        if other is not None and other != found.id:
            raise _exists(body)
        if other is None:
            registrations.retarget(connection, found.id, target=body["target"], now=now)
            actor = actor_of(g.caller)
            registrations.declare(store_of(portal), connection, now=now, actor=actor)
        return _known(get_registered(connection, found.id), location)


def _exists(body: dict[str, str]) -> _Refused:
    return _Refused(409, f"Location {body['type']}:{body['target']} already exists")


def _shown(one: Registered) -> dict[str, str]:
    return {"id": one.id, "type": one.type, "target": one.target, "entityRef": one.ref}


def _told(problem: Problem | None) -> dict[str, JsonValue]:
    """A key of ours: Backstage takes any target and never says that it cannot be read (reference 3.8)."""
    return {} if problem is None else {"problems": [problem.as_dict()]}


def _led_to(connection: Connection, ref: str) -> Registered:
    """The registered location that led to an entity."""
    entity = by_ref(connection, ref)
    if entity is None:
        raise _Refused(404, f"found no entity for ref {ref}")
    annotations = orjson.loads(entity.body)["metadata"]["annotations"]
    origin = annotations["backstage.io/managed-by-origin-location"]
    type_, _, target = origin.partition(":")
    found = find_registered(connection, type_, target)
    if found is None:
        raise _Refused(404, f"Found no location with type {type_} and target {target}")
    return found


def _known(found: Registered | None, asked: str) -> Registered:
    if found is None:
        raise _Refused(404, f"Found no location with ID {asked}")
    return found


def _location_body(body: dict[str, JsonValue], known: set[str]) -> dict[str, str]:
    found = {name: _text(body, name) for name in ("type", "target")}
    if not found["target"].strip():
        raise QueryError(f"Unable to stringify location ref, empty target of type {found['type']}")
    more = sorted(body.keys() - known)
    if more and "presence" not in known:
        raise QueryError("request/body must NOT have additional properties")
    if more:
        issue = {
            "code": "unrecognized_keys",
            "keys": more,
            "path": [],
            "message": f"Unrecognized key(s) in object: {', '.join(map(repr, more))}",
        }
        text = orjson.dumps([issue], option=orjson.OPT_INDENT_2).decode()
        raise QueryError(f"Malformed request: {text}")
    presence = body.get("presence", "required")
    if presence not in ("required", "optional"):
        raise QueryError(
            f"Malformed request: presence must be required or optional, not {presence!r}"
        )
    return {**found, "presence": str(presence)}


def _text(body: dict[str, JsonValue], name: str) -> str:
    if name not in body:
        raise QueryError(f"request/body must have required property '{name}'")
    value = body[name]
    if not isinstance(value, str):
        raise QueryError(f"request/body/{name} must be string")
    return value


def _check_type(body: dict[str, str]) -> None:
    if body["type"] != "url":
        raise QueryError('Registered locations must be of an allowed type ["url"]')


def _check_writable(portal: Portal) -> None:
    if portal.settings.readonly:
        raise _Refused(403, READ_ONLY)


def _on_conflict(text: str | None, portal: Portal) -> str:
    if text not in (None, "reject", "refresh"):
        raise QueryError(
            "request/query/onConflict must be equal to one of the allowed values: refresh, reject"
        )
    return text or portal.settings.default_conflict


def _is_yes(text: str | None, name: str) -> bool:
    if text is None or text.lower() in _NO:
        return False
    if text.lower() in _YES:
        return True
    raise QueryError(f"request/query/{name} must be boolean")
