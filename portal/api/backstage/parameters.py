"""Parameters of the catalog API, from a query string or a body, with Backstage's own messages.

Every function raises `QueryError`, whose message is the answer's. Source of names, limits and
messages: Backstage catalog backend 4.0.0 (reference 3.1), observed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import parse_qsl

import orjson
from flask import Request
from werkzeug.datastructures import MultiDict

from catalog.errors import QueryError
from catalog.problems import JsonValue

LARGEST = 2**31 - 1
"""Any greater number means the same: no catalog has so many entities."""

LISTS = ("facet", "fields", "filter", "fullTextFilterFields", "order", "orderField")
"""Parameters of queries that may be repeated."""

_OF_LIST = re.compile(rf"({'|'.join(LISTS)})\[[0-9]*\]")


def query_of(request: Request) -> MultiDict[str, str]:
    """The parameters of a query; `filter[]` and `filter[0]` are `filter` (Backstage, observed)."""
    return _named(request.args.items(multi=True))


def parameters_of(query: str) -> MultiDict[str, str]:
    """The same of a query string, which is read as Flask reads it."""
    return _named(parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote"))


def _named(pairs: Iterable[tuple[str, str]]) -> MultiDict[str, str]:
    given: MultiDict[str, str] = MultiDict()
    for name, value in pairs:
        of_list = _OF_LIST.fullmatch(name)
        given.add(of_list[1] if of_list else name, value)
    return given


def check_names(given: MultiDict[str, str], allowed: Collection[str]) -> None:
    """Refuse a parameter that is not known, and one that stands once and has no value.

    Of repeated ones those without a value say nothing (Backstage, observed).
    """
    for name in given:
        if name not in allowed:
            raise QueryError(f"Unknown query parameter '{name}'")
    for name, values in given.lists():
        if values == [""]:
            raise QueryError(f"Empty value found for query parameter '{name}'")


def single(given: MultiDict[str, str], name: str) -> str | None:
    """The text of a parameter that may stand once; None where it is not given."""
    if len(given.getlist(name)) > 1:
        raise QueryError(f"request/query/{name} must be string")
    return given.get(name)


def whole(given: MultiDict[str, str], name: str) -> int | None:
    """The whole number of a parameter, from 0; None where it is not given."""
    text = given.get(name)
    if text is None:
        return None
    if len(given.getlist(name)) > 1 or not re.fullmatch(r"[+-]?[0-9]{1,1000}", text):
        raise QueryError(f"request/query/{name} must be integer")
    if int(text) < 0:
        raise QueryError(f"request/query/{name} must be >= 0")
    return min(int(text), LARGEST)


def listed(given: MultiDict[str, str], name: str) -> tuple[str, ...]:
    """The parts of a parameter that is separated by commas, and may be repeated."""
    parts = (part.strip() for part in parted(given.getlist(name)))
    return tuple(part for part in parts if part)


def parted(texts: Iterable[str]) -> Iterator[str]:
    """The parts of texts that are separated by commas."""
    return (part for text in texts for part in text.split(","))


def fields_of(fields: Iterable[str]) -> tuple[str, ...]:
    """The fields to show, checked, without spaces around them; none: all."""
    fields = tuple(name for field in fields if (name := field.strip()))
    for field in fields:
        if "[" in field:
            raise QueryError(f'Invalid field "{field}", array type fields are not supported')
    return fields


def body_of(request: Request, *, required: bool = False) -> dict[str, JsonValue]:
    """The JSON object of a request; empty where there is no body, if that is allowed."""
    content = request.get_data()
    if (content or required) and request.mimetype != "application/json":
        raise QueryError(f"unsupported media type {request.mimetype or 'undefined'}")
    if not content:
        return {}
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise QueryError(_syntax_error(error)) from None
    if not isinstance(body, dict):
        raise QueryError("request/body must be object")
    return body


def text(body: dict[str, JsonValue], name: str, *, within: str = "") -> str:
    """The string of a required key of a body, or of the object `within` it (`/location`)."""
    value = _required(body, name, within)
    if not isinstance(value, str):
        raise QueryError(f"request/body{within}/{name} must be string")
    return value


def member(body: dict[str, JsonValue], name: str) -> dict[str, JsonValue]:
    """The object of a required key of a body."""
    value = _required(body, name, "")
    if not isinstance(value, dict):
        raise QueryError(f"request/body/{name} must be object")
    return value


def number(body: dict[str, JsonValue], name: str, default: int) -> int:
    """The number of a key of a body, from 0, without its fraction."""
    if name not in body:
        return default
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryError(f"request/body/{name} must be number")
    if value < 0:
        raise QueryError(f"request/body/{name} must be >= 0")
    return int(min(value, LARGEST))


def texts(body: dict[str, JsonValue], name: str, *, within: str = "") -> tuple[str, ...]:
    """The strings of the list at a key of a body, or of the object `within` it; none without it."""
    return strings(body[name], f"{within}{name}") if name in body else ()


def strings(value: JsonValue, path: str) -> tuple[str, ...]:
    """The strings of a list in a body."""
    if not isinstance(value, list):
        raise QueryError(f"request/body/{path} must be array")
    for place, item in enumerate(value):
        if not isinstance(item, str):
            raise QueryError(f"request/body/{path}/{place} must be string")
    return tuple(str(item) for item in value)


def _required(body: dict[str, JsonValue], name: str, within: str) -> JsonValue:
    if name not in body:
        raise QueryError(f"request/body{within} must have required property '{name}'")
    return body[name]


def _syntax_error(error: orjson.JSONDecodeError) -> str:
    """What JavaScript says of broken JSON, as far as clients may look at it."""
    # Of bytes that are no text there is no document.
    if error.doc and error.pos >= len(error.doc.rstrip()):
        return "Unexpected end of JSON input"
    return f"Unexpected token in JSON at position {error.pos}: {error.msg}"
