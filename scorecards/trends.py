"""Trends: where entities stood at each instant, and what a change between two of them is made of.

Every entity, and every check of every entity, is in one state at the first instant and in one at
the second. A difference has one cause, that of the last transition that made it: so the parts add
up to the whole. Of a rate, which no sum of parts is, each cause gets its mean effect over all
orders in which the causes could have come (Shapley, A Value for n-Person Games, 1953); exact
fractions add up, too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import partial
from itertools import permutations

from scorecards.results import LETTERS, Outcome
from scorecards.transitions import Reason, Stand

_PASS, _FAIL = LETTERS[Outcome.PASS], LETTERS[Outcome.FAIL]
_OPEN = {LETTERS[Outcome.UNKNOWN], LETTERS[Outcome.ERROR]}
_KNOWN = {_PASS, _FAIL}


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
class Counts:
    """How many entities are on each level, and say what on each check."""

    proven: Counter[int] = field(default_factory=Counter)
    possible: Counter[int] = field(default_factory=Counter)
    checks: dict[str, Counter[str]] = field(default_factory=dict)
    """By id of the check, entities by letter."""

    def add(self, stand: Stand | None, n: int = 1) -> None:
        """Count `n` entities that stand there; a negative `n` takes them away."""
        if stand is not None:
            self.proven[stand.proven] += n
            self.possible[stand.possible] += n
            for check, letter in stand.outcomes.items():
                self.checks.setdefault(check, Counter())[letter] += n

    def move(self, before: Stand | None, after: Stand | None, n: int) -> None:
        """Let `n` entities go from one stand to another: only what differs is touched."""
        if before is None or after is None:
            self.add(before, -n)
            self.add(after, n)
            return
        for counter, old, new in (
            (self.proven, before.proven, after.proven),
            (self.possible, before.possible, after.possible),
        ):
            counter[old] -= n
            counter[new] += n
        for one, other, sign in ((before, after, -n), (after, before, n)):
            others = other.outcomes
            for check, letter in one.outcomes.items():
                if others.get(check) != letter:
                    self.checks.setdefault(check, Counter())[letter] += sign

    def copy(self) -> Counts:
        """The same counts, apart."""
        checks = {check: +letters for check, letters in self.checks.items()}
        return Counts(
            proven=+self.proven,
            possible=+self.possible,
            checks={check: letters for check, letters in checks.items() if letters},
        )

    @property
    def total(self) -> int:
        """Entities with a result."""
        return self.proven.total()

    @property
    def letters(self) -> Counter[str]:
        """All checks together."""
        return sum(self.checks.values(), Counter[str]())


@dataclass(frozen=True, kw_only=True, slots=True)
class RateChange:
    """How a pass rate changed, and the parts of that: they add up to it."""

    before: Fraction | None
    """Passed of passed and failed; None: there are neither."""
    after: Fraction | None
    parts: Mapping[Cause, Fraction] | None
    """None where one of the rates is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """A change between two instants, in parts."""

    levels: Mapping[Cause, Mapping[int, int]]
    """By cause and proven level, how many entities more, or fewer, are on it."""
    rate: RateChange
    """Of all checks together."""
    checks: Mapping[str, RateChange]
    """By id of the check; only of those for which anything changed."""


def pass_rate(letters: Mapping[str, int]) -> Fraction | None:
    """Passed of passed and failed. What is unknown, exempt or does not apply is not counted."""
    passed, failed = letters.get(_PASS, 0), letters.get(_FAIL, 0)
    return Fraction(passed, passed + failed) if passed + failed else None


def within(course: Course, spans: Sequence[tuple[datetime, datetime | None]]) -> Iterable[Step]:
    """The course of an entity that is looked at only in these spans, in order, from the very start.

    Where a span begins or ends, it comes or goes. A step at the time of an instant comes first.
    """
    edges = [(at, True) for at, _ in spans] + [(end, False) for _, end in spans if end is not None]
    moments: list[tuple[datetime, Step | bool]] = [(step.at, step) for step in course.steps]
    moments += edges
    stand, inside = course.opening, False
    for at, what in sorted(moments, key=lambda moment: moment[0]):
        if isinstance(what, Step):
            stand = what.stand
            if inside:
                yield what
        else:
            inside = what
            yield Step(at=at, reason=Reason.ENTITY, stand=stand if inside else None)


def snapshots(
    base: Counts, courses: Iterable[Course], instants: Sequence[datetime]
) -> list[Counts]:
    """The counts at each of the instants, which are in order; `base` are those at the first."""
    # From instant to instant most entities go the same few ways, which are counted by identity.
    ways: list[dict[tuple[int, int], tuple[Stand | None, Stand | None, int]]]
    ways = [{} for _ in range(len(instants) + 1)]
    for course in courses:
        before = course.opening
        for step in course.steps:
            until = ways[bisect_left(instants, step.at)]
            key = (id(before), id(step.stand))
            *_, n = until.get(key, (None, None, 0))
            until[key] = before, step.stand, n + 1
            before = step.stand
    counts, found = base.copy(), []
    for until in ways[:-1]:
        for before, after, n in until.values():
            counts.move(before, after, n)
        found.append(counts.copy())
    return found


def split(base: Counts, courses: Iterable[Course]) -> Split:
    """What changed from the first instant, whose counts are `base`, to the end of the courses."""
    found = [course for course in courses if course.steps]
    moved = check_moves(found)
    every: dict[Cause, Move] = {}
    for causes in moved.values():
        for cause, move in causes.items():
            every.setdefault(cause, Move()).take(move)
    return Split(
        levels=_level_moves(found),
        rate=_rate_change(base.letters, every),
        checks={
            check: _rate_change(base.checks.get(check, {}), causes)
            for check, causes in sorted(moved.items())
        },
    )


def check_moves(courses: Iterable[Course]) -> dict[str, dict[Cause, Move]]:
    """By check and cause, how many more entities pass and fail at the end of the courses."""
    moved: dict[str, dict[Cause, Move]] = {}
    for course, n in _alike(courses):
        before = _outcomes(course.opening)
        after = _outcomes(course.steps[-1].stand if course.steps else course.opening)
        for check in before.keys() | after.keys():
            old, new = before.get(check), after.get(check)
            if old != new:
                cause = _cause_of_check(old, new, why_last(course, partial(_outcome_of, check)))
                moved.setdefault(check, {}).setdefault(cause, Move()).count(old, new, n)
    return moved


def _alike(courses: Iterable[Course]) -> Iterable[tuple[Course, int]]:
    """Courses through the same objects, whenever, once with their number: most are alike."""
    found: dict[tuple[object, ...], tuple[Course, int]] = {}
    for course in courses:
        way = ((step.reason, id(step.stand)) for step in course.steps)
        key = (id(course.opening), *way)
        first, n = found.get(key, (course, 0))
        found[key] = (first, n + 1)
    return found.values()


@dataclass(kw_only=True, slots=True)
class Move:
    """How many more entities pass and fail; fewer, where it is negative."""

    passed: int = 0
    failed: int = 0

    def count(self, old: str | None, new: str | None, n: int) -> None:
        """Count `n` entities that went from one letter to another."""
        self.passed += n * ((new == _PASS) - (old == _PASS))
        self.failed += n * ((new == _FAIL) - (old == _FAIL))

    def take(self, other: Move) -> None:
        """Count what another one has counted."""
        self.passed += other.passed
        self.failed += other.failed


def _level_moves(courses: Iterable[Course]) -> dict[Cause, dict[int, int]]:
    levels: dict[Cause, Counter[int]] = {cause: Counter() for cause in Cause}
    for course in courses:
        before, after = course.opening, course.steps[-1].stand
        if _level(before) != _level(after):
            cause = _cause_of_level(before, after, why_last(course, _level))
            if before is not None:
                levels[cause][before.proven] -= 1
            if after is not None:
                levels[cause][after.proven] += 1
    return {cause: {k: n for k, n in found.items() if n} for cause, found in levels.items()}


def _rate_change(start: Mapping[str, int], moves: Mapping[Cause, Move]) -> RateChange:
    passed, failed = start.get(_PASS, 0), start.get(_FAIL, 0)
    before = pass_rate(start)
    end = _after(passed, failed, moves.values())
    if before is None or end is None:
        return RateChange(before=before, after=end, parts=None)
    parts = dict.fromkeys(Cause, Fraction(0))
    orders = list(permutations(moves))
    for order in orders:
        rate = before
        for n, cause in enumerate(order, start=1):
            reached = _after(passed, failed, [moves[one] for one in order[:n]])
            if reached is None:  # nothing passes or fails halfway: nothing can be said yet
                continue
            parts[cause] += (reached - rate) / len(orders)
            rate = reached
    return RateChange(before=before, after=end, parts=parts)


def _after(passed: int, failed: int, moves: Iterable[Move]) -> Fraction | None:
    for move in moves:
        passed += move.passed
        failed += move.failed
    return pass_rate({_PASS: passed, _FAIL: failed})


def why_last(course: Course, view: Callable[[Stand | None], object]) -> Reason:
    """Why what is looked at came to be what it is at the end."""
    if len(course.steps) == 1:
        return course.steps[0].reason
    before = course.opening
    reason = Reason.FACTS
    for step in course.steps:
        if view(before) != view(step.stand):
            reason = step.reason
        before = step.stand
    return reason


def _cause_of_level(before: Stand | None, after: Stand | None, reason: Reason) -> Cause:
    if reason is Reason.RULES:
        return Cause.RULES
    if before is None or after is None:
        return Cause.POPULATION
    # Only what is known moved, where the best case is what it was.
    return Cause.COVERAGE if before.possible == after.possible else Cause.SERVICES


def _cause_of_check(old: str | None, new: str | None, reason: Reason) -> Cause:
    if reason is Reason.RULES:
        return Cause.RULES
    if old in _KNOWN and new in _KNOWN:
        return Cause.SERVICES
    both = {old, new}
    return Cause.COVERAGE if both & _OPEN and both <= _OPEN | _KNOWN else Cause.POPULATION


def _level(stand: Stand | None) -> int | None:
    return None if stand is None else stand.proven


def _outcome_of(check: str, stand: Stand | None) -> str | None:
    return None if stand is None else stand.outcomes.get(check)


def _outcomes(stand: Stand | None) -> Mapping[str, str]:
    return {} if stand is None else stand.outcomes
