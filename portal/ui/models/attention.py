"""The attention list: which failing checks keep which services from their next level.

Only checks of the next level count: fixing one further up changes nothing yet. What is unknown is
listed apart, because there the data is to be mended and not the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.db.results import Summary
from portal.ui.models.levels import shade_of
from portal.ui.models.links import EntityLink
from portal.ui.models.looks import LOOKS, Look
from scorecards.lifecycle import counts
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Check, Scorecard

EFFORTS = {"minutes": 0, "hours": 1, "days": 2}
"""Order of the rough costs; anything else comes last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocker:
    """One check that keeps one service from its next level."""

    service: EntityLink
    scorecard: str
    scorecard_title: str
    check: Check
    blocks: str
    """Name of the level that it keeps the service from."""
    rank: int
    top: int
    remaining: int
    """Blockers of the same level that the service has in all, unknown ones included."""
    state: Outcome
    """Fail, unknown or error."""

    @property
    def look(self) -> Look:
        """The pill of its state."""
        return LOOKS[self.state]

    @property
    def shade(self) -> int:
        """The color of the level that it blocks."""
        return shade_of(self.rank, self.top)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """What to look at, most rewarding first."""

    failing: tuple[Blocker, ...]
    unknown: tuple[Blocker, ...]


def blockers(service: EntityLink, scorecard: Scorecard, summary: Summary) -> list[Blocker]:
    """What keeps one service from the next level of one scorecard; nothing at the top."""
    following = summary.proven + 1
    if following >= len(scorecard.levels) or len(summary.outcomes) != len(scorecard.checks):
        return []
    states = {
        LETTERS[outcome]: outcome for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
    }
    open_checks = [
        (check, states[letter])
        for check, letter in zip(scorecard.checks, summary.outcomes, strict=True)
        if check.level == following and letter in states
        if counts(check.lifecycle, summary.evaluated_at)
    ]
    return [
        Blocker(
            service=service,
            scorecard=scorecard.name,
            scorecard_title=scorecard.title,
            check=check,
            blocks=scorecard.levels[following].name,
            rank=following,
            top=len(scorecard.levels) - 1,
            remaining=len(open_checks),
            state=state,
        )
        for check, state in open_checks
    ]


def attention(
    scorecards: Sequence[Scorecard],
    services: Iterable[tuple[EntityLink, Sequence[Summary]]],
) -> Attention:
    """The list for these services: closest to the next level first, then the cheapest fix."""
    by_name: Mapping[str, Scorecard] = {card.name: card for card in scorecards}
    found = [
        blocker
        for service, summaries in services
        for summary in summaries
        if summary.scorecard in by_name
        for blocker in blockers(service, by_name[summary.scorecard], summary)
    ]
    found.sort(
        key=lambda b: (
            b.remaining,
            b.rank,
            EFFORTS.get(b.check.effort, len(EFFORTS)),
            b.service.ref,
            b.check.id,
        )
    )
    return Attention(
        failing=tuple(b for b in found if b.state is Outcome.FAIL),
        unknown=tuple(b for b in found if b.state is not Outcome.FAIL),
    )
