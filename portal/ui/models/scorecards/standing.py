"""How services stand: on each scorecard in one bar, and each of them with its levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.db.evaluation.results import Distribution, Summary
from portal.ui.models.charts.shares import Segment, level_bar
from portal.ui.models.levels import LevelMark, marks
from portal.ui.models.links import EntityLink
from scorecards.scorecard import Scorecard

MOST_SERVICES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceLine:
    """A service with its levels."""

    link: EntityLink
    marks: Mapping[str, LevelMark]

    @property
    def failing(self) -> int:
        """Failing checks of every scorecard."""
        return sum(mark.failing for mark in self.marks.values())

    @property
    def total(self) -> int:
        """Checks that apply, of every scorecard."""
        return sum(mark.total for mark in self.marks.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorecardLine:
    """A scorecard with its distribution over everyone, or over what a team owns."""

    scorecard: Scorecard
    segments: tuple[Segment, ...]
    total: int
    uncertain: int
    """How many entities, at least, could be higher, were all data there."""


def standing(scorecard: Scorecard, found: Iterable[Sequence[Summary]]) -> Distribution:
    """How these services stand on a scorecard; a level beyond the last counts as the last."""
    top = len(scorecard.levels) - 1
    mine = [one for some in found for one in some if one.scorecard == scorecard.name]
    proven = Counter(min(one.proven, top) for one in mine)
    possible = Counter(min(one.possible, top) for one in mine)
    return Distribution(
        proven=tuple(proven[rank] for rank in range(top + 1)),
        possible=tuple(possible[rank] for rank in range(top + 1)),
        total=len(mine),
    )


def scorecard_line(scorecard: Scorecard, counted: Distribution) -> ScorecardLine:
    """The distribution of a scorecard as a bar."""
    return ScorecardLine(
        scorecard=scorecard,
        segments=level_bar(scorecard.levels, counted.proven),
        total=counted.total,
        uncertain=max(
            sum(counted.possible[rank:]) - sum(counted.proven[rank:])
            for rank in range(len(scorecard.levels))
        ),
    )


def service_lines(
    scorecards: Sequence[Scorecard], services: Sequence[tuple[EntityLink, Sequence[Summary]]]
) -> tuple[ServiceLine, ...]:
    """What is assessed, the most failing checks first."""
    lines = [
        ServiceLine(link=link, marks=marks(scorecards, found)) for link, found in services if found
    ]
    return tuple(sorted(lines, key=lambda line: (-line.failing, line.link.ref)))
