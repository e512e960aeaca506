"""Layouts: the part of a scorecard's evidence that is the same for every entity, kept once.

Evidence is what the leaves said and the values of the facts, in the order of a layout; the ids of
the checks, the expressions, the rules and the names of the facts are in the layout. It is found by
its digest, which is in the evidence, and is never changed: evidence can be read when its scorecard
has long become another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeAlias

import orjson

from scorecards import rules
from scorecards.expressions.cel import Program
from scorecards.lifecycle import Stage, counts, in_words, stage
from scorecards.rules import Leaf, Rule
from scorecards.scorecard import Check, Observation, Scorecard

MANUAL = "manual"
"""Stands for the rule of a check that a person answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeafLayout:
    """An expression that says true or false."""

    expression: str
    facts: tuple[int, ...]
    """Places of the facts that it looks at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckLayout:
    """A check, with places in its layout instead of texts."""

    id: str
    rule: Any
    """The place of a leaf; or `["all", ...]`, `["any", ...]`, `["not", x]`, `["least", n, ...]`;
    or `manual`."""
    leaves: tuple[int, ...]
    """Of the rule, in order."""
    facts: tuple[int, ...]
    """That its rule looks at, in order."""
    condition: int | None
    """The leaf that says whether it applies."""
    because: str
    """Whom it applies to."""
    shown: tuple[tuple[str, int | None, int | None], ...]
    """Title, and the place of a fact or of an observation."""
    counts: bool
    """Whether it counts for levels."""
    retired: str
    """Why it is no longer asked; '': it is."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The constant part of a scorecard's evidence."""

    facts: tuple[str, ...]
    leaves: tuple[LeafLayout, ...]
    condition: int | None
    """The leaf that says whether the scorecard applies."""
    checks: tuple[CheckLayout, ...]
    observations: int
    """How many values besides facts its evidence has."""

    @cached_property
    def digest(self) -> str:
        """What evidence calls it: 12 hex digits of SHA-256."""
        return hashlib.sha256(layout_to_json(self)).hexdigest()[:12]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Of the checks, in order."""
        return tuple(check.id for check in self.checks)

    @cached_property
    def counting(self) -> tuple[int, ...]:
        """Places of the checks that count for levels."""
        return tuple(place for place, check in enumerate(self.checks) if check.counts)


Slot: TypeAlias = "tuple[str, timedelta | None]"
"""A fact, an expression or an observation, seen with facts that are not older."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """What is to be put where a layout has places."""

    facts: tuple[Slot, ...]
    leaves: tuple[Slot, ...]
    observations: tuple[Slot, ...]


def layout_of(
    scorecard: Scorecard,
    programs: Mapping[str, Program],
    observed: Mapping[str, Program],
    *,
    now: datetime,
) -> tuple[Layout, Slots]:
    """The layout of a scorecard on a day; the programs are by expression.

    A check with a `max_age` has places of its own: it may not know what the others do.
    """
    places = _Places(programs, observed)
    condition = None if scorecard.applies_to is None else places.leaf(scorecard.applies_to, None)
    checks = tuple(_check_layout(check, places, now) for check in scorecard.checks)
    layout = Layout(
        facts=tuple(name for name, _ in places.facts),
        leaves=tuple(
            LeafLayout(expression=e, facts=tuple(places.facts[n, age] for n in programs[e].facts))
            for e, age in places.leaves
        ),
        condition=condition,
        checks=checks,
        observations=len(places.others),
    )
    slots = Slots(
        facts=tuple(places.facts),
        leaves=tuple(places.leaves),
        observations=tuple(places.others),
    )
    return layout, slots


class _Places:
    """Gives what a scorecard mentions its place, in the order in which it is mentioned."""

    def __init__(self, programs: Mapping[str, Program], observed: Mapping[str, Program]) -> None:
        self._programs = programs
        self._observed = observed
        self.facts: dict[Slot, int] = {}
        self.leaves: dict[Slot, int] = {}
        self.others: dict[Slot, int] = {}

    def leaf(self, one: Leaf, age: timedelta | None) -> int:
        for name in self.names([one]):
            _place(self.facts, (name, age))
        return _place(self.leaves, (one.expression, age))

    def names(self, leaves: Iterable[Leaf]) -> tuple[str, ...]:
        """The facts that these look at, each once."""
        return tuple(
            dict.fromkeys(n for one in leaves for n in self._programs[one.expression].facts)
        )

    def shown(self, one: Observation, age: timedelta | None) -> tuple[str, int | None, int | None]:
        """Title, and the place of a fact or of another value."""
        slot = (one.expression, age)
        if one.expression in self._observed[one.expression].facts:
            return one.title, _place(self.facts, slot), None
        return one.title, None, _place(self.others, slot)


def _place(slots: dict[Slot, int], slot: Slot) -> int:
    return slots.setdefault(slot, len(slots))


def _check_layout(check: Check, places: _Places, now: datetime) -> CheckLayout:
    age = check.max_age
    asked = tuple(rules.leaves(check.rule))
    inside = {one.expression: places.leaf(one, age) for one in asked}
    condition = None if check.applies_to is None else places.leaf(check.applies_to, age)
    retired = stage(check.lifecycle, now) is Stage.RETIRED
    return CheckLayout(
        id=check.id,
        rule=_packed(check.rule, inside),
        leaves=tuple(inside[one.expression] for one in asked),
        facts=tuple(places.facts[name, age] for name in places.names(asked)),
        condition=condition,
        because=check.applies_because,
        shown=tuple(places.shown(one, age) for one in check.observe),
        counts=counts(check.lifecycle, now),
        retired=in_words(check.lifecycle, now) if retired else "",
    )


def layout_to_json(layout: Layout) -> bytes:
    """The layout as a store keeps it."""
    return orjson.dumps(
        {
            "facts": layout.facts,
            "leaves": [[leaf.expression, leaf.facts] for leaf in layout.leaves],
            "condition": layout.condition,
            "checks": [
                [
                    c.id,
                    c.rule,
                    c.leaves,
                    c.facts,
                    c.condition,
                    c.because,
                    c.shown,
                    c.counts,
                    c.retired,
                ]
                for c in layout.checks
            ],
            "observations": layout.observations,
        }
    )


def layout_from_json(data: bytes) -> Layout:
    """The layout that `layout_to_json` wrote."""
    found = orjson.loads(data)
    return Layout(
        facts=tuple(found["facts"]),
        leaves=tuple(LeafLayout(expression=e, facts=tuple(f)) for e, f in found["leaves"]),
        condition=found["condition"],
        checks=tuple(
            CheckLayout(
                id=id_,
                rule=rule,
                leaves=tuple(leaves),
                facts=tuple(facts),
                condition=condition,
                because=because,
                shown=tuple((title, fact, other) for title, fact, other in shown),
                counts=counting,
                retired=retired,
            )
            for id_, rule, leaves, facts, condition, because, shown, counting, retired in found[
                "checks"
            ]
        ),
        observations=found["observations"],
    )


def rule_of(packed: Any, leaf: Callable[[int], Rule]) -> Rule:
    """The tree of a check, with what `leaf` gives for the place of each leaf."""
    match packed:
        case int():
            return leaf(packed)
        case "not", part:
            return rules.Not(part=rule_of(part, leaf))
        case "all", *parts:
            return rules.All(parts=tuple(rule_of(p, leaf) for p in parts))
        case "any", *parts:
            return rules.Any(parts=tuple(rule_of(p, leaf) for p in parts))
        case "least", count, *parts:
            return rules.AtLeast(count=count, parts=tuple(rule_of(p, leaf) for p in parts))
        case _:
            raise ValueError(f"not a rule: {packed}")


def _packed(rule: Rule, places: Mapping[str, int]) -> Any:
    match rule:
        case Leaf(expression=expression):
            return places[expression]
        case rules.Manual():
            return MANUAL
        case rules.Not(part=part):
            return ("not", _packed(part, places))
        case rules.All(parts=parts):
            return ("all", *(_packed(p, places) for p in parts))
        case rules.Any(parts=parts):
            return ("any", *(_packed(p, places) for p in parts))
        case rules.AtLeast(count=count, parts=parts):
            return ("least", count, *(_packed(p, places) for p in parts))
