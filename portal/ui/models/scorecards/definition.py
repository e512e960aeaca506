"""A scorecard's definition and its checks' pass rates, for the page of the scorecard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from portal.ui.models.charts.shares import Tally, tally
from scorecards.rules import All, Any, AtLeast, Leaf, Manual, Not, Rule
from scorecards.scorecard import Check, Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleText:
    """A rule as nested text: a leaf has an expression and no parts."""

    text: str
    parts: tuple[RuleText, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckLine:
    """One check with its numbers and its rule."""

    check: Check
    level: str
    tally: Tally
    rule: RuleText


def rule_text(rule: Rule) -> RuleText:
    """The rule in the words of its file."""
    match rule:
        case Leaf(expression=expression):
            return RuleText(text=expression)
        case All(parts=parts):
            return RuleText(text="all of", parts=tuple(map(rule_text, parts)))
        case Any(parts=parts):
            return RuleText(text="any of", parts=tuple(map(rule_text, parts)))
        case AtLeast(count=count, parts=parts):
            return RuleText(text=f"at least {count} of", parts=tuple(map(rule_text, parts)))
        case Not(part=part):
            return RuleText(text="not", parts=(rule_text(part),))
        case Manual(question=question, expires=expires):
            asked = f"{question or 'a person says so'} (answered every {expires.days} days)"
            return RuleText(text=asked)
        case _:
            assert_never(rule)


def check_lines(scorecard: Scorecard, counts: Sequence[Mapping[str, int]]) -> tuple[CheckLine, ...]:
    """The checks in the order of the definition, each with its tally."""
    return tuple(
        CheckLine(
            check=check,
            level=scorecard.levels[check.level].name,
            tally=tally(counts[index] if index < len(counts) else {}),
            rule=rule_text(check.rule),
        )
        for index, check in enumerate(scorecard.checks)
    )


def worst_first(lines: Sequence[CheckLine]) -> tuple[CheckLine, ...]:
    """By pass rate, lowest first, then by failures; undecided ones come last."""
    return tuple(
        sorted(
            lines,
            key=lambda line: (
                line.tally.rate is None,
                line.tally.rate or 0.0,
                -line.tally.fails,
                line.check.level,
            ),
        )
    )
