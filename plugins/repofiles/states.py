"""The states of facts, as the modules of this plugin make them."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.contract import FactState, FailedFact, Known, Missing, Unknown

MOST_ITEMS = 500
"""Items of a list; a longer one fails instead of being cut."""

Facts = dict[str, FactState]
"""States by the name of the fact."""


def path_or_missing(path: str | None, looked_for: str) -> FactState:
    """The path, or that there was none."""
    return Known(value=path, path=path) if path else Missing(looked_for=looked_for)


def list_or_missing(items: Sequence[str], looked_for: str, *, path: str = "") -> FactState:
    """The items, or that there were none."""
    if not items:
        return Missing(looked_for=looked_for)
    if len(items) > MOST_ITEMS:
        return not_looked(f"there are {len(items):,} of them, and {MOST_ITEMS} at most are kept")
    return Known(value=tuple(items), path=path or (items[0] if len(items) == 1 else ""))


def count_or_missing(items: Sequence[str], looked_for: str) -> FactState:
    """How many items there are, with the first for evidence; none is missing."""
    return Known(value=len(items), path=items[0]) if items else Missing(looked_for=looked_for)


def not_looked(why: str) -> FailedFact:
    """The state of what lies beyond our limits or our sight."""
    return FailedFact(reason=Unknown.NOT_COLLECTED, detail=why)
