"""Recent changes: which services of a team came to another level, when, and because of which checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.ui.models.changes.timeline import WHY
from portal.ui.models.levels import LevelMark, mark_of
from portal.ui.models.links import EntityLink
from portal.ui.models.looks import LOOKS, Look
from scorecards.evaluation.transitions import CheckChange, Reason, Stand, changed
from scorecards.insights.moves import Course
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

MOST_CHANGES = 8
MOST_CHECKS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A check that came to say something else, and so moved a level."""

    check: str
    """Id."""
    title: str
    look: Look
    """What it says since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelTurn:
    """A service that came to another level."""

    link: EntityLink
    at: datetime
    before: LevelMark
    after: LevelMark
    why: str
    turns: tuple[Turn, ...]
    more: int
    """Checks that are not listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """What happened to what a team owns."""

    turns: tuple[LevelTurn, ...] = ()
    total: int = 0


def recent(
    found: Iterable[tuple[Scorecard, Mapping[int, Course]]], links: Mapping[int, EntityLink]
) -> Recent:
    """The newest changes of levels of these entities, by id; those that begin or end are none."""
    turns = [
        turn
        for card, courses in found
        for entity, course in courses.items()
        if entity in links
        for turn in _turns(card, links[entity], course)
    ]
    turns.sort(key=lambda turn: (turn.at, turn.link.ref), reverse=True)
    return Recent(turns=tuple(turns[:MOST_CHANGES]), total=len(turns))


def _turns(card: Scorecard, link: EntityLink, course: Course) -> Iterable[LevelTurn]:
    before = course.opening
    for step in course.steps:
        after = step.stand
        if before is not None and after is not None and before.proven != after.proven:
            yield _turn(card, link, before, after, step.at, step.reason)
        before = after


def _turn(
    card: Scorecard, link: EntityLink, before: Stand, after: Stand, at: datetime, reason: Reason
) -> LevelTurn:
    told = _deciding(card, before, after)
    return LevelTurn(
        link=link,
        at=at,
        before=_mark(card, before),
        after=_mark(card, after),
        why=WHY[reason],
        turns=told[:MOST_CHECKS],
        more=max(0, len(told) - MOST_CHECKS),
    )


def _deciding(card: Scorecard, before: Stand, after: Stand) -> tuple[Turn, ...]:
    """The checks between the two levels that came to stand in the way, or no longer do."""
    low, high = sorted((before.proven, after.proven))
    fell = after.proven < before.proven
    checks = {check.id: check for check in card.checks if low < check.level <= high}
    return tuple(
        Turn(check=one.check, title=checks[one.check].title, look=LOOKS[one.after])
        for one in changed(before, after)
        if one.check in checks and one.after is not None and _stands_in_the_way(one) == fell
    )


def _stands_in_the_way(change: CheckChange) -> bool:
    return change.after in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)


def _mark(card: Scorecard, stand: Stand) -> LevelMark:
    said: Sequence[str] = list(stand.outcomes.values())
    return mark_of(
        card,
        proven=stand.proven,
        possible=stand.possible,
        passes=said.count(LETTERS[Outcome.PASS]),
        fails=said.count(LETTERS[Outcome.FAIL]),
        unknowns=said.count(LETTERS[Outcome.UNKNOWN]) + said.count(LETTERS[Outcome.ERROR]),
    )
