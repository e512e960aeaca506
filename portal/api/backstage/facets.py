"""`GET` and `POST /entity-facets`: how many entities have each value of a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from catalog.errors import QueryError
from catalog.queries.query import parse_filters
from portal.api.backstage.parameters import body_of, check_names, query_of, strings
from portal.api.backstage.queries import predicate_of
from portal.api.backstage.replies import AtOnce, Read, current, reply
from portal.db.catalog.facets import Counts, facets, is_maintained, maintained_facets
from portal.db.state import Connection
from portal.wiring import Portal

MOST_FACETS = 100
"""Of one request: each is a look through the index."""


def add_facet_routes(routes: Blueprint, portal: Portal) -> None:
    """The routes, on the blueprint of the catalog API."""

    @routes.get("/entity-facets")
    def get_facets() -> Response:
        return current(portal, facets_of(query_of(request)))

    @routes.post("/entity-facets")
    def post_facets() -> Response:
        check_names(request.args, ())
        body = body_of(request)
        if "facets" not in body:
            raise QueryError("request/body must have required property 'facets'")
        if not (keys := _checked(strings(body["facets"], "facets"))):
            raise QueryError("Missing or empty facets parameter")
        tree = predicate_of(body)
        with portal.database.read_in_turn() as connection:
            return reply(_written(facets(connection, keys, tree)))


def facets_of(given: MultiDict[str, str]) -> Read | AtOnce:
    """What reads the facets that these parameters ask for."""
    check_names(given, ("facet", "filter"))
    keys = given.getlist("facet")
    if not keys:
        raise QueryError("request/query must have required property 'facet'")
    if not (keys := _checked(keys)):
        raise QueryError("Missing facet parameter")
    tree = parse_filters(given.getlist("filter"))
    if not is_maintained(keys, tree):
        return lambda connection: _written(facets(connection, keys, tree))

    def look(connection: Connection) -> tuple[str, bytes]:
        state, found = maintained_facets(connection, keys, tree)
        return state, _written(found)

    return AtOnce(look)


def _checked(keys: Sequence[str]) -> list[str]:
    unique = list(dict.fromkeys(key for key in keys if key))
    if len(unique) > MOST_FACETS:
        raise QueryError(f"Over {MOST_FACETS} facets")
    return unique


def _written(found: Mapping[str, Counts]) -> bytes:
    shown = {
        key: [{"value": value, "count": count} for value, count in counts]
        for key, counts in found.items()
    }
    return orjson.dumps({"facets": shown})
