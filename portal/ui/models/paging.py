"""Where a list stands: which rows are shown, and the links to the others."""

from __future__ import annotations

from dataclasses import dataclass

Params = dict[str, str | list[str]]
"""Parameters of a URL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pager:
    """The line under a list."""

    first: int
    last: int
    total: int | None
    """None: not counted."""
    previous: Params | None
    next: Params | None
    back: str = "Previous"
    """What the link to `previous` says."""


def numbered(params: Params, *, page: int, shown: int, total: int, per_page: int) -> Pager:
    """The pager of a list with page numbers; `params` are those of the first page."""
    first = (page - 1) * per_page + 1
    return Pager(
        first=first if shown else 0,
        last=first + shown - 1 if shown else 0,
        total=total,
        previous=_at(params, page - 1) if page > 1 else None,
        next=_at(params, page + 1) if first + shown - 1 < total and shown else None,
    )


def _at(params: Params, page: int) -> Params:
    rest = {key: value for key, value in params.items() if key != "page"}
    return rest if page == 1 else {**rest, "page": str(page)}


def forward(
    params: Params, *, start: int, shown: int, after: str | None, total: int | None = None
) -> Pager:
    """The pager of a list that is read forward only; `start` numbers its first row, from 1."""
    return Pager(
        first=start if shown else 0,
        last=start + shown - 1 if shown else 0,
        total=total if after or start > 1 else (start + shown - 1 if shown else 0),
        previous=params if start > 1 else None,
        next=None if after is None else {**params, "after": after, "from": str(start + shown)},
        back="First page",
    )


def start_of(text: str | None) -> int:
    """The number of the first row that a URL says; 1 where it says nothing sensible."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 9 else 1
