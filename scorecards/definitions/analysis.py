"""Analysis: rules that say nothing, whatever the facts are, and parts of them that say nothing.

It claims only what follows from the tree and from comparisons with constants
(`scorecards.expressions.worlds`): every claim is right, and not everything that could be claimed is
found. Facts are taken as known; what is unknown makes a rule unknown, and no better or worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from catalog.pointers import Step
from scorecards.expressions.syntax import Expression
from scorecards.expressions.worlds import Worlds
from scorecards.rules import All, Any, AtLeast, Leaf, Manual, Not, Rule, leaves

Trees: TypeAlias = Mapping[str, Expression]
"""By expression, its syntax."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlwaysPasses:
    """The rule holds in every world."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NeverPasses:
    """The rule holds in no world."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """A part that stands beside itself."""

    path: tuple[Step, ...]
    """From the rule to the part, as keys and indexes of the document."""
    counted: bool
    """Whether it counts twice, in `at_least`; else it changes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Redundant:
    """A part of `all` or `any` without which the rule would be the same."""

    path: tuple[Step, ...]


Finding: TypeAlias = AlwaysPasses | NeverPasses | Duplicate | Redundant


def analyze(
    rule: Rule, applies_to: Sequence[Leaf], trees: Trees, *, integers: frozenset[str]
) -> tuple[Finding, ...]:
    """What is wrong with a rule where all conditions of `applies_to` hold.

    `trees` has every leaf of both; `integers` are the facts that are whole numbers. A rule that
    has more distinct leaves than `worlds.MOST_LEAVES`, and more comparisons than can be looked
    through, is searched for duplicates alone. Nothing is said where the conditions never hold, and
    of a rule that a person answers.
    """
    if isinstance(rule, Manual):
        return ()
    of_rule = [trees[leaf.expression] for leaf in leaves(rule)]
    conditions = [trees[leaf.expression] for leaf in applies_to]
    worlds = _worlds([*of_rule, *conditions], integers)
    if worlds is None:
        conditions, worlds = [], _worlds(of_rule, integers)
    if worlds is None:
        return tuple(_duplicates(rule, trees, ()))
    table = _Table(worlds, trees)
    within = _all_hold(conditions, worlds)
    passes = table.true(rule) & within
    if not within:
        return ()
    if not passes:
        return (NeverPasses(),)
    if passes == within:
        return (AlwaysPasses(),)
    return (*_duplicates(rule, trees, ()), *_redundant(rule, table, ()))


def applies_nowhere(applies_to: Sequence[Leaf], trees: Trees, *, integers: frozenset[str]) -> bool:
    """Whether the conditions can be seen never to hold together."""
    conditions = [trees[leaf.expression] for leaf in applies_to]
    worlds = _worlds(conditions, integers)
    return worlds is not None and not _all_hold(conditions, worlds)


def _all_hold(conditions: Sequence[Expression], worlds: Worlds) -> int:
    within = worlds.all
    for condition in conditions:
        within &= worlds.true(condition)
    return within


def _worlds(expressions: Sequence[Expression], integers: frozenset[str]) -> Worlds | None:
    try:
        return Worlds(expressions, integers=integers)
    except ValueError:
        return None


class _Table:
    """The truth table of every node: the worlds in which it holds."""

    def __init__(self, worlds: Worlds, trees: Trees) -> None:
        self._worlds, self.trees = worlds, trees

    def true(self, rule: Rule) -> int:
        match rule:
            case Leaf(expression=expression):
                return self._worlds.true(self.trees[expression])
            case Not(part=part):
                return self._worlds.all & ~self.true(part)
            case All(parts=parts):
                return self.at_least(len(parts), parts)
            case Any(parts=parts):
                return self.at_least(1, parts)
            case AtLeast(count=count, parts=parts):
                return self.at_least(count, parts)
            case Manual():
                raise TypeError("what a person will answer is in no table")
            case _:
                assert_never(rule)

    def at_least(self, count: int, parts: Sequence[Rule]) -> int:
        """Where at least `count` of the parts hold."""
        # reached[n]: at least n of the parts so far.
        reached = [self._worlds.all] + [0] * count
        for part in parts:
            holds = self.true(part)
            for n in range(count, 0, -1):
                reached[n] |= reached[n - 1] & holds
        return reached[count]


def _inside(rule: Rule) -> Iterator[tuple[tuple[Step, ...], Rule]]:
    """The parts of the rule, each with the way to it."""
    match rule:
        case Leaf() | Manual():
            return
        case Not(part=part):
            yield ("not",), part
        case All(parts=parts):
            yield from ((("all", index), part) for index, part in enumerate(parts))
        case Any(parts=parts):
            yield from ((("any", index), part) for index, part in enumerate(parts))
        case AtLeast(parts=parts):
            yield from ((("at_least", "of", index), part) for index, part in enumerate(parts))
        case _:
            assert_never(rule)


def _duplicates(rule: Rule, trees: Trees, path: tuple[Step, ...]) -> Iterator[Duplicate]:
    seen = set()
    for step, part in _inside(rule):
        shape = _shape(part, trees)
        if shape in seen:
            yield Duplicate(path=(*path, *step), counted=isinstance(rule, AtLeast))
        else:
            # What is wrong inside it is told once.
            yield from _duplicates(part, trees, (*path, *step))
        seen.add(shape)


def _redundant(rule: Rule, table: _Table, path: tuple[Step, ...]) -> Iterator[Redundant]:
    """Parts that can go, the last ones first; exact duplicates are told elsewhere."""
    parts = list(_inside(rule))
    dropped: set[int] = set()
    if isinstance(rule, All | Any):
        duplicated = _repeated(parts, table)
        kept = [part for index, (_, part) in enumerate(parts) if index not in duplicated]
        dropped = set(duplicated)
        whole = table.true(rule)
        for index in range(len(parts) - 1, -1, -1):
            step, part = parts[index]
            rest = [p for p in kept if p is not part]
            needed = len(rest) if isinstance(rule, All) else 1
            if index in dropped or not rest or table.at_least(needed, rest) != whole:
                continue
            kept = rest
            dropped.add(index)
            yield Redundant(path=(*path, *step))
    for index, (step, part) in enumerate(parts):
        if index not in dropped:
            yield from _redundant(part, table, (*path, *step))


def _repeated(parts: Sequence[tuple[tuple[Step, ...], Rule]], table: _Table) -> set[int]:
    shapes: set[object] = set()
    found = set()
    for index, (_, part) in enumerate(parts):
        shape = _shape(part, table.trees)
        if shape in shapes:
            found.add(index)
        shapes.add(shape)
    return found


def _shape(rule: Rule, trees: Trees) -> object:
    """Equal for nodes that say the same with the same words, in whatever order of their parts."""
    match rule:
        case Leaf(expression=expression):
            return trees[expression]
        case Not(part=part):
            return ("not", _shape(part, trees))
        case All(parts=parts) | Any(parts=parts):
            return (type(rule).__name__, frozenset(_shape(part, trees) for part in parts))
        case AtLeast(count=count, parts=parts):
            return ("at_least", count, tuple(_shape(part, trees) for part in parts))
        case Manual():
            return rule
        case _:
            assert_never(rule)
