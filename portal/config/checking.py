"""A merged config against the schema: what can be used of it, and every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from marshmallow import ValidationError

from catalog.problems import JsonValue, Problem, quote
from portal.config.files import escape
from portal.config.merging import Merged
from portal.config.schema import Config, known_keys

_SECRETS = ("/backend/auth", "/plumbline/database")
"""Never quoted: tokens stand there, and passwords."""

_UNKNOWN = "Unknown field."
_REQUIRED = "Missing data for required field."


def check(merged: Merged) -> tuple[dict[str, Any], list[Problem]]:
    """The values that hold, by the schema's own names; and the problems, warnings among them."""
    try:
        return Config().load(merged.data), []
    except ValidationError as error:
        problems = [_problem(merged, path, message) for path, message in _flat(error.messages)]
        problems.sort(key=lambda p: (p.file, p.line or 0, p.column or 0, p.pointer))
        held = error.valid_data
        return (held if isinstance(held, dict) else {}), problems


def _flat(messages: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[list[Any], str]]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, path if key == "_schema" else (*path, key))
    else:
        for message in messages:
            yield list(path), message


def _problem(merged: Merged, path: list[Any], message: str) -> Problem:
    pointer = "".join(f"/{escape(str(part))}" for part in path)
    dotted = ".".join(str(part) for part in path)
    if message == _UNKNOWN:
        return _unknown(merged, path, pointer, dotted)
    if message == _REQUIRED:
        variable = merged.unset(pointer)
        hint = f"The environment variable {variable} is not set." if variable else ""
        above = pointer.rpartition("/")[0]
        return merged.problem(above, "CONFIG_KEY_MISSING", f"{dotted} is missing", hint=hint)
    is_secret = pointer.startswith(_SECRETS)
    found = "" if is_secret else quote(_value_at(merged.data, path))
    return merged.problem(pointer, "CONFIG_VALUE", f"{dotted}: {message}", found=found)


def _unknown(merged: Merged, path: list[Any], pointer: str, dotted: str) -> Problem:
    known = known_keys(path[:-1])
    close = get_close_matches(str(path[-1]), known, n=1)
    hint = f"Did you mean {close[0]}?" if close else ""
    if path[0] == "plumbline":
        return merged.problem(
            pointer,
            "CONFIG_KEY_UNKNOWN",
            f"{dotted} is no key of Plumbline's",
            hint=hint or f"There are: {', '.join(sorted(known))}.",
        )
    return merged.warning(pointer, f"{dotted} is not heeded", hint=hint)


def _value_at(value: JsonValue, path: list[Any]) -> JsonValue:
    for part in path:
        match value:
            case dict():
                value = value.get(part)
            case list() if isinstance(part, int) and part < len(value):
                value = value[part]
            case _:
                return None
    return value
