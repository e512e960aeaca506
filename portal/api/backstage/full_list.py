"""`GET /entities`: the list of all entities that match, whole or by pages; a bare array.

The whole list is sent in pieces, each read when the one before it has gone: neither the entities
nor a connection to the database are held for as long as a slow client takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, request

from portal.api.answers import Answer
from portal.api.backstage.parameters import query_of
from portal.api.backstage.projection import shower
from portal.api.backstage.queries import after_of, list_query_of
from portal.api.backstage.replies import current, separated
from portal.db.catalog import answerable
from portal.db.catalog.answerable import Show
from portal.db.catalog.selection import ids_in_order
from portal.db.state import Connection
from portal.wiring import Portal

PIECE = 1_000
"""Entities that are read at once."""

SENT = 64 * 1024
"""Bytes that are sent at once. For much more at a time memory comes from the system and goes back each
time: with pieces of a megabyte the list took a third more processor time."""


def add_list_routes(routes: Blueprint, portal: Portal) -> None:
    """The route, on the blueprint of the catalog API."""

    @routes.get("/entities")
    def get_entities() -> Response:
        query = list_query_of(query_of(request))
        show = shower(query.fields)

        def read(connection: Connection) -> Answer:
            limit = query.limit
            ids = ids_in_order(
                connection,
                query.filter,
                query.orders,
                limit=None if limit is None else limit + 1,
                offset=query.offset,
            )
            shown = ids[:limit]
            after = after_of(query)
            headers: tuple[tuple[str, str], ...] = ()
            if after is not None and len(ids) > len(shown):
                headers = (("Link", f'<{_next(after)}>; rel="next"'),)
            if len(shown) > PIECE:
                return Answer(_pieces(portal, shown, show), headers)
            items = answerable.by_ids(connection, shown, show)
            return Answer(b"".join(separated(b"[", items, b"]")), headers)

        return current(portal, read)


def _pieces(portal: Portal, ids: list[int], show: Show) -> Iterator[bytes]:
    """The array; what goes meanwhile is left out."""
    between = b"["
    for start in range(0, len(ids), PIECE):
        with portal.database.look_in_turn() as connection:
            items = answerable.by_ids(connection, ids[start : start + PIECE], show)
        for some in _parcels(items):
            yield b"".join(separated(between, some, b""))
            between = b","
    yield b"]" if between == b"," else b"[]"


def _parcels(items: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Groups of about `SENT` bytes."""
    some: list[bytes] = []
    size = 0
    for item in items:
        some.append(item)
        size += len(item)
        if size >= SENT:
            yield some
            some, size = [], 0
    if some:
        yield some


def _next(after: str) -> str:
    """The path of the next page, below the mount point, written as browsers write queries."""
    given = parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in given if name != "offset"]
    places = [place for place, (name, _) in enumerate(kept) if name == "after"]
    if places:
        kept[places[0]] = ("after", after)
    else:
        kept.append(("after", after))
    return "/entities?" + urlencode(kept, safe="*").replace("~", "%7E")
