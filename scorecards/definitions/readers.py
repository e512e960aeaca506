"""Readers: which scorecards look at a fact, so that a changed one asks these and no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scorecards.expressions.cel import Language, Program
from scorecards.facts import FactSchema
from scorecards.scorecard import Scorecard, expressions, observations


def readers(
    scorecards: Iterable[Scorecard], schemas: Mapping[str, FactSchema]
) -> dict[str, frozenset[str]]:
    """By the name of each fact that is looked at, the names of the scorecards that do."""
    language = Language(schemas)
    facts: dict[str, tuple[str, ...]] = {}
    found: dict[str, set[str]] = {}
    for card in scorecards:
        for expression in (*expressions(card), *observations(card)):
            if expression not in facts:
                program = language.compile(expression)
                facts[expression] = tuple(program.facts) if isinstance(program, Program) else ()
            for name in facts[expression]:
                found.setdefault(name, set()).add(card.name)
    return {name: frozenset(cards) for name, cards in found.items()}
