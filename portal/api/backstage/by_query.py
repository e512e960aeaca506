"""`GET` and `POST /entities/by-query`: pages of entities, with cursors in both directions."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from catalog.queries.query import EntityQuery
from portal.api.backstage.parameters import body_of, check_names, query_of
from portal.api.backstage.projection import shower
from portal.api.backstage.queries import page_query_of, page_query_of_body
from portal.api.backstage.replies import Read, current, reply
from portal.db.catalog import answerable
from portal.db.catalog.listing import ids_by_query
from portal.db.state import Connection
from portal.wiring import Portal


def add_query_routes(routes: Blueprint, portal: Portal) -> None:
    """The routes, on the blueprint of the catalog API."""

    @routes.get("/entities/by-query")
    def get_by_query() -> Response:
        return current(portal, page_of(query_of(request)))

    @routes.post("/entities/by-query")
    def post_by_query() -> Response:
        check_names(request.args, ())
        query, fields = page_query_of_body(body_of(request))
        with portal.database.read_in_turn() as connection:
            return reply(_page(connection, query, fields))


def page_of(given: MultiDict[str, str]) -> Read:
    """What reads the page that these parameters ask for."""
    query, fields = page_query_of(given)
    return lambda connection: _page(connection, query, fields)


def _page(connection: Connection, query: EntityQuery, fields: tuple[str, ...]) -> bytes:
    page = ids_by_query(connection, query)
    info = {"nextCursor": page.next_cursor, "prevCursor": page.prev_cursor}
    return b'{"items":[%b],"totalItems":%d,"pageInfo":%b}' % (
        b",".join(answerable.by_ids(connection, page.items, shower(fields))),
        page.total,
        orjson.dumps({name: cursor for name, cursor in info.items() if cursor is not None}),
    )
