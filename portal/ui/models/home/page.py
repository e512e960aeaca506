"""The home page: what needs attention, and how the catalog stands."""

from __future__ import annotations

from dataclasses import dataclass

from portal.ui.models.changes.recent import Recent
from portal.ui.models.home.attention import Attention, Fix
from portal.ui.models.home.fixes import Fixes
from portal.ui.models.looks import plural
from portal.ui.models.paging import Params
from portal.ui.models.scorecards.standing import ScorecardLine, ServiceLine
from scorecards.scorecard import Scorecard

MOST_FIXES = 15
MOST_UNKNOWN = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamChoice:
    """A group that owns something."""

    ref: str
    title: str
    count: int
    """Of everything that it owns."""
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HomePage:
    """Everything that the page shows."""

    team_title: str
    """'' for everyone."""
    owned: int
    """Entities of the team."""
    teams: tuple[TeamChoice, ...]
    assessed: bool
    waits: bool
    """Nothing is assessed yet, and something waits to be."""
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
    same: tuple[tuple[str, str], ...]
    """Of each scorecard its title, and the address of its advice below that of the API."""

    @property
    def starred_scorecards(self) -> tuple[Scorecard, ...]:
        """Those that any of the starred has a level on."""
        cards = (line.scorecard for line in self.distributions)
        return tuple(c for c in cards if any(c.name in s.marks for s in self.starred))


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
