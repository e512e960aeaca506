"""Cursors: a place in a list of entities, as text that the official Backstage client can read.

The client decodes a cursor: with a key `query` inside, it asks for the next page by POST
(reference 3.6). Cursors are checked and not signed: nothing may be allowed because of one.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace

import orjson

from catalog.errors import QueryError
from catalog.problems import JsonValue
from catalog.queries.predicates import parse_entity_filter, parse_predicate, predicate_of
from catalog.queries.query import Filter, FullText, Order

LONGEST = 64_000
"""Characters of a cursor that is read at all."""

_STANDARD = str.maketrans("-_", "+/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """An entity's place in the order."""

    value: str | None
    """Of the order field; None: it has none, or nothing is ordered by."""
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """Where a page begins, and the query it belongs to."""

    filter: Filter | None
    order: Order | None
    full_text: FullText | None
    position: Position
    """The page begins right after it; or ends right before it."""
    first: Position
    """Of the first entity of the first page: nothing is before it."""
    backward: bool
    total: int


def encode(cursor: Cursor) -> str:
    """The cursor as standard base64 of a JSON object."""
    order = cursor.order
    data: dict[str, JsonValue] = {
        "orderFields": [_order_json(order)] if order else [],
        "isPrevious": cursor.backward,
        "orderFieldValues": _values(cursor.position, order),
        "firstSortFieldValues": _values(cursor.first, order),
        "totalItems": cursor.total,
    }
    if cursor.filter is not None:
        data["query"] = predicate_of(cursor.filter)
    if (full_text := cursor.full_text) is not None:
        text: dict[str, JsonValue] = {"term": full_text.term}
        if full_text.fields:
            text["fields"] = list(full_text.fields)
        data["fullTextFilter"] = text
    return base64.b64encode(orjson.dumps(data)).decode()


def decode(text: str) -> Cursor:
    """The cursor that `encode` wrote. Raises `QueryError` for anything else."""
    if not text:
        raise QueryError("Cursor cannot be empty")
    if len(text) > LONGEST:
        raise _malformed(f"over {LONGEST} characters")
    try:
        data = orjson.loads(unsealed(text))
    except ValueError:
        raise _malformed("not base64 of JSON") from None
    if not isinstance(data, dict):
        raise _malformed("not an object")
    total, backward = data.get("totalItems", 0), data.get("isPrevious", False)
    if type(total) is not int or not 0 <= total < 2**63 or not isinstance(backward, bool):
        raise _malformed("totalItems or isPrevious")
    order = _order(data.get("orderFields", []))
    position = _position(data.get("orderFieldValues"), order)
    return Cursor(
        filter=_filter(data),
        order=order,
        full_text=_full_text(data.get("fullTextFilter")),
        position=position,
        first=_position(data.get("firstSortFieldValues"), order),
        backward=backward,
        total=total,
    )


def unsealed(text: str) -> bytes:
    """The bytes of a cursor. Raises `ValueError`.

    As Node.js reads base64, because clients that keep cursors in URLs may have written them anew:
    `-` and `_` are `+` and `/`, and the end need not be filled up.
    """
    plain = text.translate(_STANDARD).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def turned(cursor: Cursor, position: Position, *, backward: bool) -> Cursor:
    """The cursor for a neighboring page of the same list."""
    return replace(cursor, position=position, backward=backward)


def _order_json(order: Order) -> JsonValue:
    return {"field": order.field, "order": "desc" if order.descending else "asc"}


def _values(position: Position, order: Order | None) -> list[JsonValue]:
    return [position.value, str(position.id)] if order else [str(position.id)]


def _order(data: JsonValue) -> Order | None:
    match data:
        case []:
            return None
        case [{"field": str(field), "order": "asc" | "desc" as direction}, *_]:
            return Order(field=field.lower(), descending=direction == "desc")
    raise _malformed("orderFields")


def _position(data: JsonValue, order: Order | None) -> Position:
    match data:
        case [None | str() as value, str(number)] if order:
            pass
        case [str(number)] if not order:
            value = None
        case _:
            raise _malformed("values of the order fields")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise _malformed("values of the order fields")
    return Position(value=value, id=int(number))


def _filter(data: dict[str, JsonValue]) -> Filter | None:
    try:
        if data.get("query") is not None:
            return parse_predicate(data["query"])
        if data.get("filter") is not None:
            return parse_entity_filter(data["filter"])
    except QueryError as error:
        raise _malformed(str(error)) from None
    return None


def _full_text(data: JsonValue) -> FullText | None:
    match data:
        case None:
            return None
        case {"term": str(term), **rest}:
            fields = rest.get("fields")
            if fields is None:
                return FullText(term=term)
            if isinstance(fields, list) and all(isinstance(field, str) for field in fields):
                return FullText(term=term, fields=tuple(str(field) for field in fields))
    raise _malformed("fullTextFilter")


def _malformed(why: str) -> QueryError:
    return QueryError(f"Malformed cursor: {why}")
