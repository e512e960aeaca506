"""Pages of registered locations: `POST /locations/by-query` (reference 3.8, observed)."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import orjson

from catalog.errors import QueryError
from catalog.problems import JsonValue, quote
from catalog.queries.cursors import unsealed
from catalog.queries.matching import matches
from catalog.queries.predicates import parse_predicate
from portal.api.backstage.parameters import member, text

DEFAULT_LIMIT = 1000

_KEYS = ("id", "type", "target", "entityref")


def page_of_locations(
    found: Sequence[dict[str, str]], body: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    """The page of `found`, which is sorted by id, that a request's body asks for.

    Raises `QueryError`. The cursor is a base64 JSON object, as Backstage's clients expect. With one,
    limit and query are those of the cursor.
    """
    asked, after = body, ""
    if "cursor" in body:
        asked = _decoded(text(body, "cursor"))
        after = str(asked.get("afterId", ""))
    limit = _limit(asked)
    query = member(asked, "query") if "query" in asked else {}
    parse_predicate(query)  # it is one, and not too large
    _check_keys(query)
    hits = [one for one in found if _fits(query, one)]
    rest = [one for one in hits if one["id"] > after]
    page = rest[:limit]
    info: dict[str, JsonValue] = {}
    if len(rest) > len(page):
        place = {"limit": limit, "afterId": page[-1]["id"], **({"query": query} if query else {})}
        info["nextCursor"] = base64.b64encode(orjson.dumps(place)).decode()
    return {"items": [dict(one) for one in page], "totalItems": len(hits), "pageInfo": info}


def _limit(asked: dict[str, JsonValue]) -> int:
    limit = asked.get("limit", DEFAULT_LIMIT)
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise QueryError("request/body/limit must be number")
    if limit < 1 or limit != int(limit):
        raise QueryError("Limit must be a positive integer >= 1")
    return int(limit)


def _check_keys(query: dict[str, JsonValue]) -> None:
    """Refuse a key that no location has: nothing would ever be found by it."""
    for key, value in query.items():
        for part in _parts(key, value):
            _check_keys(part)
        if not key.startswith("$") and key.lower() not in _KEYS:
            named = "'id', 'type', 'target', or 'entityRef'"
            raise QueryError(
                f"Invalid filter predicate, expected key to be {named}, got '{quote(key)}'"
            )


def _fits(query: dict[str, JsonValue], one: dict[str, str]) -> bool:
    """Whether a predicate holds for a location: otherwise than for entities, in two things.

    A list of conditions that is empty matches nothing, whatever it joins, and nothing contains
    anything (Backstage, observed).
    """
    for key, value in query.items():
        held = [_fits(part, one) for part in _parts(key, value)]
        match key:
            case "$all":
                fits = bool(held) and all(held)
            case "$any":
                fits = any(held)
            case "$not":
                fits = not held[0]
            case _:
                contains = isinstance(value, dict) and "$contains" in value
                values = {name.lower(): (held.lower(),) for name, held in one.items()}
                fits = not contains and matches(parse_predicate({key: value}), values)
        if not fits:
            return False
    return True


def _parts(key: str, value: JsonValue) -> list[dict[str, JsonValue]]:
    """The predicates that a logical operator joins; none for a condition."""
    inner = value if isinstance(value, list) else [value]
    return [part for part in inner if isinstance(part, dict)] if key.startswith("$") else []


def _decoded(cursor: str) -> dict[str, JsonValue]:
    if not cursor:
        raise QueryError("Cursor cannot be empty")
    try:
        decoded = orjson.loads(unsealed(cursor))
    except ValueError:
        raise QueryError("Malformed cursor, unknown encoding") from None
    if not isinstance(decoded, dict):
        raise QueryError("Malformed cursor, unknown encoding")
    return decoded
