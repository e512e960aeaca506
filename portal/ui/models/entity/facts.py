"""Facts as a table: every value with where it came from, when, and whether it is still fresh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from scorecards.collection.feeding import Unfed
from scorecards.facts import (
    FactRecord,
    FactSchema,
    FactState,
    FactValue,
    FailedFact,
    Known,
    Missing,
    Unknown,
)

LONGEST_LIST = 20
"""Items of a list that a cell shows; the number of the others is said."""

REASONS = {
    Unknown.NOT_COLLECTED: "not collected yet",
    Unknown.STALE: "too old",
    Unknown.SOURCE_FAILED: "the source failed",
    Unknown.NOT_CONFIGURED: "the source is not configured",
    Unknown.NOT_PERMITTED: "the source does not permit it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FactRow:
    """One fact about an entity."""

    name: str
    description: str
    collector: str
    state: str
    """known, missing or failed."""
    value: str
    path: str
    line: int | None
    url: str
    revision: str
    observed_at: datetime
    stale: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FactsPage:
    """The facts tab of an entity."""

    rows: tuple[FactRow, ...]
    known: int
    missing: int
    failed: int
    stale: int

    @property
    def found(self) -> tuple[FactRow, ...]:
        """Those that say something: known ones, and why others are not known."""
        return tuple(row for row in self.rows if row.state != "missing")

    @property
    def absent(self) -> tuple[FactRow, ...]:
        """Those that were looked for and are not there."""
        return tuple(row for row in self.rows if row.state == "missing")


def show_value(value: FactValue) -> str:
    """A value for people: yes and no, numbers with separators, lists one after the other."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
        case str():
            return value or "(empty)"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M UTC")
        case tuple():
            more = len(value) - LONGEST_LIST
            shown = ", ".join(value[:LONGEST_LIST])
            return (shown + (f" and {more} more" if more > 0 else "")) or "(none)"
        case _:
            assert_never(value)


def unknown_words(reason: Unknown, detail: str = "") -> str:
    """Why something is not known, with what its collector said of that.

    That it is not collected *yet* is said only of what nobody has looked at.
    """
    if not detail:
        return REASONS[reason]
    return f"{REASONS[reason].removesuffix(' yet')}: {detail}"


def show_state(state: FactState) -> tuple[str, str]:
    """The state's word, and what to write in the cell."""
    match state:
        case Known(value=value):
            return "known", show_value(value)
        case Missing(looked_for=looked_for):
            return "missing", f"looked for {looked_for}" if looked_for else "looked for, not there"
        case FailedFact(reason=reason, detail=detail):
            return "failed", unknown_words(reason, detail)
        case _:
            assert_never(state)


def facts_page(
    records: Iterable[FactRecord],
    schemas: Mapping[str, FactSchema],
    unfed: Mapping[str, Unfed],
    *,
    now: datetime,
) -> FactsPage:
    """Every fact of the records, by name; what nothing feeds any more is not known."""
    rows = []
    for record in records:
        stale = record.valid_until is not None and record.valid_until < now
        for name, state in record.facts.items():
            said = unfed[name].why if name in unfed else state
            word, value = show_state(said)
            rows.append(
                FactRow(
                    name=name,
                    description=schemas[name].description if name in schemas else "",
                    collector=f"{record.collector} {record.version}",
                    state=word,
                    value=value,
                    path=said.path if isinstance(said, Known) else "",
                    line=said.line if isinstance(said, Known) else None,
                    url=record.url,
                    revision=record.revision,
                    observed_at=record.observed_at,
                    stale=stale,
                )
            )
    rows.sort(key=lambda row: row.name)
    count = {
        word: sum(row.state == word for row in rows) for word in ("known", "missing", "failed")
    }
    return FactsPage(
        rows=tuple(rows),
        known=count["known"],
        missing=count["missing"],
        failed=count["failed"],
        stale=sum(row.stale for row in rows),
    )
