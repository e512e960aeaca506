"""Differences: what of a scorecard another definition changes, as far as outcomes depend on it.

Two rules are the same where their trees are, wherever they stand in their files. A text, an effort
or another level never asks for an evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from scorecards.rules import All, Any, AtLeast, Leaf, Manual, Not, Rule
from scorecards.scorecard import Check, Scorecard

_SAID = frozenset(
    {
        "id",
        "title",
        "category",
        "level",
        "applies_because",
        "observe",
        "expected",
        "why",
        "fix",
        "effort",
        "weight",
        "links",
        "owner",
        "tests",
    }
)
"""Fields of a check that no outcome depends on. Whatever else there may be is taken to matter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What has to be asked anew, and what can be taken over."""

    changed: tuple[int, ...]
    """Indexes in the later definition: checks that are new, or ask something else."""
    kept: Mapping[int, int]
    """Checks that ask the same: the index in the later definition, and in the earlier one."""
    dropped: tuple[str, ...]
    """Ids of checks that the later definition lacks."""
    applies_changed: bool
    """Whether it may apply to other entities than before."""


def difference(before: Scorecard | None, after: Scorecard) -> Difference:
    """What `after` changes; where there is nothing before, all of it."""
    earlier = {} if before is None else {c.id: n for n, c in enumerate(before.checks)}
    kept = {
        index: earlier[check.id]
        for index, check in enumerate(after.checks)
        if before is not None
        and check.id in earlier
        and asks_the_same(before.checks[earlier[check.id]], check)
    }
    later = {check.id for check in after.checks}
    return Difference(
        changed=tuple(index for index in range(len(after.checks)) if index not in kept),
        kept=kept,
        dropped=tuple(name for name in earlier if name not in later),
        applies_changed=before is None
        or _placeless(before.applies_to) != _placeless(after.applies_to),
    )


def asks_the_same(one: Check, other: Check) -> bool:
    """Whether two checks give every entity the same outcome, as far as their definitions tell."""
    return all(
        _placeless(getattr(one, field.name)) == _placeless(getattr(other, field.name))
        for field in fields(Check)
        if field.name not in _SAID
    )


def _placeless(value: object) -> object:
    """The value; a rule without its lines and columns."""
    return placeless(value) if isinstance(value, Leaf | All | Any | Not | AtLeast) else value


def placeless(rule: Rule) -> Rule:
    """The rule as if it stood nowhere."""
    match rule:
        case Leaf(expression=expression):
            return Leaf(expression=expression)
        case Not(part=part):
            return Not(part=placeless(part))
        case All(parts=parts):
            return All(parts=tuple(map(placeless, parts)))
        case Any(parts=parts):
            return Any(parts=tuple(map(placeless, parts)))
        case AtLeast(parts=parts, count=count):
            return AtLeast(count=count, parts=tuple(map(placeless, parts)))
        case Manual():
            return rule
