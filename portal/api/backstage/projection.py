"""Projection: an entity with only the fields asked for. The one reason to parse a body."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.problems import JsonValue


def project(entity: dict[str, JsonValue], fields: Sequence[str]) -> dict[str, JsonValue]:
    """The parts of `entity` at these dotted paths, nested as they were; what is not there is not.

    A part of a path that is no key is joined to the next one, so that keys may have dots in them;
    lists are not entered (Backstage, observed: reference 3.7).
    """
    shown: dict[str, JsonValue] = {}
    for field in fields:
        path, value = _walk(entity, field)
        if path:
            place = shown
            for key in path[:-1]:
                inner = place.get(key)
                if not isinstance(inner, dict):
                    inner = place[key] = {}
                place = inner
            place[path[-1]] = value
    return shown


def _walk(entity: dict[str, JsonValue], field: str) -> tuple[list[str], JsonValue]:
    """The keys that lead to the field, and its value; no keys: it is not there."""
    keys: list[str] = []
    value: JsonValue = entity
    pending = ""
    for part in field.split("."):
        pending = f"{pending}.{part}" if pending else part
        if isinstance(value, dict) and pending in value:
            value = value[pending]
            keys.append(pending)
            pending = ""
    return ([], None) if pending else (keys, value)
