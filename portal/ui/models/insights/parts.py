"""What a change is made of, in text.

The parts of a change are shown in whole entities and in tenths of a percentage point, and rounded
so that what is shown adds up, as what it stands for does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from portal.ui.models.charts.shares import Segment
from portal.ui.models.looks import plural
from scorecards.insights.moves import Cause
from scorecards.insights.trends import RateChange, Split
from scorecards.scorecard import Scorecard

CAUSES = {
    Cause.SERVICES: "Services changed",
    Cause.RULES: "Rules changed",
    Cause.POPULATION: "Population changed",
    Cause.COVERAGE: "Coverage changed",
}
"""The parts of a change, in the order in which they are told."""

MEANINGS = {
    Cause.SERVICES: "what was known to be so is known to be otherwise: the work of teams",
    Cause.RULES: "the scorecard was changed, published or withdrawn",
    Cause.POPULATION: "entities came or went, or a check began or ceased to count for them",
    Cause.COVERAGE: "what was unknown became known, or the reverse",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRow:
    """A change with its parts, as text that adds up."""

    name: str
    before: str
    after: str
    change: str
    parts: tuple[str, ...]
    """In the order of `CAUSES`; empty where the change has no parts."""


def level_rows(
    scorecard: Scorecard, split: Split, first: Sequence[Segment], last: Sequence[Segment]
) -> tuple[ChangeRow, ...]:
    """By level, how many entities more or fewer are on it, and why."""
    found = []
    top = len(scorecard.levels) - 1
    for rank, level in enumerate(scorecard.levels):
        parts = [
            sum(n for at, n in split.levels[cause].items() if min(at, top) == rank)
            for cause in CAUSES
        ]
        found.append(
            ChangeRow(
                name=level.name,
                before=f"{first[rank].count:,}",
                after=f"{last[rank].count:,}",
                change=signed(sum(parts)),
                parts=tuple(signed(n) for n in parts),
            )
        )
    return tuple(found)


def rate_row(name: str, rate: RateChange) -> ChangeRow:
    """How a pass rate changed, in percentage points."""
    before = "–" if rate.before is None else f"{float(100 * rate.before):.1f} %"
    after = "–" if rate.after is None else f"{float(100 * rate.after):.1f} %"
    if rate.before is None or rate.after is None or rate.parts is None:
        return ChangeRow(name=name, before=before, after=after, change="–", parts=())
    change = _tenths(rate.after) - _tenths(rate.before)
    parts = rounded_to(change, [1000 * rate.parts[cause] for cause in CAUSES])
    return ChangeRow(
        name=name,
        before=f"{_tenths(rate.before) / 10:.1f} %",
        after=f"{_tenths(rate.after) / 10:.1f} %",
        change=_points(change),
        parts=tuple(map(_points, parts)),
    )


def check_changes(scorecard: Scorecard, split: Split) -> tuple[ChangeRow, ...]:
    """The checks that had a rate at both ends and another one at the end, the largest change first."""
    titles = {check.id: check.title for check in scorecard.checks}
    moved = [
        (abs(rate.after - rate.before), check, rate)
        for check, rate in split.checks.items()
        if rate.before is not None and rate.after is not None and rate.before != rate.after
    ]
    ordered = sorted(moved, key=lambda one: (-one[0], one[1]))
    return tuple(rate_row(titles.get(check) or check, rate) for _, check, rate in ordered)


def rounded_to(whole: int, parts: Sequence[Fraction]) -> list[int]:
    """Whole numbers near the parts that add up to the whole: the largest remainders go up."""
    down = [part.__floor__() for part in parts]
    order = sorted(range(len(parts)), key=lambda n: (down[n] - parts[n], n))
    lacking = whole - sum(down)
    for n in range(abs(lacking)):
        down[order[n % len(order)] if lacking > 0 else order[-1 - n % len(order)]] += (
            1 if lacking > 0 else -1
        )
    return down


def signed(n: int) -> str:
    """'+3', '−2', '0'."""
    return f"+{n:,}" if n > 0 else f"−{-n:,}" if n else "0"


def _points(tenths: int) -> str:
    sign = "+" if tenths > 0 else "−" if tenths else ""
    return f"{sign}{abs(tenths) / 10:.1f}"


def _tenths(rate: Fraction) -> int:
    return round(1000 * rate)


def level_words(scorecard: Scorecard, split: Split) -> str:
    """How many more entities are above the floor, and why."""
    above: Mapping[Cause, int] = {
        cause: sum(n for rank, n in split.levels[cause].items() if rank > 0) for cause in CAUSES
    }
    change = sum(above.values())
    floor = scorecard.levels[0].name
    if not any(above.values()):
        return f"As many entities are above {floor} as before."
    more = "more" if change > 0 else "fewer"
    head = (
        f"{plural(abs(change), 'entity', 'entities')} {more} above {floor}"
        if change
        else f"As many entities are above {floor} as before"
    )
    parts = [f"{CAUSES[c].lower()} {signed(n)}" for c, n in above.items() if n]
    return f"{head}: {', '.join(parts)}."


def rate_words(rate: RateChange, row: ChangeRow) -> str:
    """How the pass rate changed, and why."""
    if rate.before is None and rate.after is None:
        return "No check passed or failed at either end: there is no pass rate."
    if not row.parts:
        side = "beginning" if rate.before is None else "end"
        return f"No check passed or failed at the {side}: the pass rate cannot be compared."
    parts = [
        f"{text.lower()} {part}"
        for text, part in zip(CAUSES.values(), row.parts, strict=True)
        if part != "0.0"
    ]
    head = f"The pass rate went from {row.before} to {row.after}"
    return (
        f"{head}, {row.change} points: {', '.join(parts)}."
        if parts
        else f"The pass rate stayed at {row.after}."
    )
