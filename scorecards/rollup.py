"""Rollups: results of many entities by what they have in common, and what they say of the rules.

A number is never alone: beside what passed stand what failed, what is not known, what is exempt and
what does not apply. Groups are compared on the checks that both are judged by, and on no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

from scorecards.results import LETTERS, Outcome
from scorecards.trends import Cause, Counts, Course, Move, check_moves, pass_rate

Key = TypeVar("Key", bound=Hashable)

_PASS, _FAIL, _EXEMPT = (LETTERS[o] for o in (Outcome.PASS, Outcome.FAIL, Outcome.EXEMPT))

OFTEN = Fraction(1, 10)
"""A check is often exempted where this share of the entities that it applies to is exempt."""


class Row(NamedTuple):
    """An entity's result in numbers."""

    entity: int
    proven: int
    possible: int
    outcomes: str
    """One of `results.LETTERS` for each check, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group(Generic[Key]):
    """Entities that have something in common."""

    key: Key
    total: int
    proven: tuple[int, ...]
    """Entities on each level, by index."""
    possible: tuple[int, ...]
    checks: tuple[Mapping[str, int], ...]
    """For each check in order, entities by letter."""

    @property
    def letters(self) -> Counter[str]:
        """All checks together."""
        return sum(map(Counter, self.checks), Counter[str]())


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two groups on the checks that both are judged by."""

    checks: int
    """How many these are."""
    rate: Fraction | None
    """The mean over these checks of the pass rates; None: there are no such checks."""
    other: Fraction | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckHistory:
    """What a check has said of anybody for a while."""

    check: str
    now: Mapping[str, int]
    """Entities by letter."""
    ever: frozenset[str]
    """Letters that any entity had."""
    improved: int
    """How many more entities pass because they were changed themselves; fewer, if negative."""


def roll_up(
    rows: Iterable[Row],
    groups_of: Mapping[int, Collection[Key]],
    *,
    levels: int,
    checks: int,
) -> list[Group[Key]]:
    """The groups that any entity is in, the largest first; each counts an entity once.

    Results made with another number of checks are left out: the next assessment replaces them. A
    level beyond the last counts as the last.
    """
    # Entities of the same groups are counted once, and then into each of these.
    together: dict[tuple[Key, ...], list[Row]] = {}
    for row in rows:
        if len(row.outcomes) == checks and (keys := groups_of.get(row.entity)):
            together.setdefault(tuple(dict.fromkeys(keys)), []).append(row)
    found: dict[Key, _Sums] = {}
    for keys, alike in together.items():
        sums = _count(alike, levels, checks)
        for key in keys:
            found.setdefault(key, _Sums(levels, checks)).take(sums)
    groups = [sums.group(key) for key, sums in found.items()]
    return sorted(groups, key=lambda group: (-group.total, str(group.key)))


def with_ancestors(
    owners: Mapping[int, Collection[int]], parents: Mapping[int, Collection[int]]
) -> dict[int, frozenset[int]]:
    """By entity, its owners and every group that these are in, however deep; cycles do no harm."""
    above: dict[int, frozenset[int]] = {}
    sets: dict[tuple[int, ...], frozenset[int]] = {}
    found = {}
    for entity, own in owners.items():
        key = tuple(own)
        if key not in sets:
            sets[key] = frozenset[int]().union(*(_above(one, parents, above) for one in key))
        found[entity] = sets[key]
    return found


def closure(start: Iterable[int], ways: Mapping[int, Collection[int]]) -> frozenset[int]:
    """Everything that the ways lead to from the start, which is part of it."""
    found = set(start)
    ahead = list(found)
    while ahead:
        fresh = set(ways.get(ahead.pop(), ())) - found
        found |= fresh
        ahead += fresh
    return frozenset(found)


def compare(one: Group[Key], other: Group[Key]) -> Comparison:
    """Two groups, on the checks by which at least one entity of each is judged.

    Each check has the same weight in both: a group whose entities face more of the hard checks does
    not look worse for that (Simpson's paradox).
    """
    rates = [
        (mine, theirs)
        for mine, theirs in (
            (pass_rate(a), pass_rate(b)) for a, b in zip(one.checks, other.checks, strict=True)
        )
        if mine is not None and theirs is not None
    ]
    return Comparison(
        checks=len(rates),
        rate=_mean([mine for mine, _ in rates]),
        other=_mean([theirs for _, theirs in rates]),
    )


def improved(courses: Iterable[Course]) -> int:
    """How many more checks pass because the entities themselves were changed."""
    return sum(_improved(causes) for causes in check_moves(courses).values())


def check_histories(
    now: Counts, base: Counts, courses: Sequence[Course]
) -> tuple[CheckHistory, ...]:
    """For each check that there is now, what it has said since the time of `base`."""
    ever: dict[str, set[str]] = {check: {*letters} for check, letters in base.checks.items()}
    for course in courses:
        for step in course.steps:
            if step.stand is not None:
                for check, letter in step.stand.outcomes.items():
                    ever.setdefault(check, set()).add(letter)
    moves = check_moves(courses)
    return tuple(
        CheckHistory(
            check=check,
            now=letters,
            ever=frozenset(ever.get(check, set()) | {*+letters}),
            improved=_improved(moves.get(check, {})),
        )
        for check, letters in now.checks.items()
    )


def always(histories: Iterable[CheckHistory], outcome: Outcome) -> list[CheckHistory]:
    """Checks that said this and never the other of pass and fail, of anybody."""
    wanted = LETTERS[outcome]
    return [one for one in histories if one.ever & {_PASS, _FAIL} == {wanted}]


def often_exempted(histories: Iterable[CheckHistory]) -> list[CheckHistory]:
    """Checks that are excused more than they should be, the most excused first."""
    shares = [(share, one) for one in histories if (share := exempt_share(one.now)) is not None]
    found = [(share, one) for share, one in shares if share >= OFTEN]
    return [one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1].check))]


def exempt_share(letters: Mapping[str, int]) -> Fraction | None:
    """Exempt ones of all that the check applies to; None: it applies to nobody."""
    applies = sum(letters.values()) - letters.get(LETTERS[Outcome.NOT_APPLICABLE], 0)
    return Fraction(letters.get(_EXEMPT, 0), applies) if applies else None


def most_failed(histories: Iterable[CheckHistory]) -> list[CheckHistory]:
    """Checks that any entity fails, the most failed first."""
    failed = [one for one in histories if one.now.get(_FAIL, 0)]
    return sorted(failed, key=lambda one: (-one.now[_FAIL], one.check))


def most_improved(histories: Iterable[CheckHistory]) -> list[CheckHistory]:
    """Checks that more entities came to pass than to fail, the most improved first."""
    gained = [one for one in histories if one.improved > 0]
    return sorted(gained, key=lambda one: (-one.improved, one.check))


def _improved(causes: Mapping[Cause, Move]) -> int:
    move = causes.get(Cause.SERVICES)
    return 0 if move is None else move.passed


class _Sums:
    """Entities by level, and for each check by letter."""

    __slots__ = ("letters", "possible", "proven")

    def __init__(self, levels: int, checks: int) -> None:
        self.proven, self.possible = [0] * levels, [0] * levels
        self.letters = [Counter[str]() for _ in range(checks)]

    def take(self, other: _Sums) -> None:
        for mine, theirs in ((self.proven, other.proven), (self.possible, other.possible)):
            for level, n in enumerate(theirs):
                mine[level] += n
        for count, more in zip(self.letters, other.letters, strict=True):
            for letter, n in more.items():
                count[letter] += n

    def group(self, key: Key) -> Group[Key]:
        return Group(
            key=key,
            total=sum(self.proven),
            proven=tuple(self.proven),
            possible=tuple(self.possible),
            checks=tuple(self.letters),
        )


def _count(rows: Sequence[Row], levels: int, checks: int) -> _Sums:
    sums = _Sums(levels, checks)
    for row in rows:
        sums.proven[min(row.proven, levels - 1)] += 1
        sums.possible[min(row.possible, levels - 1)] += 1
    # What is said of the same check is counted in one go: this is where the time goes.
    columns = zip(*(row.outcomes for row in rows), strict=True)
    for count, column in zip(sums.letters, columns, strict=True):
        count.update(column)
    return sums


def _above(
    one: int, parents: Mapping[int, Collection[int]], known: dict[int, frozenset[int]]
) -> frozenset[int]:
    if one not in known:
        known[one] = closure([one], parents)
    return known[one]


def _mean(rates: Sequence[Fraction]) -> Fraction | None:
    return sum(rates, Fraction(0)) / len(rates) if rates else None
