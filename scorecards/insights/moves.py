"""Moves: which checks came to say something else, for how many entities, and for which cause.

Courses through results with the same checks, changed for the same reasons, are looked at together: a column
of letters for each check, of which only a few kinds are different.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise, repeat

from scorecards.evaluation.transitions import Reason, Stand
from scorecards.results import LETTERS, Outcome

PASS, FAIL = LETTERS[Outcome.PASS], LETTERS[Outcome.FAIL]
_OPEN = {LETTERS[Outcome.UNKNOWN], LETTERS[Outcome.ERROR]}
_KNOWN = {PASS, FAIL}


class Cause(StrEnum):
    """What a part of a change is due to."""

    SERVICES = "services"
    """Services were changed, or grew older: what was known to be so is known to be otherwise."""
    RULES = "rules"
    """The scorecard was changed, published or withdrawn."""
    POPULATION = "population"
    """Entities came or went, or a check began or ceased to count for them."""
    COVERAGE = "coverage"
    """What was unknown became known, or the reverse."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A transition of a result."""

    at: datetime
    reason: Reason
    stand: Stand | None
    """None: the result ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """What happened to the result of one entity between two instants."""

    opening: Stand | None
    """At the first instant; None: there was no result."""
    steps: tuple[Step, ...]
    """In order of time, all after the first instant."""


@dataclass(kw_only=True, slots=True)
class Move:
    """How many more entities pass and fail; fewer, where it is negative."""

    passed: int = 0
    failed: int = 0

    def count(self, old: str | None, new: str | None, n: int) -> None:
        """Count `n` entities that went from one letter to another."""
        self.passed += n * ((new == PASS) - (old == PASS))
        self.failed += n * ((new == FAIL) - (old == FAIL))

    def take(self, other: Move) -> None:
        """Count what another one has counted."""
        self.passed += other.passed
        self.failed += other.failed


def check_moves(courses: Iterable[Course]) -> dict[str, dict[Cause, Move]]:
    """By check and cause, how many more entities pass and fail at the end of the courses."""
    moved: dict[str, dict[Cause, Move]] = {}
    for (checks, reasons, n), rows in _alike(courses).items():
        stages = [
            dict(zip(ids, zip(*letters, strict=True), strict=True)) if ids else {}
            for ids, letters in zip(checks, zip(*rows, strict=True), strict=True)
        ]
        for check in dict.fromkeys(check for ids in checks for check in ids):
            columns = [stage.get(check) for stage in stages]
            if columns[0] == columns[-1]:
                continue
            ways = zip(*(column or repeat(None) for column in columns), strict=False)
            for way, times in Counter(ways).items():
                if way[0] != way[-1]:
                    cause = _cause(way[0], way[-1], _last(way, reasons))
                    move = moved.setdefault(check, {}).setdefault(cause, Move())
                    move.count(way[0], way[-1], n * times)
    return moved


def why_last(course: Course, view: Callable[[Stand | None], object]) -> Reason:
    """Why what is looked at came to be what it is at the end."""
    stands = (course.opening, *(step.stand for step in course.steps))
    return _last([view(stand) for stand in stands], [step.reason for step in course.steps])


def _last(way: Sequence[object], reasons: Sequence[Reason]) -> Reason:
    """The reason, each of which led to the next of the way, that led to what is at the end."""
    last = Reason.FACTS
    for (before, after), reason in zip(pairwise(way), reasons, strict=True):
        if before != after:
            last = reason
    return last


Kind = tuple[tuple[tuple[str, ...], ...], tuple[Reason, ...], int]
"""Ids of the checks at each stage, why it was left for the next one, and of how many courses."""

Letters = tuple[tuple[str, ...], ...]
"""What the checks say at each stage."""


def _alike(courses: Iterable[Course]) -> dict[Kind, list[Letters]]:
    """Courses by their kind. Those through the same objects, whenever, are once there."""
    same: dict[tuple[object, ...], list[Course]] = {}
    for course in courses:
        way = ((step.reason, id(step.stand)) for step in course.steps)
        same.setdefault((id(course.opening), *way), []).append(course)
    found: dict[Kind, list[Letters]] = {}
    for ones in same.values():
        course = ones[0]
        stages = [_said(one) for one in (course.opening, *(step.stand for step in course.steps))]
        checks = tuple(tuple(stage) for stage in stages)
        kind = (checks, tuple(step.reason for step in course.steps), len(ones))
        found.setdefault(kind, []).append(tuple(tuple(stage.values()) for stage in stages))
    return found


def _said(stand: Stand | None) -> Mapping[str, str]:
    return {} if stand is None else stand.outcomes


def _cause(old: str | None, new: str | None, reason: Reason) -> Cause:
    if reason is Reason.RULES:
        return Cause.RULES
    if old in _KNOWN and new in _KNOWN:
        return Cause.SERVICES
    both = {old, new}
    return Cause.COVERAGE if both & _OPEN and both <= _OPEN | _KNOWN else Cause.POPULATION
