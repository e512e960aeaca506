"""Layouts: the part of a scorecard's evidence that is the same for every entity, kept once.

Evidence is what the leaves said and the values of the facts, in the order of a layout; the ids of
the checks, the expressions, the rules and the names of the facts are in the layout. It is found by
its digest, which is in the evidence, and is never changed: evidence can be read when its scorecard
has long become another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from scorecards import rules
from scorecards.cel import Program
from scorecards.rules import Rule
from scorecards.scorecard import Check, Scorecard


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
    """The place of a leaf; or `["all", ...]`, `["any", ...]`, `["not", x]`, `["least", n, ...]`."""
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


def layout_of(
    scorecard: Scorecard, programs: Mapping[str, Program], observed: Mapping[str, Program]
) -> tuple[Layout, tuple[str, ...]]:
    """The layout, and the expressions of its observations; `programs` are by expression."""
    asked = [_expressions(check) for check in scorecard.checks]
    of_card = [] if scorecard.applies_to is None else [scorecard.applies_to.expression]
    leaves = _places([*of_card, *(e for expressions in asked for e in expressions)])
    shown = [o.expression for check in scorecard.checks for o in check.observe]
    names = [n for e in leaves for n in programs[e].facts]
    facts = _places([*names, *(e for e in shown if e in observed[e].facts)])
    others = _places(e for e in shown if e not in facts)

    def check_layout(check: Check) -> CheckLayout:
        inside = tuple(leaves[leaf.expression] for leaf in rules.leaves(check.rule))
        looked = dict.fromkeys(
            n for leaf in rules.leaves(check.rule) for n in programs[leaf.expression].facts
        )
        return CheckLayout(
            id=check.id,
            rule=_packed(check.rule, leaves),
            leaves=inside,
            facts=tuple(facts[name] for name in looked),
            condition=None if check.applies_to is None else leaves[check.applies_to.expression],
            because=check.applies_because,
            shown=tuple(
                (o.title, facts.get(o.expression), others.get(o.expression)) for o in check.observe
            ),
        )

    layout = Layout(
        facts=tuple(facts),
        leaves=tuple(
            LeafLayout(expression=e, facts=tuple(facts[n] for n in programs[e].facts))
            for e in leaves
        ),
        condition=leaves[of_card[0]] if of_card else None,
        checks=tuple(check_layout(check) for check in scorecard.checks),
        observations=len(others),
    )
    return layout, tuple(others)


def layout_to_json(layout: Layout) -> bytes:
    """The layout as a store keeps it."""
    return orjson.dumps(
        {
            "facts": layout.facts,
            "leaves": [[leaf.expression, leaf.facts] for leaf in layout.leaves],
            "condition": layout.condition,
            "checks": [
                [c.id, c.rule, c.leaves, c.facts, c.condition, c.because, c.shown]
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
            )
            for id_, rule, leaves, facts, condition, because, shown in found["checks"]
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
        case rules.Leaf(expression=expression):
            return places[expression]
        case rules.Not(part=part):
            return ("not", _packed(part, places))
        case rules.All(parts=parts):
            return ("all", *(_packed(p, places) for p in parts))
        case rules.Any(parts=parts):
            return ("any", *(_packed(p, places) for p in parts))
        case rules.AtLeast(count=count, parts=parts):
            return ("least", count, *(_packed(p, places) for p in parts))


def _expressions(check: Check) -> list[str]:
    condition = [] if check.applies_to is None else [check.applies_to.expression]
    return [*condition, *(leaf.expression for leaf in rules.leaves(check.rule))]


def _places(texts: Iterator[str] | Sequence[str]) -> dict[str, int]:
    """The texts without repetitions, each with its place."""
    return {text: place for place, text in enumerate(dict.fromkeys(texts))}
