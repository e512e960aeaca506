"""Rules: a small tree of `all / any / not / at_least` with expressions as leaves, in three values.

The logic is strong Kleene: what is known decides as soon as it can, and unknown stays unknown. An
error of the rule absorbs like unknown, and is reported as an error where it decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, assert_never

from scorecards.results import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A CEL expression that says true or false."""

    expression: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Any:
    """At least one part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """The part does not hold."""

    part: Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class AtLeast:
    """At least `count` of the parts hold."""

    count: int
    parts: tuple[Rule, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Manual:
    """A person answers, and the answer holds for a while. It stands alone: as the whole rule."""

    question: str
    """'' where the check's title says it all."""
    expires: timedelta


Rule: TypeAlias = Leaf | All | Any | Not | AtLeast | Manual


def leaves(rule: Rule) -> Iterator[Leaf]:
    """The leaves of the rule, in the order of writing."""
    match rule:
        case Leaf():
            yield rule
        case Not(part=part):
            yield from leaves(part)
        case All(parts=parts) | Any(parts=parts) | AtLeast(parts=parts):
            for part in parts:
                yield from leaves(part)
        case Manual():
            return
        case _:
            assert_never(rule)


def decide(rule: Rule, outcome_of: Mapping[str, Outcome]) -> Outcome:
    """What the rule says where its leaves say `outcome_of`, by expression.

    Pass, fail, unknown or error. Every kind of node counts its parts against a number needed.
    """
    match rule:
        case Leaf(expression=expression):
            return outcome_of[expression]
        case Not(part=part):
            return _OPPOSITE.get(outcome := decide(part, outcome_of), outcome)
        case All(parts=parts):
            return _count([decide(part, outcome_of) for part in parts], len(parts))
        case Any(parts=parts):
            return _count([decide(part, outcome_of) for part in parts], 1)
        case AtLeast(parts=parts, count=count):
            return _count([decide(part, outcome_of) for part in parts], count)
        case Manual():
            return Outcome.UNKNOWN  # answers are put over it by `scorecards.evaluation.decisions`
        case _:
            assert_never(rule)


_OPPOSITE = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}


def _count(outcomes: list[Outcome], needed: int) -> Outcome:
    """Whether `needed` of them pass: yes as soon as they do, no as soon as they cannot."""
    passes, fails = outcomes.count(Outcome.PASS), outcomes.count(Outcome.FAIL)
    if passes >= needed:
        return Outcome.PASS
    if len(outcomes) - fails < needed:
        return Outcome.FAIL
    return Outcome.ERROR if Outcome.ERROR in outcomes else Outcome.UNKNOWN


def deciding(rule: Rule, outcome_of: Mapping[str, Outcome]) -> tuple[str, ...]:
    """The expressions of the leaves that make the outcome what it is, in the order of writing."""
    return tuple(dict.fromkeys(_pulling(rule, decide(rule, outcome_of), outcome_of)))


def _pulling(rule: Rule, wanted: Outcome, outcome_of: Mapping[str, Outcome]) -> Iterator[str]:
    """Leaves that pull towards `wanted`, in the parts that have it."""
    match rule:
        case Leaf(expression=expression):
            yield expression
        case Not(part=part):
            yield from _pulling(part, _OPPOSITE.get(wanted, wanted), outcome_of)
        case All(parts=parts) | Any(parts=parts) | AtLeast(parts=parts):
            for part in parts:
                if decide(part, outcome_of) == wanted:
                    yield from _pulling(part, wanted, outcome_of)
        case Manual():
            return
        case _:
            assert_never(rule)
