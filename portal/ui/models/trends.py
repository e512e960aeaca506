"""The page of a trend: how entities stood over time, and what the change is made of.

The parts of a change are shown in whole entities and in tenths of a percentage point, and rounded
so that what is shown adds up, as what it stands for does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from portal.trend import Trend
from portal.ui.models import plots
from portal.ui.models.charts import Segment, Tally, level_bar, tally
from portal.ui.models.looks import plural
from portal.ui.models.plots import Dot, Mark, Plot
from scorecards.insights.moves import Cause
from scorecards.insights.trends import Counts, RateChange, Split
from scorecards.scorecard import Scorecard

MOST_CHECKS = 15

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
class PointRow:
    """A line of the table beside the chart."""

    at: datetime
    total: int
    levels: tuple[Segment, ...]
    tally: Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRow:
    """A change with its parts, as text that adds up."""

    name: str
    before: str
    after: str
    change: str
    parts: tuple[str, ...]
    """In the order of `CAUSES`; empty where the change has no parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EditionRow:
    """A version of the scorecard that came into use, with the number of its mark."""

    number: int
    version: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendPage:
    """Everything that the page shows."""

    scorecard: Scorecard
    start: datetime
    end: datetime
    assessed: bool
    """Whether anything was assessed at any point."""
    levels: Plot
    rates: Plot
    rows: tuple[PointRow, ...]
    editions: tuple[EditionRow, ...]
    level_changes: tuple[ChangeRow, ...]
    rate_change: ChangeRow
    checks: tuple[ChangeRow, ...]
    hidden_checks: int
    words: tuple[str, ...]
    """The change in sentences."""
    before: Tally
    after: Tally


def trend_page(scorecard: Scorecard, trend: Trend) -> TrendPage:
    """The page of a trend."""
    rows = tuple(_row(scorecard, at, counts) for at, counts in trend.points)
    editions = tuple(
        EditionRow(number=number, version=one.version, at=one.first_at)
        for number, one in enumerate(trend.editions, start=1)
    )
    checks = check_changes(scorecard, trend.split)
    level_changes = level_rows(scorecard, trend.split, rows[0], rows[-1])
    rate = rate_row("All checks together", trend.split.rate)
    return TrendPage(
        scorecard=scorecard,
        start=rows[0].at,
        end=rows[-1].at,
        assessed=any(row.total for row in rows),
        levels=_level_plot(rows, editions),
        rates=_rate_plot(rows, editions),
        rows=rows,
        editions=editions,
        level_changes=level_changes,
        rate_change=rate,
        checks=checks[:MOST_CHECKS],
        hidden_checks=max(0, len(checks) - MOST_CHECKS),
        words=(_level_words(scorecard, trend.split), _rate_words(trend.split.rate, rate)),
        before=rows[0].tally,
        after=rows[-1].tally,
    )


def _row(scorecard: Scorecard, at: datetime, counts: Counts) -> PointRow:
    top = len(scorecard.levels) - 1
    by_rank = [0] * (top + 1)
    for rank, n in counts.proven.items():
        by_rank[min(rank, top)] += n
    return PointRow(
        at=at,
        total=counts.total,
        levels=level_bar(scorecard.levels, by_rank),
        tally=tally(counts.letters),
    )


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _short(at: datetime) -> str:
    return f"{at.day} {at:%b}"


def _level_plot(rows: Sequence[PointRow], editions: Sequence[EditionRow]) -> Plot:
    instants = [row.at for row in rows]
    return Plot(
        grid=plots.percent_grid(),
        labels=plots.column_labels([_short(at) for at in instants]),
        bars=plots.columns(instants, [row.levels for row in rows], [_day(row.at) for row in rows]),
        marks=tuple(
            Mark(x=plots.among_columns(one.at, instants), label=str(one.number), title=_told(one))
            for one in editions
        ),
    )


def _rate_plot(rows: Sequence[PointRow], editions: Sequence[EditionRow]) -> Plot:
    start, end = rows[0].at, rows[-1].at
    measured = [
        (
            plots.place(row.at, start, end),
            None if row.tally.rate is None else plots.height_of(row.tally.rate),
            row,
        )
        for row in rows
    ]
    dots = tuple(
        Dot(x=x, y=y, title=f"{_day(row.at)}: {row.tally.percent} of {row.tally.decided:,}")
        for x, y, row in measured
        if y is not None
    )
    every = -(-len(rows) // plots.MOST_LABELS) or 1
    return Plot(
        grid=plots.percent_grid(),
        labels=tuple(
            (x, _short(row.at)) for n, (x, _, row) in enumerate(measured) if n % every == 0
        ),
        lines=plots.pieces([(x, y) for x, y, _ in measured]),
        dots=dots if len(dots) <= plots.MOST_DOTS else (),
        marks=tuple(
            Mark(x=plots.place(one.at, start, end), label=str(one.number), title=_told(one))
            for one in editions
        ),
    )


def _told(one: EditionRow) -> str:
    return f"{_day(one.at)}: version {one.version} of the scorecard came into use"


def level_rows(
    scorecard: Scorecard, split: Split, first: PointRow, last: PointRow
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
                before=f"{first.levels[rank].count:,}",
                after=f"{last.levels[rank].count:,}",
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


def _level_words(scorecard: Scorecard, split: Split) -> str:
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


def _rate_words(rate: RateChange, row: ChangeRow) -> str:
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
