"""The page of a trend: how entities stood over time, and what the change is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.ui.models.charts import plots
from portal.ui.models.charts.plots import Dot, Mark, Plot
from portal.ui.models.charts.shares import Segment, Tally, level_bar, tally
from portal.ui.models.insights.parts import (
    ChangeRow,
    check_changes,
    level_rows,
    level_words,
    rate_row,
    rate_words,
)
from portal.use_cases.trend import Trend
from scorecards.insights.trends import Counts
from scorecards.scorecard import Scorecard

MOST_CHECKS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class PointRow:
    """A line of the table beside the chart."""

    at: datetime
    total: int
    levels: tuple[Segment, ...]
    tally: Tally


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
    level_changes = level_rows(scorecard, trend.split, rows[0].levels, rows[-1].levels)
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
        words=(level_words(scorecard, trend.split), rate_words(trend.split.rate, rate)),
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
