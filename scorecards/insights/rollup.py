"""Rollups: results of many entities by what they have in common.

A number is never alone: beside what passed stand what failed, what is not known, what is exempt and
what does not apply. Groups are compared on the checks that both are judged by, and on no others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import compress
from typing import Generic, TypeVar

from scorecards.insights.trends import pass_rate
from scorecards.results import LETTERS

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")

_LETTERS = tuple(LETTERS.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The results of a scorecard in numbers, column by column: a place in all of them is an entity's."""

    entities: Sequence[int]
    proven: Sequence[int]
    possible: Sequence[int]
    outcomes: Sequence[str]
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
class Tallied:
    """A group, with all checks together."""

    total: int
    letters: Mapping[str, int]
    """Outcomes by letter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two groups on the checks that both are judged by."""

    checks: int
    """How many these are."""
    rate: Fraction | None
    """The mean over these checks of the pass rates; None: there are no such checks."""
    other: Fraction | None


def roll_up(
    columns: Columns, groups_of: Mapping[int, Collection[Key]], *, levels: int, checks: int
) -> list[Group[Key]]:
    """The groups that any entity is in, the largest first; each counts an entity once.

    Results made with another number of checks are left out: the next assessment replaces them. A
    level beyond the last counts as the last.
    """
    current = _current(columns, checks)
    rows = zip(current.proven, current.possible, current.outcomes, strict=True)
    together, _ = _together(current.entities, rows, groups_of)

    def count(alike: Sequence[tuple[int, int, str]]) -> list[int]:
        return _in_full(*zip(*alike, strict=True), levels=levels, checks=checks)

    summed = _summed(together, count)
    groups = [_group(key, numbers, levels) for key, numbers in summed.items()]
    return sorted(groups, key=lambda group: (-group.total, str(group.key)))


def tally_up(
    columns: Columns, groups_of: Mapping[int, Collection[Key]], *, checks: int
) -> tuple[dict[Key, Tallied], Tallied]:
    """The same groups in fewer numbers, by key, which is much faster; and what is in none."""
    current = _current(columns, checks)
    together, alone = _together(current.entities, current.outcomes, groups_of)
    summed = _summed(together, _in_letters)
    return {key: _tallied(numbers) for key, numbers in summed.items()}, _tallied(_in_letters(alone))


def whole(columns: Columns, *, levels: int, checks: int) -> Group[None]:
    """Every entity as one group. Results made with another number of checks count by level alone."""
    proven, possible = _by_level(columns.proven, levels), _by_level(columns.possible, levels)
    return Group(
        key=None,
        total=len(columns.entities),
        proven=tuple(proven),
        possible=tuple(possible),
        checks=letters_by_check("".join(_current(columns, checks).outcomes), checks),
    )


def letters_by_check(outcomes: str, checks: int) -> tuple[Mapping[str, int], ...]:
    """For each check entities by letter; `outcomes` are those of all entities, one after the other."""
    # Every so manieth letter is of the same check: cutting and counting texts is what C does fast.
    columns = (outcomes[check::checks] for check in range(checks))
    return tuple({letter: n for letter in _LETTERS if (n := of.count(letter))} for of in columns)


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


def _current(columns: Columns, checks: int) -> Columns:
    """Those made with so many checks."""
    if {*map(len, columns.outcomes)} <= {checks}:
        return columns
    chosen = [len(letters) == checks for letters in columns.outcomes]
    return Columns(
        entities=[*compress(columns.entities, chosen)],
        proven=[*compress(columns.proven, chosen)],
        possible=[*compress(columns.possible, chosen)],
        outcomes=[*compress(columns.outcomes, chosen)],
    )


def _together(
    entities: Sequence[int], rows: Iterable[Result], groups_of: Mapping[int, Collection[Key]]
) -> tuple[list[tuple[Collection[Key], list[Result]]], list[Result]]:
    """What is in the same groups, to be counted once for all of these; and what is in none.

    Equal collections are told by identity: where the same one is handed over for all, it is fast.
    """
    found: defaultdict[int, list[Result]] = defaultdict(list)
    for keys, row in zip(map(groups_of.get, entities), rows, strict=True):
        found[id(keys)].append(row)
    keys_of = {id(keys): keys for keys in groups_of.values()}
    together = [(keys_of.get(one, ()), rows) for one, rows in found.items()]
    return together, [row for keys, rows in together if not keys for row in rows]


def _summed(
    together: Iterable[tuple[Collection[Key], Sequence[Result]]],
    count: Callable[[Sequence[Result]], list[int]],
) -> dict[Key, list[int]]:
    """By group the sums of what is counted of the entities in it."""
    counted: dict[Key, list[list[int]]] = {}
    for keys, rows in together:
        numbers = count(rows)
        for key in dict.fromkeys(keys):
            counted.setdefault(key, []).append(numbers)
    return {key: [*map(sum, zip(*many, strict=True))] for key, many in counted.items()}


def _in_letters(outcomes: Sequence[str]) -> list[int]:
    """Entities, then outcomes by letter."""
    return [len(outcomes), *map("".join(outcomes).count, _LETTERS)]


def _tallied(numbers: Sequence[int]) -> Tallied:
    total, *letters = numbers
    return Tallied(total=total, letters=dict(zip(_LETTERS, letters, strict=True)))


def _in_full(
    proven: Sequence[int],
    possible: Sequence[int],
    outcomes: Sequence[str],
    *,
    levels: int,
    checks: int,
) -> list[int]:
    """Entities by proven level, then by possible level, then for each check by letter."""
    by_level = [*_by_level(proven, levels), *_by_level(possible, levels)]
    letters = letters_by_check("".join(outcomes), checks)
    return [*by_level, *(of.get(letter, 0) for of in letters for letter in _LETTERS)]


def _by_level(found: Sequence[int], levels: int) -> list[int]:
    below = [found.count(level) for level in range(levels - 1)]
    return [*below, len(found) - sum(below)]


def _group(key: Key, numbers: Sequence[int], levels: int) -> Group[Key]:
    """From the numbers of `_in_full`."""
    letters = numbers[2 * levels :]
    of_checks = [letters[n : n + len(_LETTERS)] for n in range(0, len(letters), len(_LETTERS))]
    return Group(
        key=key,
        total=sum(numbers[:levels]),
        proven=tuple(numbers[:levels]),
        possible=tuple(numbers[levels : 2 * levels]),
        checks=tuple(
            {letter: n for letter, n in zip(_LETTERS, one, strict=True) if n} for one in of_checks
        ),
    )


def _above(
    one: int, parents: Mapping[int, Collection[int]], known: dict[int, frozenset[int]]
) -> frozenset[int]:
    if one not in known:
        known[one] = closure([one], parents)
    return known[one]


def _mean(rates: Sequence[Fraction]) -> Fraction | None:
    return sum(rates, Fraction(0)) / len(rates) if rates else None
