"""What is said of an operator or function that does not take what it was given, and what would do.

The engine says `found no matching overload for '_>=_' applied to '(double, int)'`, and may cut that.
"""

from __future__ import annotations

import re

_SAID = re.compile(r"found no matching overload for '([^']+)' applied to '\((.*)")

_TYPES = {
    "bool": "true or false",
    "int": "int",
    "double": "double",
    "string": "text",
    "list": "list",
    "google.protobuf.Duration": "duration",
    "google.protobuf.Timestamp": "timestamp",
}
"""What people call them, by how the engine's names begin."""

_SPELLED = {"@in": "in", "_?_:_": "? :"}
_NUMBERS = frozenset({"int", "double"})
_LOGIC = frozenset({"_&&_", "_||_", "!_", "_?_:_"})

_COMPARE = "Compare it first: `... != ''`, `... > 0`, `... == true`."
_POINT = "Write a whole number with a point, `70.0`, or `double(...)` around the int."
_QUOTES = "Text stands in quotes; numbers, and true or false, do not."
_DURATION = "Write `duration('720h')`: a day has 24 hours."
_TIMESTAMP = "Write `timestamp('2030-01-01T00:00:00Z')`."
_IN_LIST = "Ask `'x' in ...`, or `....exists(one, one.contains('x'))`."
_IN_TEXT = "Ask `....contains('x')`: `in` is for lists."


def explained(message: str) -> tuple[str, str]:
    """The message in other words, with a hint; as it is, and '', where it is about something else."""
    said = _SAID.match(message)
    if said is None:
        return message, ""
    kinds = [_kind(one) for one in said[2].rstrip(")'…").split(", ")]
    name = _SPELLED.get(said[1], said[1].strip("_"))
    return f"`{name}` does not take {' and '.join(kinds)}", _hint(said[1], kinds)


def _kind(name: str) -> str:
    """What people call a type; the engine may have cut its name."""
    return next((word for known, word in _TYPES.items() if _begins(name, known)), name)


def _begins(name: str, known: str) -> bool:
    return name.startswith(known) or (len(name) > 1 and known.startswith(name))


def _hint(operator: str, kinds: list[str]) -> str:
    found = set(kinds)
    if operator in _LOGIC:
        return _COMPARE
    if operator == "@in":
        return _IN_TEXT if kinds == ["text", "text"] else ""
    if "list" in found and "text" in found:
        return _IN_LIST
    if found == _NUMBERS:
        return _POINT
    if "duration" in found:
        return _DURATION
    if "timestamp" in found:
        return _TIMESTAMP
    return _QUOTES if "text" in found and found & {*_NUMBERS, "true or false"} else ""
