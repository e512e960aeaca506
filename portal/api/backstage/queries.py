"""Queries of the catalog API: what its parameters and bodies ask of the catalog.

Every function raises `QueryError`, whose message is the answer's. Source of names, limits and
messages: Backstage catalog backend 4.0.0 (reference 3.3 to 3.7), observed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import orjson
from werkzeug.datastructures import MultiDict

from catalog.errors import QueryError
from catalog.problems import JsonValue, quote
from catalog.queries.cursors import unsealed
from catalog.queries.predicates import parse_predicate
from catalog.queries.query import (
    DEFAULT_LIMIT,
    EntityQuery,
    Filter,
    FullText,
    Order,
    parse_filters,
    parse_order,
)
from portal.api.backstage.parameters import (
    LARGEST,
    check_names,
    fields_of,
    listed,
    member,
    number,
    parted,
    single,
    text,
    texts,
    whole,
)

LIST_NAMES = ("fields", "filter", "order", "limit", "offset", "after")

QUERY_NAMES = (
    "fields",
    "limit",
    "offset",
    "orderField",
    "filter",
    "fullTextFilterTerm",
    "fullTextFilterFields",
    "totalItems",
    "cursor",
)

MOST_ORDERS = 8
"""Of a list: each may be a join."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListQuery:
    """What `GET /entities` asks for."""

    filter: Filter | None
    orders: tuple[Order, ...]
    limit: int | None
    """None: everything."""
    offset: int
    fields: tuple[str, ...]


def list_query_of(given: MultiDict[str, str]) -> ListQuery:
    """The query of `GET /entities`."""
    check_names(given, LIST_NAMES)
    limit, offset = whole(given, "limit"), whole(given, "offset")
    if limit == 0:
        raise QueryError("Invalid limit, must be greater than zero")
    orders = tuple(_list_order(text) for text in given.getlist("order"))
    if len(orders) > MOST_ORDERS:
        raise QueryError(f"Invalid order parameter, over {MOST_ORDERS} orders")
    if (after := single(given, "after")) is not None:
        limit, offset = _after(after, limit, offset)
    return ListQuery(
        filter=parse_filters(given.getlist("filter")),
        orders=orders,
        limit=limit,
        offset=offset or 0,
        fields=fields_of(listed(given, "fields")),
    )


def after_of(query: ListQuery) -> str | None:
    """The `after` of the page that follows."""
    if query.limit is None:
        return None
    place = {"limit": query.limit, "offset": query.offset + query.limit}
    return base64.b64encode(orjson.dumps(place)).decode()


def page_query_of(given: MultiDict[str, str]) -> tuple[EntityQuery, tuple[str, ...]]:
    """The query of `GET /entities/by-query`, and the fields to show; none: all."""
    check_names(given, QUERY_NAMES)
    cursor = single(given, "cursor")
    # It says the rest, so that nobody looks at what stands beside it.
    asked = given if cursor is None else MultiDict[str, str]()
    orders = [parse_order(text) for text in asked.getlist("orderField")]
    term = single(given, "fullTextFilterTerm")
    counted = single(given, "totalItems")
    limit = whole(given, "limit")
    query = EntityQuery(
        filter=parse_filters(asked.getlist("filter")),
        order=orders[0] if orders else None,
        # Always there, as in Backstage: cursors show it.
        full_text=FullText(term=term or "", fields=listed(given, "fullTextFilterFields")),
        limit=DEFAULT_LIMIT if limit is None else limit,
        offset=whole(given, "offset") or 0,
        cursor=cursor,
        count=_is_counted("include" if counted is None else counted, "query"),
    )
    return query, fields_of(listed(given, "fields"))


def page_query_of_body(body: dict[str, JsonValue]) -> tuple[EntityQuery, tuple[str, ...]]:
    """The query of `POST /entities/by-query`, and the fields to show; none: all."""
    cursor = text(body, "cursor") if "cursor" in body else None
    query = EntityQuery(
        filter=predicate_of(body),
        order=_body_order(body["orderBy"]) if "orderBy" in body else None,
        full_text=_body_text(member(body, "fullTextFilter")) if "fullTextFilter" in body else None,
        limit=number(body, "limit", DEFAULT_LIMIT),
        offset=number(body, "offset", 0),
        cursor=cursor,
        count=_is_counted(body.get("totalItems", "include"), "body"),
    )
    return query, fields_of(parted(texts(body, "fields")))


def predicate_of(body: dict[str, JsonValue]) -> Filter | None:
    """The filter that the `query` of a body writes."""
    return parse_predicate(member(body, "query")) if "query" in body else None


def _list_order(text: str) -> Order:
    direction, colon, field = text.partition(":")
    if direction not in ("asc", "desc") or not colon or not field:
        raise QueryError(
            f'Invalid order parameter "{quote(text)}", expected "<asc or desc>:<field name>"'
        )
    return Order(field=field.lower(), descending=direction == "desc")


def _after(text: str, limit: int | None, offset: int | None) -> tuple[int | None, int | None]:
    """Limit and offset: those in the cursor come before the ones beside it."""
    try:
        place = orjson.loads(unsealed(text))
    except ValueError:
        place = None
    if not isinstance(place, dict):
        raise QueryError("Malformed after cursor, could not be parsed")
    return _place(place, "limit", 1, limit), _place(place, "offset", 0, offset)


def _place(place: dict[str, JsonValue], name: str, least: int, default: int | None) -> int | None:
    value = place.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise QueryError(f"Malformed after cursor, {name} was not an number")
    return min(value, LARGEST)


def _is_counted(value: JsonValue, where: str) -> bool:
    place = f"request/{where}/totalItems"
    if not isinstance(value, str):
        raise QueryError(f"{place} must be string")
    if value not in ("include", "exclude"):
        raise QueryError(f"{place} must be equal to one of the allowed values: include, exclude")
    return value == "include"


def _body_order(value: JsonValue) -> Order | None:
    if not isinstance(value, list):
        raise QueryError("request/body/orderBy must be array")
    orders = [_field_order(item, f"orderBy/{place}") for place, item in enumerate(value)]
    return orders[0] if orders else None


def _field_order(item: JsonValue, path: str) -> Order:
    if not isinstance(item, dict):
        raise QueryError(f"request/body/{path} must be object")
    within = f"/{path}"
    field, direction = (text(item, name, within=within) for name in ("field", "order"))
    if direction not in ("asc", "desc"):
        allowed = "must be equal to one of the allowed values: asc, desc"
        raise QueryError(f"request/body/{path}/order {allowed}")
    return Order(field=field.lower(), descending=direction == "desc")


def _body_text(value: dict[str, JsonValue]) -> FullText:
    term = text(value, "term", within="/fullTextFilter") if "term" in value else ""
    return FullText(term=term, fields=texts(value, "fields", within="fullTextFilter/"))
