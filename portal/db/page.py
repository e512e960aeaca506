"""Pages of anything but entities in Backstage's lists: items, and where the next page begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from catalog.errors import QueryError

Item = TypeVar("Item")
Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Item]):
    """A page of a list."""

    items: tuple[Item, ...]
    after: str | None
    """What to pass for the next page; None: this is the last."""


def page_of(
    rows: Sequence[Row], limit: int, *, item: Callable[[Row], Item], place: Callable[[Row], str]
) -> Page[Item]:
    """The page of the first `limit` rows; one more was read, to see whether there are any."""
    shown = rows[:limit]
    return Page(
        items=tuple(item(row) for row in shown),
        after=place(shown[-1]) if len(rows) > limit and shown else None,
    )


def number(text: str) -> int:
    """A part of an `after` that has to be a number. Raises `QueryError`."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise QueryError("This page does not exist: ask for the first page again")
    return int(text)
