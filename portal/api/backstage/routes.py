"""The routes of Backstage's catalog that read entities. Answers are bytes, joined and not built."""

from __future__ import annotations

import hashlib

import orjson
from flask import Blueprint, Response, request

from catalog.refs import EntityRef
from portal.api.backstage.errors import NotFoundError, add_error_handlers
from portal.api.backstage.parameters import (
    body_of,
    check_names,
    query_of_arguments,
    query_of_body,
)
from portal.api.backstage.projection import project
from portal.db.entities import EntityPage, EntityRow, by_query, by_ref
from portal.db.state import state_of
from portal.wiring import VERSION, Portal

PREFIX = "/api/catalog"


def blueprint(portal: Portal) -> Blueprint:
    """The blueprint, to be registered as it is: it knows its prefix."""
    routes = Blueprint("backstage_catalog", __name__, url_prefix=PREFIX)
    add_error_handlers(routes)

    @routes.get("/entities/by-query")
    def get_by_query() -> Response:
        query, fields = query_of_arguments(request.args)
        with portal.database.read() as connection:
            tag = _tag(state_of(connection))
            if request.if_none_match.contains(tag):
                return _not_modified(tag)
            page = by_query(connection, query)
        return _answer(_page_bytes(page, fields), tag)

    @routes.post("/entities/by-query")
    def post_by_query() -> Response:
        check_names(request.args, ())
        query, fields = query_of_body(body_of(request))
        with portal.database.read() as connection:
            page = by_query(connection, query)
        return _answer(_page_bytes(page, fields))

    @routes.get("/entities/by-name/<kind>/<namespace>/<name>")
    def get_by_name(kind: str, namespace: str, name: str) -> Response:
        check_names(request.args, ())
        with portal.database.read() as connection:
            tag = _tag(state_of(connection))
            if request.if_none_match.contains(tag):
                return _not_modified(tag)
            entity = by_ref(connection, str(EntityRef(kind=kind, namespace=namespace, name=name)))
        if entity is None:
            raise NotFoundError(
                f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
            )
        return _answer(entity.answer(), tag)

    return routes


def _page_bytes(page: EntityPage, fields: tuple[str, ...]) -> bytes:
    info = {"nextCursor": page.next_cursor, "prevCursor": page.prev_cursor}
    return b'{"items":[%b],"totalItems":%d,"pageInfo":%b}' % (
        b",".join(_shown(row, fields) for row in page.items),
        page.total,
        orjson.dumps({name: cursor for name, cursor in info.items() if cursor is not None}),
    )


def _shown(row: EntityRow, fields: tuple[str, ...]) -> bytes:
    answer = row.answer()
    return orjson.dumps(project(orjson.loads(answer), fields)) if fields else answer


def _tag(state: str) -> str:
    """A strong tag: what is stored, and what was asked of it."""
    asked = f"{state}\n{VERSION}\n{request.full_path}"
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def _answer(body: bytes, tag: str | None = None) -> Response:
    response = Response(body, content_type="application/json; charset=utf-8")
    if tag is not None:
        response.set_etag(tag)
        response.cache_control.no_cache = True  # to be kept, and asked for each time
    return response


def _not_modified(tag: str) -> Response:
    response = Response(status=304)
    response.set_etag(tag)
    response.cache_control.no_cache = True
    return response
