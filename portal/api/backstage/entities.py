"""The routes that read entities by what identifies them: name, uid, several refs; and ancestry."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from catalog.errors import QueryError, RefError
from catalog.problems import JsonValue
from catalog.queries.query import All, Filter, parse_filters
from catalog.refs import EntityRef, canonical
from portal.api.answers import Answer
from portal.api.backstage.errors import NotFoundError
from portal.api.backstage.parameters import (
    body_of,
    check_names,
    fields_of,
    query_of,
    strings,
    texts,
)
from portal.api.backstage.projection import shower
from portal.api.backstage.queries import predicate_of
from portal.api.backstage.replies import AtOnce, Read, current, current_entity, reply, separated
from portal.db.catalog import answerable
from portal.db.catalog.ancestry import Ancestor, ancestry
from portal.db.catalog.entities import by_refs
from portal.db.catalog.selection import matching
from portal.db.changes.past import present_ref
from portal.db.engine import Database
from portal.db.state import Connection
from portal.wiring import Portal

NO_BODY = (
    "Malformed request body (did you remember to specify an application/json content type?), "
    'Validation error: Required at "entityRefs"'
)


def add_entity_routes(routes: Blueprint, portal: Portal) -> None:
    """The routes, on the blueprint of the catalog API."""
    _add_by_name(routes, portal)
    _add_by_identity(routes, portal)


def _add_by_name(routes: Blueprint, portal: Portal) -> None:
    @routes.get("/entities/by-name/<kind>/<namespace>/<name>")
    def get_by_name(kind: str, namespace: str, name: str) -> Response:
        check_names(request.args, ())
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))

        def renamed(connection: Connection) -> Answer:
            present = present_ref(connection, ref)
            if present is None or (entity := answerable.by_ref(connection, present)) is None:
                raise NotFoundError(
                    f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
                )
            # Ours: the entity answers to its former name.
            return Answer(entity.answer(), (("X-Renamed-To", present),))

        return current_entity(portal, ref, renamed)

    @routes.get("/entities/by-name/<kind>/<namespace>/<name>/ancestry")
    def get_ancestry(kind: str, namespace: str, name: str) -> Response:
        check_names(request.args, ())
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        return current(portal, ancestry_of(ref))


def _add_by_identity(routes: Blueprint, portal: Portal) -> None:
    @routes.get("/entities/by-uid/<uid>")
    def get_by_uid(uid: str) -> Response:
        check_names(request.args, ())
        return current(portal, entity_of(uid))

    @routes.post("/entities/by-refs")
    def post_by_refs() -> Response:
        given = query_of(request)
        check_names(given, ("filter",))  # before anything is said of the body
        if not request.mimetype:
            raise QueryError(NO_BODY)
        body = body_of(request, required=True)
        return reply(entities_of(portal.database, given, body))


def ancestry_of(ref: str) -> AtOnce:
    """What reads the chain of sources of an entity."""

    def look(connection: Connection) -> tuple[str, bytes]:
        state, found = ancestry(connection, ref)
        if not found:
            raise NotFoundError(f"No such entity {ref}")
        items = b",".join(map(_ancestor, found))
        return state, b'{"rootEntityRef":%b,"items":[%b]}' % (orjson.dumps(ref), items)

    return AtOnce(look)


def entity_of(uid: str) -> Read:
    """What reads the entity with this uid."""

    def read(connection: Connection) -> bytes:
        if (entity := answerable.by_uid(connection, uid.lower())) is None:
            raise NotFoundError(f"No entity with uid {uid}")
        return entity.answer()

    return read


def entities_of(
    database: Database, given: MultiDict[str, str], body: dict[str, JsonValue]
) -> bytes:
    """The entities that the refs of a body name, in their order."""
    check_names(given, ("filter",))
    if "entityRefs" not in body:
        raise QueryError("request/body must have required property 'entityRefs'")
    refs = [_canonical(text) for text in strings(body["entityRefs"], "entityRefs")]
    fields = fields_of(texts(body, "fields"))
    tree = _both(parse_filters(given.getlist("filter")), predicate_of(body))
    with database.look_in_turn() if tree is None else database.read_in_turn() as connection:
        if tree is not None:
            refs = _matching(connection, refs, tree)
        items = answerable.by_refs(connection, refs, shower(fields))
    return b"".join(separated(b'{"items":[', items, b"]}"))


def _matching(connection: Connection, refs: list[str], tree: Filter) -> list[str]:
    """The refs of the entities that match, and '' for those that do not."""
    rows = by_refs(connection, [ref for ref in refs if ref])
    good = matching(connection, rows.values(), tree)
    return [ref if ref in rows and rows[ref].id in good else "" for ref in refs]


def _canonical(text: str) -> str:
    """The canonical ref; '' for what names no entity, as where the kind is left out."""
    try:
        return canonical(text)
    except RefError:
        return ""


def _both(*trees: Filter | None) -> Filter | None:
    parts = tuple(tree for tree in trees if tree is not None)
    return All(parts=parts) if parts else None


def _ancestor(one: Ancestor) -> bytes:
    parents: list[JsonValue] = list(one.parents)
    return b'{"entity":%b,"parentEntityRefs":%b}' % (one.entity.answer(), orjson.dumps(parents))
