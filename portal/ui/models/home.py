"""The home page: what needs attention, and how the catalog stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.db.evaluation.results import Distribution, Summary
from portal.ui.models.attention import Attention, Fix
from portal.ui.models.charts import Segment, level_bar
from portal.ui.models.fixes import Fixes
from portal.ui.models.levels import LevelMark, marks
from portal.ui.models.links import EntityLink
from portal.ui.models.looks import plural
from portal.ui.models.paging import Params
from portal.ui.models.recent import Recent
from scorecards.scorecard import Scorecard

MOST_FIXES = 15
MOST_UNKNOWN = 8
MOST_SERVICES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamChoice:
    """A group that owns something."""

    ref: str
    title: str
    count: int
    """Of everything that it owns."""
    chosen: bool


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


@dataclass(frozen=True, kw_only=True, slots=True)
class HomePage:
    """Everything that the page shows."""

    team_title: str
    """'' for everyone."""
    owned: int
    """Entities of the team."""
    teams: tuple[TeamChoice, ...]
    assessed: bool
    fixes: Fixes
    """For everyone: what lifts most."""
    failing: tuple[Fix, ...]
    """For a team: what each of its services lacks."""
    attention_note: str
    unknown: tuple[Fix, ...]
    unknown_note: str
    recent: Recent
    starred: tuple[ServiceLine, ...]
    services: tuple[ServiceLine, ...]
    services_note: str
    services_params: Params
    scorecards: tuple[Scorecard, ...]
    """Those that any of the services has a level on."""
    kinds: tuple[tuple[str, int], ...]
    distributions: tuple[ScorecardLine, ...]
    errors: int
    warnings: int

    @property
    def starred_scorecards(self) -> tuple[Scorecard, ...]:
        """Those that any of the starred has a level on."""
        cards = (line.scorecard for line in self.distributions)
        return tuple(c for c in cards if any(c.name in s.marks for s in self.starred))


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


def attention_note(found: Attention) -> str:
    """What is listed, and what is not."""
    count = len(found.failing)
    if not count:
        return ""
    order = "what is due first" if found.failing[0].first.due else "closest to the next level first"
    if count <= MOST_FIXES:
        return f"{plural(count, 'check')}, {order}"
    return f"The first {MOST_FIXES} of {count}, {order}"


def unknown_note(found: Attention) -> str:
    """What is listed of the checks without data, and what is not."""
    count = len(found.unknown)
    if count <= MOST_UNKNOWN:
        return "Neither passed nor failed: the data is missing"
    return f"{MOST_UNKNOWN} of {count}; neither passed nor failed: the data is missing"
