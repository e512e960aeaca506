"""The insights page: how mature the catalog is, by level and by group, and what it fails most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.db.evaluation.results import Distribution
from portal.db.insights.rollups import By
from portal.ui.models.charts.shares import Segment
from portal.ui.models.insights.heat import HeatRow
from portal.ui.models.looks import plural
from portal.ui.models.paging import Pager
from portal.ui.models.scorecards.definition import CheckLine, check_lines
from portal.ui.models.scorecards.standing import ScorecardLine, scorecard_line
from scorecards.scorecard import Scorecard

MOST_FAILED = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One level of a scorecard's ladder."""

    rank: int
    segment: Segment
    possible: int
    reached: int
    """Entities that are on this level or above it, proven."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MaturityLadder:
    """A scorecard with its distribution, and what it comes to in a sentence."""

    card: ScorecardLine
    steps: tuple[Step, ...]
    finding: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedCheck:
    """A check that entities fail, with its numbers."""

    scorecard: Scorecard
    line: CheckLine


@dataclass(frozen=True, kw_only=True, slots=True)
class InsightsPage:
    """Everything that the page shows."""

    empty: bool
    """Nothing was ever assessed."""
    ladders: tuple[MaturityLadder, ...]
    by: By
    scorecards: tuple[Scorecard, ...]
    """The columns of the heat map."""
    rows: tuple[HeatRow, ...]
    rest: HeatRow | None
    every: HeatRow
    pager: Pager
    failed: tuple[FailedCheck, ...]
    failing_checks: int
    """Checks that anything fails, listed or not."""
    same: tuple[tuple[str, str], ...]
    """Of each scorecard its title, and the address of the same below that of the API."""


def maturity_ladder(scorecard: Scorecard, counted: Distribution) -> MaturityLadder:
    """The ladder of a scorecard."""
    card = scorecard_line(scorecard, counted)
    steps = tuple(
        Step(
            rank=rank,
            segment=segment,
            possible=counted.possible[rank],
            reached=sum(counted.proven[rank:]),
        )
        for rank, segment in enumerate(card.segments)
    )
    return MaturityLadder(card=card, steps=steps, finding=_finding(scorecard, steps, counted.total))


def _finding(scorecard: Scorecard, steps: Sequence[Step], total: int) -> str:
    if not total:
        return "Nothing has been assessed yet"
    if len(steps) < 2 or not steps[1].reached:
        return f"None of {plural(total, 'entity', 'entities')} is above {scorecard.levels[0].name}"
    first = scorecard.levels[1].name
    return f"{steps[1].reached:,} of {plural(total, 'entity', 'entities')} reached {first}"


def most_failed(
    scorecards: Sequence[Scorecard], counts: Sequence[Sequence[Mapping[str, int]]]
) -> list[FailedCheck]:
    """The checks that most entities fail, over all scorecards."""
    found = [
        FailedCheck(scorecard=card, line=line)
        for card, checks in zip(scorecards, counts, strict=True)
        for line in check_lines(card, checks)
        if line.tally.fails
    ]
    return sorted(
        found, key=lambda one: (-one.line.tally.fails, one.scorecard.name, one.line.check.id)
    )
