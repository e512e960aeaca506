"""Projection: an entity with only the fields asked for. The one reason to parse a body."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import orjson

from portal.db.catalog.answerable import Answerable, Show

HEAD = frozenset({"kind", "apiVersion", "metadata", "relations", "status"})
"""Keys for which the spec of an entity need not be parsed."""

_PLACE = re.compile("0|[1-9][0-9]{0,8}")
"""Of an item in a list."""


def shower(fields: Sequence[str]) -> Show:
    """What makes JSON of a stored entity, with these fields; without fields it is the whole of it."""
    if not fields:
        return None
    paths = [field.split(".") for field in fields]
    load = _load_head if all(path[0] in HEAD for path in paths) else orjson.loads
    enters = any(path[0] == "relations" and len(path) > 1 for path in paths)

    def show(row: Answerable) -> bytes:
        return orjson.dumps(project(_parsed(row, load, enters_relations=enters), paths))

    return show


def _parsed(
    row: Answerable, load: Callable[[bytes], Any], *, enters_relations: bool
) -> dict[str, Any]:
    """The entity; its relations are parsed only where a path leads into them."""
    entity: dict[str, Any] = load(row.body)
    entity["metadata"] |= {"uid": row.uid, "etag": row.etag}
    relations = row.relations
    entity["relations"] = (
        orjson.loads(relations) if enters_relations else orjson.Fragment(relations)
    )
    if row.status is not None:
        entity["status"] = orjson.loads(row.status)
    return entity


def _load_head(body: bytes) -> Any:
    """The entity without its spec, which is last (`catalog.descriptor.normalize`), and may be long."""
    head, spec, _ = body.partition(b',"spec":')
    if spec:
        try:
            return orjson.loads(head + b"}")
        except orjson.JSONDecodeError:
            pass  # it was a key of that name inside something else
    return orjson.loads(body)


def project(entity: dict[str, Any], paths: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The parts of `entity` at these paths, nested as they were; what is not there is not.

    A part of a path that is no key is joined to the next one, so that keys may have dots in them;
    a list is entered by a number, and shown with `null` for what is before it; not by the keys of
    its items (Backstage, observed).
    """
    shown: dict[str, Any] = {}
    for parts in paths:
        path, value = _walk(entity, parts)
        if path:
            _put(shown, path, value)
    return shown


def _put(shown: Any, path: Sequence[str | int], value: Any) -> None:
    """Show the value there, in objects and lists as in the entity."""
    for key, below in pairwise(path):
        kind = list if isinstance(below, int) else dict
        inner = _at(shown, key)
        if not isinstance(inner, kind):
            inner = kind()
            _set(shown, key, inner)
        shown = inner
    _set(shown, path[-1], value)


def _at(place: Any, key: str | int) -> Any:
    if isinstance(key, int):
        return place[key] if key < len(place) else None
    return place.get(key)


def _set(place: Any, key: str | int, value: Any) -> None:
    if isinstance(key, int):
        place.extend([None] * (key + 1 - len(place)))
    place[key] = value


def _walk(entity: dict[str, Any], parts: Sequence[str]) -> tuple[Sequence[str | int], Any]:
    """The keys that lead to the field, and its value; no keys: it is not there."""
    value: Any = entity
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return _walk_joining(entity, parts)
        value = value[part]
    return parts, value


def _walk_joining(entity: dict[str, Any], parts: Sequence[str]) -> tuple[Sequence[str | int], Any]:
    """As `_walk`, where some key has dots in it, or is a place in a list."""
    keys: list[str | int] = []
    value: Any = entity
    pending: list[str] = []
    for part in parts:
        pending.append(part)
        key = ".".join(pending)
        if isinstance(value, dict) and key in value:
            value = value[key]
            keys.append(key)
            pending = []
        elif isinstance(value, list) and _PLACE.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
            keys.append(int(key))
            pending = []
    return ([], None) if pending else (keys, value)
