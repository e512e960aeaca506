"""Descriptions of APIs that entities carry: whether they parse, and what they count.

OpenAPI and AsyncAPI are read, within the catalog's limits. Other formats are not, and then nothing
is claimed about them: neither that they parse nor that they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from catalog.parsing.documents import parse
from plugins.contract import JsonValue
from plugins.descriptor.fields import Body, mappings, section, text

_LIMITS = frozenset(
    {"FILE_TOO_LARGE", "TOO_MANY_DOCUMENTS", "YAML_EXPANDS_TOO_LARGE", "YAML_TOO_DEEP",
     "YAML_TOO_MANY_ALIASES"}
)  # fmt: skip
"""Codes of the parser that speak of our limits and not of the definition's faults."""

_FORMATS = {"openapi": "openapi", "swagger": "openapi", "asyncapi": "asyncapi"}
"""By the key at the top that names the format's version."""

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A definition that was read."""

    version: str
    """`info.version`; '' where it is not stated."""
    operations: int
    described: int
    """Operations with a summary or a description."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A definition that does not parse as what it should be."""

    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """A definition that was not looked into."""

    why: str


Reading: TypeAlias = Definition | Broken | Unread


def format_of(api: Body) -> str:
    """The format that an API entity says it has: its type, lower case."""
    return text(section(api, "spec"), "type").lower()


def read_definition(api: Body) -> Reading:
    """What can be said of the definition of an API entity."""
    stated = format_of(api)
    written = section(api, "spec").get("definition")
    if stated not in _FORMATS:
        return Unread(why=f"definitions in the format '{stated or 'unknown'}' are not read")
    if isinstance(written, dict) and any(key.startswith("$") for key in written):
        return Unread(why="the definition is in another file that could not be taken in")
    if not isinstance(written, str):
        return _judge(written, stated)
    parsed = parse(written.encode("utf-8", "replace"), file="spec.definition")
    problems, values = parsed.all_problems, parsed.values
    if problems:
        first = problems[0]
        at = f" (line {first.line})" if first.line else ""
        why = f"{first.message}{at}"
        return Unread(why=why) if first.code in _LIMITS else Broken(why=why)
    if len(values) != 1:
        return Broken(why=f"it holds {len(values)} documents instead of one")
    return _judge(values[0], stated)


def _judge(data: JsonValue, stated: str) -> Definition | Broken:
    if not isinstance(data, dict):
        return Broken(why="it is not a mapping")
    found = next((name for key, name in _FORMATS.items() if key in data), "")
    if found != _FORMATS[stated]:
        return Broken(why=f"it has no `{stated}` at the top, which states the version")
    described = _openapi(data) if found == "openapi" else _asyncapi(data)
    version = section(data, "info").get("version")
    return Definition(
        version="" if version is None else str(version),
        operations=len(described),
        described=sum(described),
    )


def _openapi(data: Body) -> list[bool]:
    """For each operation, whether it is described."""
    paths = section(data, "paths")
    return [
        _is_described(section(item, method))
        for item in (section(paths, path) for path in paths)
        for method in _METHODS
        if isinstance(item.get(method), dict)
    ]


def _asyncapi(data: Body) -> list[bool]:
    """Version 3 lists operations at the top, version 2 inside the channels."""
    operations = section(data, "operations")
    if operations:
        return [_is_described(section(operations, name)) for name in operations]
    channels = section(data, "channels")
    return [
        _is_described(section(channel, direction))
        for channel in (section(channels, name) for name in channels)
        for direction in ("publish", "subscribe")
        if isinstance(channel.get(direction), dict)
    ]


def _is_described(operation: Body) -> bool:
    if text(operation, "summary") or text(operation, "description"):
        return True
    return any(text(message, "summary") for message in mappings(operation, "messages"))
