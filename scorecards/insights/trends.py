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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import permutations

from scorecards.evaluation.transitions import Reason, Stand
from scorecards.insights.moves import FAIL, PASS, Cause, Course, Move, Step, check_moves, why_last


@dataclass(kw_only=True, slots=True)
class Counts:
    """How many entities are on each level, and say what on each check."""

    proven: Counter[int] = field(default_factory=Counter)
    possible: Counter[int] = field(default_factory=Counter)
    checks: dict[str, Counter[str]] = field(default_factory=dict)
    """By id of the check, entities by letter."""

    def add(self, stands: Iterable[tuple[Stand | None, int]]) -> None:
        """Count so many entities that stand there; a negative number takes them away."""
        alike: dict[tuple[tuple[str, ...], int], list[Iterable[str]]] = {}
        for stand, n in stands:
            if stand is not None and n:
                self.proven[stand.proven] += n
                self.possible[stand.possible] += n
                alike.setdefault((tuple(stand.outcomes), n), []).append(stand.outcomes.values())
        for (checks, n), rows in alike.items():
            # A column for each check: one by one, this would take most of the time of a trend.
            for check, column in zip(checks, zip(*rows, strict=True), strict=True):
                letters = self.checks.setdefault(check, Counter())
                for letter, times in Counter(column).items():
                    letters[letter] += n * times

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
    passed, failed = letters.get(PASS, 0), letters.get(FAIL, 0)
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
    # Equal stands are the same object, so most of what comes and goes is counted by identity.
    moved: list[dict[int, tuple[Stand | None, int]]] = [{} for _ in range(len(instants) + 1)]
    for course in courses:
        before = course.opening
        for step in course.steps:
            until = moved[bisect_left(instants, step.at)]
            for stand, sign in ((before, -1), (step.stand, 1)):
                until[id(stand)] = stand, until.get(id(stand), (None, 0))[1] + sign
            before = step.stand
    counts, found = base.copy(), []
    for until in moved[:-1]:
        counts.add(until.values())
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
    passed, failed = start.get(PASS, 0), start.get(FAIL, 0)
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
    return pass_rate({PASS: passed, FAIL: failed})


def _cause_of_level(before: Stand | None, after: Stand | None, reason: Reason) -> Cause:
    if reason is Reason.RULES:
        return Cause.RULES
    if before is None or after is None:
        return Cause.POPULATION
    # Only what is known moved, where the best case is what it was.
    return Cause.COVERAGE if before.possible == after.possible else Cause.SERVICES


def _level(stand: Stand | None) -> int | None:
    return None if stand is None else stand.proven
