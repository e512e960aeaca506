"""Parameters of the catalog API, from a query string or a body, with Backstage's own messages.

Every function raises `QueryError`, whose message is the answer's. Source of names, limits and
messages: Backstage catalog backend 4.0.0 (reference 3.1, 3.3, 3.6), observed.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import orjson
from flask import Request
from werkzeug.datastructures import MultiDict

from catalog.errors import QueryError
from catalog.predicates import parse_predicate
from catalog.problems import JsonValue
from catalog.query import (
    DEFAULT_LIMIT,
    EntityQuery,
    FullText,
    Order,
    parse_filters,
    parse_order,
)

LARGEST = 2**31 - 1
"""Any greater number means the same: no catalog has so many entities."""

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


def check_names(given: MultiDict[str, str], allowed: Collection[str]) -> None:
    """Refuse a parameter that is not known, and one without a value."""
    for name in given:
        if name not in allowed:
            raise QueryError(f"Unknown query parameter '{name}'")
    for name, values in given.lists():
        if "" in values:
            raise QueryError(f"Empty value found for query parameter '{name}'")


def query_of_arguments(given: MultiDict[str, str]) -> tuple[EntityQuery, tuple[str, ...]]:
    """The query of `GET /entities/by-query`, and the fields to show; none: all."""
    check_names(given, QUERY_NAMES)
    orders = [parse_order(text) for text in given.getlist("orderField")]
    term = given.get("fullTextFilterTerm")
    total = given.get("totalItems", "include")
    if total not in ("include", "exclude"):
        raise QueryError(
            "request/query/totalItems must be equal to one of the allowed values: include, exclude"
        )
    query = EntityQuery(
        filter=parse_filters(given.getlist("filter")),
        order=orders[0] if orders else None,
        full_text=FullText(term=term, fields=_split(given.getlist("fullTextFilterFields")))
        if term is not None
        else None,
        limit=_whole(given.get("limit"), "limit", DEFAULT_LIMIT),
        offset=_whole(given.get("offset"), "offset", 0),
        cursor=given.get("cursor"),
        count=total == "include",
    )
    return query, fields_of(_split(given.getlist("fields")))


def body_of(request: Request) -> dict[str, JsonValue]:
    """The JSON object of a request; empty where there is no body."""
    content = request.get_data()
    if not content:
        return {}
    if request.mimetype != "application/json":
        raise QueryError(f"unsupported media type {request.mimetype or 'undefined'}")
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise QueryError(str(error)) from None
    if not isinstance(body, dict):
        raise QueryError("request/body must be object")
    return body


def query_of_body(body: dict[str, JsonValue]) -> tuple[EntityQuery, tuple[str, ...]]:
    """The query of `POST /entities/by-query`, and the fields to show; none: all."""
    cursor, predicate = body.get("cursor"), body.get("query")
    if cursor is not None and not isinstance(cursor, str):
        raise QueryError("request/body/cursor must be string")
    if predicate is not None and not isinstance(predicate, dict):
        raise QueryError("request/body/query must be object")
    total = body.get("totalItems", "include")
    if total not in ("include", "exclude"):
        raise QueryError(
            "request/body/totalItems must be equal to one of the allowed values: include, exclude"
        )
    query = EntityQuery(
        filter=parse_predicate(predicate) if predicate is not None else None,
        order=_body_order(body.get("orderBy")),
        full_text=_body_text(body.get("fullTextFilter")),
        limit=_number(body.get("limit"), "limit", DEFAULT_LIMIT),
        offset=_number(body.get("offset"), "offset", 0),
        cursor=cursor,
        count=total == "include",
    )
    return query, fields_of(_strings(body.get("fields"), "fields"))


def fields_of(fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields to show, checked."""
    for field in fields:
        if "[" in field:
            raise QueryError(f'Invalid field "{field}", array type fields are not supported')
    return fields


def _split(texts: list[str]) -> tuple[str, ...]:
    parts = (part.strip() for text in texts for part in text.split(","))
    return tuple(part for part in parts if part)


def _whole(text: str | None, name: str, default: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"[+-]?[0-9]{1,1000}", text):
        raise QueryError(f"request/query/{name} must be integer")
    if int(text) < 0:
        raise QueryError(f"request/query/{name} must be >= 0")
    return min(int(text), LARGEST)


def _number(value: JsonValue, name: str, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryError(f"request/body/{name} must be number")
    if value < 0:
        raise QueryError(f"request/body/{name} must be >= 0")
    return int(min(value, LARGEST))


def _strings(value: JsonValue, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise QueryError(f"request/body/{name} must be array")
    for place, item in enumerate(value):
        if not isinstance(item, str):
            raise QueryError(f"request/body/{name}/{place} must be string")
    return tuple(str(item) for item in value)


def _body_order(value: JsonValue) -> Order | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise QueryError("request/body/orderBy must be array")
    orders = []
    for place, item in enumerate(value):
        if not isinstance(item, dict) or not isinstance(item.get("field"), str):
            raise QueryError(f"request/body/orderBy/{place} must have required property 'field'")
        if item.get("order") not in ("asc", "desc"):
            raise QueryError(
                f"request/body/orderBy/{place}/order must be equal to one of the allowed values: "
                "asc, desc"
            )
        field = str(item["field"]).lower()
        orders.append(Order(field=field, descending=item["order"] == "desc"))
    return orders[0]


def _body_text(value: JsonValue) -> FullText | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise QueryError("request/body/fullTextFilter must be object")
    term = value.get("term", "")
    if not isinstance(term, str):
        raise QueryError("request/body/fullTextFilter/term must be string")
    return FullText(term=term, fields=_strings(value.get("fields"), "fullTextFilter/fields"))
