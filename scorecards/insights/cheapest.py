"""The cheapest changes of leaves that make rules pass: an exact search.

Where every leaf stands once, a tree is solved from below: `all` adds its parts up, `any` takes its
cheapest one, `at_least` its cheapest n. A leaf that stands several times is paid once, and cannot be
true here and false there; on such leaves the search branches, and bounds a branch by giving each
occurrence its share of the price. Leaves are taken as independent: that one expression implies
another is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from scorecards.results import Outcome
from scorecards.rules import All, Any, AtLeast, Leaf, Manual, Not, Rule, leaves

MOST_BRANCHES = 5_000
"""Branches of one search; after these the best that was found is the answer, and says so."""

Value: TypeAlias = bool | None
"""What a leaf is decided to be; None: it stays as it is."""

_NEVER = 1 << 60
_HOLDS = {Outcome.PASS: True, Outcome.FAIL: False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cheapest:
    """What has to change, if anything can."""

    changes: Mapping[str, bool] | None
    """By expression, what it has to become; None: no values of the leaves make the rules pass."""
    price: int
    """The sum of the prices of what changes; 0 where nothing does."""
    exact: bool
    """False: the search was cut short, and something cheaper may exist."""


def cheapest_changes(
    rules: Sequence[Rule], outcomes: Mapping[str, Outcome], prices: Mapping[str, int]
) -> Cheapest:
    """The cheapest changes after which every one of `rules` passes.

    `outcomes` are what the leaves say now, `prices` what it costs to change one, both by
    expression. An unknown leaf costs the same whichever way it is to turn out.
    """
    found: dict[str, bool] = {}
    price, exact = 0, True
    for group in _connected(rules):
        search = _Search(group, outcomes, prices)
        search.branch({})
        exact = exact and search.branches <= MOST_BRANCHES
        if search.best is None:
            return Cheapest(changes=None, price=0, exact=exact)
        found |= search.best
        price += search.price
    return Cheapest(changes=found, price=price, exact=exact)


def _connected(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """The rules in groups that have no leaf in common: each is a search of its own."""
    groups: list[tuple[set[str], list[Rule]]] = []
    for rule in rules:
        names = {leaf.expression for leaf in leaves(rule)}
        joined = [group for group in groups if group[0] & names]
        groups = [group for group in groups if group not in joined]
        groups.append(
            (
                names.union(*(group[0] for group in joined)),
                [*(one for group in joined for one in group[1]), rule],
            )
        )
    return (group for _, group in groups)


class _Search:
    """Branch and bound over the leaves that stand more than once in `rules`."""

    def __init__(
        self, rules: Sequence[Rule], outcomes: Mapping[str, Outcome], prices: Mapping[str, int]
    ) -> None:
        self._rule = All(parts=tuple(rules))
        self._outcomes = outcomes
        self._prices = prices
        counted = Counter(leaf.expression for leaf in leaves(self._rule))
        self._often = {name: n for name, n in counted.items() if n > 1}
        self.branches = 0
        self.best: dict[str, bool] | None = None
        self.price = _NEVER

    def branch(self, decided: dict[str, Value]) -> None:
        """Look for something cheaper than the best, where these leaves are decided."""
        self.branches += 1
        if self.branches > MOST_BRANCHES:
            return
        bound, wanted = self._cost(self._rule, True, decided)
        paid = {name: value for name, value in decided.items() if value is not None}
        bound += sum(self._prices[name] for name in paid)
        if bound >= self.price:
            return
        changed = dict(wanted)
        name = next((n for n, _ in wanted if n in self._often), None)
        if name is None:
            # Every leaf that stands often is decided, or stays: the bound is what it costs.
            self.best, self.price = paid | changed, bound
            return
        for value in self._options(name, changed[name]):
            self.branch({**decided, name: value})

    def _options(self, name: str, first: bool) -> tuple[Value, ...]:
        known = self._outcomes[name] in _HOLDS
        return (first, None) if known else (first, not first, None)

    def _cost(
        self, rule: Rule, wanted: bool, decided: Mapping[str, Value]
    ) -> tuple[int, tuple[tuple[str, bool], ...]]:
        """At least this is to be paid for `rule` to be `wanted`, by these changes."""
        match rule:
            case Leaf(expression=name):
                return self._leaf(name, wanted, decided)
            case Not(part=part):
                return self._cost(part, not wanted, decided)
            case All(parts=parts):
                needed = len(parts)
            case Any(parts=parts):
                needed = 1
            case AtLeast(parts=parts, count=count):
                needed = count
            case Manual():
                raise TypeError("an answer is given as a leaf")
            case _:
                assert_never(rule)
        # As many have to fail as leave too few that could pass.
        take = needed if wanted else len(parts) - needed + 1
        if take > len(parts):
            return _NEVER, ()
        each = sorted((self._cost(part, wanted, decided) for part in parts), key=lambda c: c[0])
        taken = each[: max(take, 0)]
        price = min(sum(one for one, _ in taken), _NEVER)
        return price, tuple(change for _, changes in taken for change in changes)

    def _leaf(
        self, name: str, wanted: bool, decided: Mapping[str, Value]
    ) -> tuple[int, tuple[tuple[str, bool], ...]]:
        now = _HOLDS.get(self._outcomes[name])
        if name in decided:
            value = decided[name]
            return (0 if (now if value is None else value) is wanted else _NEVER), ()
        if now is wanted:
            return 0, ()
        # Rounded down: the shares must never be more than the whole.
        return self._prices[name] // self._often.get(name, 1), ((name, wanted),)
