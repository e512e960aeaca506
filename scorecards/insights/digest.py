"""The digest of a week: levels that were gained and lost, and checks that came to fail.

Pure; what happened comes from transitions, as trends do. A level that is only no longer certain was
not lost: that data is missing is not the team's doing. Nor is it what a change of the rules does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from scorecards.evaluation.transitions import Reason, Stand
from scorecards.insights.moves import Course, why_last
from scorecards.results import LETTERS, Outcome

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_PASS, _FAIL = LETTERS[Outcome.PASS], LETTERS[Outcome.FAIL]


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """A week of ISO 8601, from Monday to Monday in UTC."""

    name: str
    """As 2026-W30."""
    start: datetime
    end: datetime


FIRST = date(1970, 1, 5)
"""The first Monday that may be asked for: nothing is kept from before."""


def week_named(name: str) -> Week | None:
    """The week of this name; None: there is none, or none before it."""
    found = _WEEK.fullmatch(name)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
        # Whoever shows a week names the one before, which the first of all does not have.
        return None if monday is None or monday < FIRST else _week(monday)
    except (ValueError, OverflowError):
        return None


def week_at(moment: datetime) -> Week:
    """The week in which the moment is."""
    day = moment.astimezone(UTC).date()
    return _week(day - timedelta(days=day.weekday()))


def _week(monday: date) -> Week:
    year, number, _ = monday.isocalendar()
    start = datetime.combine(monday, time(), UTC)
    return Week(name=f"{year:04}-W{number:02}", start=start, end=start + timedelta(days=7))


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelChange:
    """An entity that ended the week on another level than it began it with."""

    entity: int
    """Its id."""
    before: int
    after: int
    """Proven; of a lost level the one that it can still have."""
    reason: Reason
    """Of the last transition that changed it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What happened on one scorecard. What was not there at both ends of the week is not in it."""

    gained: tuple[LevelChange, ...]
    lost: tuple[LevelChange, ...]
    by_rules: int
    """Entities whose level is another because the scorecard is: neither gained nor lost."""
    failing: Mapping[int, int]
    """By entity, how many checks passed when the week began and failed when it ended."""


def changes_of(courses: Mapping[int, Course], *, gates: Collection[str]) -> Changes:
    """What happened to these entities; `gates` are the checks that keep a level away."""
    gained, lost, failing = [], [], Counter[int]()
    by_rules = 0
    for entity, course in courses.items():
        if course.opening is None or not course.steps or course.steps[-1].stand is None:
            continue
        before, after = course.opening, course.steps[-1].stand
        if before.proven != after.proven:
            reason = why_last(course, _proven)
            if reason is Reason.RULES:
                by_rules += 1
            elif after.proven > before.proven:
                gained.append(_change(entity, before.proven, after.proven, reason))
            elif after.possible < before.proven:
                lost.append(_change(entity, before.proven, after.possible, reason))
        if worse := sum(_came_to_fail(course, before, after, check) for check in gates):
            failing[entity] = worse
    order = _furthest_first
    return Changes(gained=order(gained), lost=order(lost), by_rules=by_rules, failing=failing)


def _change(entity: int, before: int, after: int, reason: Reason) -> LevelChange:
    return LevelChange(entity=entity, before=before, after=after, reason=reason)


def _came_to_fail(course: Course, before: Stand, after: Stand, check: str) -> bool:
    if before.outcomes.get(check) != _PASS or after.outcomes.get(check) != _FAIL:
        return False
    return why_last(course, lambda s: s and s.outcomes.get(check)) is not Reason.RULES


def _furthest_first(found: Iterable[LevelChange]) -> tuple[LevelChange, ...]:
    return tuple(sorted(found, key=lambda one: (-abs(one.after - one.before), one.entity)))


def _proven(stand: Stand | None) -> int | None:
    return None if stand is None else stand.proven
