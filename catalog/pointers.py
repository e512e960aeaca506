"""JSON pointers (RFC 6901), and the same places as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.problems import LONGEST_QUOTE, JsonValue, quote

Step = str | int
"""A key of a mapping, or an index of a list."""


def pointer(path: Iterable[Step]) -> str:
    """The JSON pointer of a path."""
    return "".join(f"/{escaped(str(step))}" for step in path)


def escaped(key: str) -> str:
    """`key` as one step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def steps_of(pointer: str) -> list[str]:
    """The keys and indexes that a JSON pointer is made of."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def dotted(path: Sequence[Step]) -> str:
    """A path for a message, as `metadata.links[1].url`, cut like a quotation."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return quote(text.removeprefix("."))[:LONGEST_QUOTE]


def at(data: JsonValue, path: Iterable[Step]) -> JsonValue:
    """The value at a path that exists."""
    for step in path:
        data = data[step]  # type: ignore[index]  # the path exists
    return data
