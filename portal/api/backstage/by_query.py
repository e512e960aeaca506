"""`GET` and `POST /entities/by-query`: pages of entities, with cursors in both directions."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from catalog.queries.query import EntityQuery
from portal.api.backstage.parameters import body_of, check_names, query_of
from portal.api.backstage.projection import shower
from portal.api.backstage.queries import page_query_of, page_query_of_body
from portal.api.backstage.replies import Page, current_page, reply
from portal.db.catalog.listing import QueryPage, answers_of, ask_page
from portal.wiring import Portal


def add_query_routes(routes: Blueprint, portal: Portal) -> None:
    """The routes, on the blueprint of the catalog API."""

    @routes.get("/entities/by-query")
    def get_by_query() -> Response:
        return current_page(portal, page_of(query_of(request)))

    @routes.post("/entities/by-query")
    def post_by_query() -> Response:
        check_names(request.args, ())
        page = _page(*page_query_of_body(body_of(request)))
        with portal.database.read_in_turn() as connection:
            return reply(page.read(page.ask(connection, False))[0])


def page_of(given: MultiDict[str, str]) -> Page:
    """The page that these parameters ask for."""
    return _page(*page_query_of(given))


def _page(query: EntityQuery, fields: tuple[str, ...]) -> Page:
    show = shower(fields)
    return Page(
        ask=lambda connection, remembered: ask_page(
            connection, query, at_moment=True, remembered=remembered
        ),
        read=lambda asked: _written(*answers_of(asked, show)),
    )


def _written(page: QueryPage[bytes], state: str) -> tuple[bytes, str]:
    info = {"nextCursor": page.next_cursor, "prevCursor": page.prev_cursor}
    body = b'{"items":[%b],"totalItems":%d,"pageInfo":%b}' % (
        b",".join(page.items),
        page.total,
        orjson.dumps({name: cursor for name, cursor in info.items() if cursor is not None}),
    )
    return body, state
