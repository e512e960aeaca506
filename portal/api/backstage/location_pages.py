"""Pages of registered locations: `POST /locations/by-query` (reference 3.8, observed)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import orjson

from catalog.errors import QueryError
from catalog.matching import matches
from catalog.predicates import parse_predicate
from catalog.problems import JsonValue
from catalog.query import All, AnyOf, Filter

DEFAULT_LIMIT = 1000


def page_of_locations(
    found: Sequence[dict[str, str]], body: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    """The page of `found`, which is sorted by id, that a request's body asks for.

    Raises `QueryError`. The cursor is a base64 JSON object, as Backstage's clients expect.
    """
    limit, query, after = body.get("limit", DEFAULT_LIMIT), body.get("query"), ""
    if "cursor" in body:
        cursor = _decoded(body["cursor"])
        after, query = str(cursor.get("afterId", "")), cursor.get("query")
        limit = body.get("limit", cursor.get("limit", DEFAULT_LIMIT))
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise QueryError("request/body/limit must be number")
    if limit < 1:
        raise QueryError("Limit must be a positive integer >= 1")
    if query is not None and not isinstance(query, dict):
        raise QueryError("request/body/query must be object")
    tree = None if query is None else parse_predicate(query)
    hits = [one for one in found if tree is None or _fits(tree, one)]
    rest = [one for one in hits if one["id"] > after]
    page = rest[: int(limit)]
    info: dict[str, JsonValue] = {}
    if len(rest) > len(page):
        place = {"limit": limit, "afterId": page[-1]["id"], **({"query": query} if query else {})}
        info["nextCursor"] = base64.b64encode(orjson.dumps(place)).decode()
    return {"items": [dict(one) for one in page], "totalItems": len(hits), "pageInfo": info}


def _fits(tree: Filter, one: dict[str, str]) -> bool:
    # Backstage: of locations an empty list of conditions matches nothing, whatever it joins.
    if isinstance(tree, All | AnyOf) and not tree.parts:
        return False
    return matches(tree, {key.lower(): (value.lower(),) for key, value in one.items()})


def _decoded(cursor: JsonValue) -> dict[str, JsonValue]:
    try:
        decoded = orjson.loads(base64.b64decode(str(cursor), validate=True))
    except (binascii.Error, ValueError):
        raise QueryError("Malformed cursor, unknown encoding") from None
    if not isinstance(decoded, dict):
        raise QueryError("Malformed cursor, unknown encoding")
    return decoded
