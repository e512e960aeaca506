"""Requests of Tech Insights' clients, read as leniently as its server does, with its messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Request
from werkzeug.datastructures import MultiDict

from catalog.errors import QueryError, RefError
from catalog.problems import JsonValue
from catalog.refs import EntityRef, parse_ref

LARGEST_BODY = 102_400
"""Bytes, as Express has it: about 1,500 entities."""

_IDS = re.compile(r"ids(?:\[\d*\])?")
_MONTH = re.compile(r"\d{4}(-\d{2})?")


class BrokenBody(Exception):
    """A body that is no JSON. `args[0]` is what is wrong."""


class LargeBody(Exception):
    """A body of more than `LARGEST_BODY` bytes."""


class NoDate(Exception):
    """A time that cannot be read. `args[0]` is the name of the field, as the server spells it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An entity of a bulk request."""

    shown: str
    """As the answer names it."""
    ref: str
    """Canonical; '': it names none."""
    why: str = ""
    """Why it names none."""


def ids_of(given: MultiDict[str, str]) -> list[str] | None:
    """Ids in any spelling: `ids=a`, repeated, `ids[]=a`, `ids[7]=a`; None: none was given."""
    names = [name for name in given if _IDS.fullmatch(name)]
    return [value for name in names for value in given.getlist(name) if value] or None


def entity_of(given: MultiDict[str, str]) -> EntityRef:
    """The parameter `entity`. Raises `QueryError`."""
    return _ref(given.get("entity", ""))


def time_of(given: MultiDict[str, str], name: str, field: str) -> datetime:
    """A parameter in ISO 8601; a bare date is midnight, and UTC is meant. Raises `NoDate`."""
    text = given.get(name, "")
    if _MONTH.fullmatch(text):
        text = f"{text}-01-01"[:10]
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise NoDate(field) from None
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        raise NoDate(field) from None


def body_of(request: Request) -> Mapping[str, JsonValue]:
    """The JSON object of a request; empty where there is no body.

    Raises `LargeBody`, `BrokenBody`, `QueryError`.
    """
    content = request.get_data()
    if len(content) > LARGEST_BODY:
        raise LargeBody
    if not content:
        return {}
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BrokenBody(f"{error.msg} in JSON at position {error.pos}") from None
    if not isinstance(body, dict):
        raise QueryError("The request body must be an object")
    return body


def checks_of(body: Mapping[str, JsonValue]) -> list[str] | None:
    """Ids of the checks that are asked for; None: all of them."""
    checks = body.get("checks")
    if checks is None:
        return None
    if not isinstance(checks, list) or not all(isinstance(check, str) for check in checks):
        raise QueryError("checks must be a list of ids")
    return [str(check) for check in checks]


def entities_of(body: Mapping[str, JsonValue]) -> list[Asked]:
    """The entities of a bulk request; empty: every one that has facts. Raises `QueryError`."""
    entities = body.get("entities")
    if not isinstance(entities, list):
        raise QueryError("entities must be a list of entity references")
    return [_asked(entity) for entity in entities]


def _asked(entity: Any) -> Asked:
    """A text is echoed as it is, an object as its reference in lower case; it may be a whole entity."""
    match entity:
        case str():
            return _of_text(entity)
        case {"kind": kind, "metadata": {**metadata}}:
            return _asked({**metadata, "kind": kind})
        case {"kind": str(kind), "name": str(name)}:
            namespace = entity.get("namespace") or "default"
            ref = str(EntityRef(kind=kind, namespace=str(namespace), name=name))
            return Asked(ref, ref)
    raise QueryError("An entity must be a reference, or an object of kind, namespace and name")


def _of_text(text: str) -> Asked:
    try:
        return Asked(text, str(_ref(text)))
    except QueryError as error:
        return Asked(text, "", str(error))


def _ref(text: str) -> EntityRef:
    try:
        return parse_ref(text)
    except RefError as error:
        raise QueryError(str(error)) from None
