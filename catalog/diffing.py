"""Diffs: what changed between two JSON values, field by field.

Objects are compared by key and lists of objects by index. Lists of scalars, as tags are, are
compared as sequences: what came and what went, with everything else in its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from catalog.pointers import Step, pointer
from catalog.problems import JsonValue

MOST_CHANGES = 200
"""Changes that a diff holds at most unless it is told otherwise."""

LARGEST_TABLE = 250_000
"""Pairs of elements that two lists of scalars are compared by; longer ones change as a whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """A value that was not there before."""

    pointer: str
    """JSON pointer in the value after the change."""
    after: JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """A value that is no longer there."""

    pointer: str
    """JSON pointer in the value before the change."""
    before: JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A value that is another one."""

    pointer: str
    """JSON pointer, which means the same before and after the change."""
    before: JsonValue
    after: JsonValue


Change: TypeAlias = Added | Removed | Changed


@dataclass(frozen=True, kw_only=True, slots=True)
class Diff:
    """How one value differs from another."""

    changes: tuple[Change, ...]
    """Keys in their alphabetical order, elements in that of the lists."""
    truncated: bool = False
    """Whether there are more changes than these."""


def diff(before: JsonValue, after: JsonValue, *, most: int = MOST_CHANGES) -> Diff:
    """How `after` differs from `before`, in at most `most` changes.

    A number that is written otherwise (`1`, `1.0`) is another value, and so is a boolean.
    """
    found: list[Change] = []
    for change in _compare((), before, after):
        if len(found) == most:
            return Diff(changes=tuple(found), truncated=True)
        found.append(change)
    return Diff(changes=tuple(found))


def _compare(path: tuple[Step, ...], before: JsonValue, after: JsonValue) -> Iterator[Change]:
    match before, after:
        case dict(), dict():
            yield from _compare_objects(path, before, after)
        case list(), list():
            scalars = not any(isinstance(item, dict | list) for item in (*before, *after))
            compare = _compare_scalars if scalars else _compare_items
            yield from compare(path, before, after)
        case _ if not _same(before, after):
            yield Changed(pointer=pointer(path), before=before, after=after)


def _compare_objects(
    path: tuple[Step, ...], before: dict[str, JsonValue], after: dict[str, JsonValue]
) -> Iterator[Change]:
    for key in sorted(before.keys() | after.keys()):
        here = (*path, key)
        if key not in after:
            yield Removed(pointer=pointer(here), before=before[key])
        elif key not in before:
            yield Added(pointer=pointer(here), after=after[key])
        else:
            yield from _compare(here, before[key], after[key])


def _compare_items(
    path: tuple[Step, ...], before: list[JsonValue], after: list[JsonValue]
) -> Iterator[Change]:
    for n, (old, new) in enumerate(zip(before, after, strict=False)):
        yield from _compare((*path, n), old, new)
    yield from _tails(
        path, before, after, range(len(after), len(before)), range(len(before), len(after))
    )


def _compare_scalars(
    path: tuple[Step, ...], before: list[JsonValue], after: list[JsonValue]
) -> Iterator[Change]:
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    kept = _kept(old, new) if len(old) * len(new) <= LARGEST_TABLE else []
    stays, came = {i for i, _ in kept}, {j for _, j in kept}
    removed = [start + i for i in range(len(old)) if i not in stays]
    added = [start + j for j in range(len(new)) if j not in came]
    yield from _tails(path, before, after, removed, added)


def _tails(
    path: tuple[Step, ...],
    before: Sequence[JsonValue],
    after: Sequence[JsonValue],
    removed: Sequence[int],
    added: Sequence[int],
) -> Iterator[Change]:
    for n in removed:
        yield Removed(pointer=pointer((*path, n)), before=before[n])
    for n in added:
        yield Added(pointer=pointer((*path, n)), after=after[n])


def _common(one: Sequence[JsonValue], other: Sequence[JsonValue]) -> int:
    """How many elements both begin with."""
    n = 0
    while n < min(len(one), len(other)) and _same(one[n], other[n]):
        n += 1
    return n


def _kept(old: Sequence[JsonValue], new: Sequence[JsonValue]) -> list[tuple[int, int]]:
    """The longest sequence that both hold, as pairs of places."""
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            same = _same(old[i], new[j])
            table[i][j] = table[i + 1][j + 1] + 1 if same else max(table[i + 1][j], table[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if _same(old[i], new[j]):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _same(one: JsonValue, other: JsonValue) -> bool:
    return type(one) is type(other) and one == other
