"""The attention list: which failing checks keep which services from their next level, each check once.

Only checks of the next level count: fixing one further up changes nothing yet, unless a campaign wants
it by a day. What is unknown is listed apart, because there the data is to be mended and not the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from portal.db.evaluation.results import Summary
from portal.ui.models.levels import shade_of
from portal.ui.models.links import EntityLink
from portal.ui.models.looks import LOOKS, Look, plural
from scorecards.lifecycle import counts
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Check, Scorecard

MOST_SERVICES = 3
"""Services that are listed with one check."""

FAR_OFF = datetime(9999, 1, 1, tzinfo=UTC)

EFFORTS = {"minutes": 0, "hours": 1, "days": 2}
"""Order of the rough costs; anything else comes last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The campaign that wants a check to pass, and by when."""

    on: datetime
    """The beginning of the day."""
    name: str
    title: str

    def words(self, now: datetime) -> str:
        """'due in 5 days', 'due today', '3 days overdue'."""
        days = (self.on.date() - now.date()).days
        if days < 0:
            return f"{plural(-days, 'day')} overdue"
        return f"due in {plural(days, 'day')}" if days else "due today"


Dues: TypeAlias = Mapping[tuple[str, str, str], Due]
"""By ref of the entity, name of the scorecard and id of the check."""


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
    """Blockers up to this level that the service has in all, unknown ones included."""
    state: Outcome
    """Fail, unknown or error."""
    due: Due | None

    @property
    def look(self) -> Look:
        """The pill of its state."""
        return LOOKS[self.state]

    @property
    def shade(self) -> int:
        """The color of the level that it blocks."""
        return shade_of(self.rank, self.top)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """One check that keeps services from their next level: what is alike is done in one go."""

    blockers: tuple[Blocker, ...]
    """The first of them, the one to begin with first."""
    more: int
    """Services that are not listed."""

    @property
    def first(self) -> Blocker:
        """The one by which the check has its place in the list."""
        return self.blockers[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """What to look at, most rewarding first."""

    failing: tuple[Fix, ...]
    unknown: tuple[Fix, ...]


def blockers(
    service: EntityLink, scorecard: Scorecard, summary: Summary, dues: Dues
) -> list[Blocker]:
    """What keeps one service from the next level of one scorecard, and what is due further up.

    Nothing at the top.
    """
    following = summary.proven + 1
    if following >= len(scorecard.levels) or len(summary.outcomes) != len(scorecard.checks):
        return []
    states = {
        LETTERS[outcome]: outcome for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
    }
    open_checks = [
        (check, states[letter], dues.get((service.ref, scorecard.name, check.id)))
        for check, letter in zip(scorecard.checks, summary.outcomes, strict=True)
        if check.level >= following and letter in states
        if counts(check.lifecycle, summary.evaluated_at)
    ]
    return [
        Blocker(
            service=service,
            scorecard=scorecard.name,
            scorecard_title=scorecard.title,
            check=check,
            blocks=scorecard.levels[check.level].name,
            rank=check.level,
            top=len(scorecard.levels) - 1,
            remaining=sum(other.level <= check.level for other, _, _ in open_checks),
            state=state,
            due=due,
        )
        for check, state, due in open_checks
        if check.level == following or due
    ]


def attention(
    scorecards: Sequence[Scorecard],
    services: Iterable[tuple[EntityLink, Sequence[Summary]]],
    dues: Dues,
) -> Attention:
    """The list for these services: what is due first, then what is closest to the next level.

    Of what is equally close the cheapest fix comes first.
    """
    by_name: Mapping[str, Scorecard] = {card.name: card for card in scorecards}
    found = [
        blocker
        for service, summaries in services
        for summary in summaries
        if summary.scorecard in by_name
        for blocker in blockers(service, by_name[summary.scorecard], summary, dues)
    ]
    found.sort(
        key=lambda b: (
            b.due.on if b.due else FAR_OFF,
            b.remaining,
            b.rank,
            EFFORTS.get(b.check.effort, len(EFFORTS)),
            b.service.ref,
            b.check.id,
        )
    )
    return Attention(
        failing=_by_check(b for b in found if b.state is Outcome.FAIL),
        unknown=_by_check(b for b in found if b.state is not Outcome.FAIL),
    )


def _by_check(found: Iterable[Blocker]) -> tuple[Fix, ...]:
    """Each check once, where its first service stands."""
    checks: dict[tuple[str, str], list[Blocker]] = {}
    for one in found:
        checks.setdefault((one.scorecard, one.check.id), []).append(one)
    return tuple(
        Fix(blockers=tuple(some[:MOST_SERVICES]), more=max(0, len(some) - MOST_SERVICES))
        for some in checks.values()
    )
