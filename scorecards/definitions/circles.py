"""Circles: scorecards that look at each other's levels, so that no level comes first.

The checks that close a circle are taken out, as broken ones are; a scorecard whose own condition does
is taken out as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from catalog.cycles import cycles
from catalog.problems import quote
from scorecards.definitions.level_facts import NAMESPACE, level_fact
from scorecards.expressions.cel import Language, Program
from scorecards.facts import FactSchema
from scorecards.rules import leaves
from scorecards.scorecard import Check, Scorecard, expressions


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """What closes a circle."""

    check: str | None
    """Id of the check; None: the condition of the scorecard."""
    circle: tuple[str, ...]
    """The scorecards of it, sorted."""

    @property
    def message(self) -> str:
        """For people."""
        if len(self.circle) == 1:
            return f"`{quote(self.circle[0])}` looks at its own level"
        names = ", ".join(f"`{quote(name)}`" for name in self.circle)
        return f"the scorecards {names} look at each other's levels in a circle"


def closed(cards: Mapping[str, Scorecard], language: Language) -> dict[str, tuple[Closed, ...]]:
    """All that closes a circle, by name of the scorecard; `cards` are by name."""
    owners = {level_fact(name): name for name in cards}
    reads = {
        name: {
            part: {owners[fact] for fact in facts if fact in owners}
            for part, facts in _reads(card, language)
        }
        for name, card in cards.items()
    }
    edges = {
        (name, other)
        for name, parts in reads.items()
        for found in parts.values()
        for other in found
    }
    circles = {name: circle for circle in cycles(edges) for name in circle}
    return {
        name: tuple(
            Closed(check=part, circle=circle)
            for part, found in reads[name].items()
            if found.intersection(circle)
        )
        for name, circle in circles.items()
    }


def levels_read(
    card: Scorecard, schemas: Mapping[str, FactSchema]
) -> dict[str | None, frozenset[str]]:
    """The facts of levels that decide on what the scorecard says: by check, and by None for its own
    condition. What looks at none is left out."""
    if not any(NAMESPACE in text for text in expressions(card)):
        return {}
    found = _reads(card, Language(schemas))
    return {part: frozenset(facts) for part, facts in found if facts}


def without(card: Scorecard, found: tuple[Closed, ...]) -> Scorecard | None:
    """The scorecard without what closes a circle; None where nothing of it is left."""
    broken = {one.check for one in found}
    checks = tuple(check for check in card.checks if check.id not in broken)
    return None if None in broken or not checks else replace(card, checks=checks)


def _reads(card: Scorecard, language: Language) -> Iterator[tuple[str | None, set[str]]]:
    """What decides, with the facts of levels that it looks at: what is only shown closes no circle."""
    condition = () if card.applies_to is None else (card.applies_to.expression,)
    yield None, _levels(condition, language)
    for check in card.checks:
        yield check.id, _levels(_expressions(check), language)


def _expressions(check: Check) -> tuple[str, ...]:
    condition = () if check.applies_to is None else (check.applies_to.expression,)
    return (*condition, *(leaf.expression for leaf in leaves(check.rule)))


def _levels(expressions: tuple[str, ...], language: Language) -> set[str]:
    programs = (language.compile(text) for text in expressions if NAMESPACE in text)
    return {name for p in programs if isinstance(p, Program) for name in p.facts if _is_level(name)}


def _is_level(name: str) -> bool:
    return name.startswith(f"{NAMESPACE}.")
