"""The page of a scorecard: where entities stand, the checks by pass rate, and the entities."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import orjson

from portal.db.catalog.entities import EntityRow
from portal.db.evaluation.results import Distribution, Summary
from portal.db.insights.unfresh import Unfresh
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.charts.shares import Segment
from portal.ui.models.levels import LevelMark, level_mark
from portal.ui.models.links import EntityLink, text_at
from portal.ui.models.looks import LOOKS, Look
from portal.ui.models.paging import Pager
from portal.ui.models.scorecards.definition import CheckLine, check_lines, worst_first
from portal.ui.models.scorecards.standing import ScorecardLine, scorecard_line
from scorecards.results import Outcome
from scorecards.scorecard import Scorecard

MOST_WORST = 8
"""Checks that are shown at once; the others are a click away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityFilter:
    """Which of the assessed entities are listed."""

    level: int | None
    check: str
    """'' for any."""
    outcome: Outcome | None
    """Of the check; None for any."""

    @property
    def active(self) -> bool:
        """Whether it leaves any out."""
        return self.level is not None or bool(self.check)

    @property
    def said(self) -> str | None:
        """The outcome as addresses have it; None where any will do."""
        return self.outcome.value if self.check and self.outcome else None


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelRow:
    """A line of the table under the bar."""

    rank: int
    segment: Segment
    possible: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AssessedRow:
    """An entity with a result."""

    link: EntityLink
    kind: str
    mark: LevelMark
    passes: int
    is_from_before: bool
    """Whether it could not be assessed when that was last tried."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorecardPage:
    """Everything that the page shows."""

    card: ScorecardLine
    table: tuple[LevelRow, ...]
    lines: tuple[CheckLine, ...]
    worst: tuple[CheckLine, ...]
    """The lowest pass rates."""
    better: tuple[CheckLine, ...]
    """All others, which the page folds."""
    chosen: EntityFilter
    shown: str
    """What is unfolded: 'checks', 'definition', or ''."""
    outcomes: tuple[tuple[str, Look], ...]
    unfresh: Unfresh
    rows: tuple[AssessedRow, ...]
    pager: Pager


def scorecard_page(
    scorecard: Scorecard,
    counted: Distribution,
    checks: Sequence[Mapping[str, int]],
    *,
    chosen: EntityFilter,
    shown: str,
    unfresh: Unfresh,
    entities: Sequence[tuple[EntityRow, Summary]],
    unanswered: Container[int],
    pager: Pager,
) -> ScorecardPage:
    """The page from what was counted and listed; `unanswered` are entities, by id, that could not
    be assessed."""
    card = scorecard_line(scorecard, counted)
    lines = check_lines(scorecard, checks)
    ordered = worst_first(lines)
    return ScorecardPage(
        card=card,
        table=tuple(
            LevelRow(rank=rank, segment=segment, possible=counted.possible[rank])
            for rank, segment in enumerate(card.segments)
        ),
        lines=lines,
        worst=ordered[:MOST_WORST],
        better=ordered[MOST_WORST:],
        chosen=chosen,
        shown=shown,
        outcomes=tuple((outcome.value, look) for outcome, look in LOOKS.items()),
        unfresh=unfresh,
        rows=tuple(
            _row(scorecard, row, summary, is_from_before=row.id in unanswered)
            for row, summary in entities
        ),
        pager=pager,
    )


def _row(
    scorecard: Scorecard, row: EntityRow, summary: Summary, *, is_from_before: bool
) -> AssessedRow:
    body = orjson.loads(row.body)
    return AssessedRow(
        link=link_of(row, body),
        kind=text_at(body, "kind"),
        mark=level_mark(scorecard, summary),
        passes=summary.passes,
        is_from_before=is_from_before,
    )
