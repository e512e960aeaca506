"""Definitions: each check of each scorecard, as one of Tech Insights' checks.

Its id is `<scorecard>.<check>`: names of scorecards have no dots. Its retrievers are the collectors
of the facts that its rule looks at. A retriever's facts go by their short names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.api.tech_insights.conditions import Conditions
from scorecards import rules
from scorecards.expressions.cel import Language, Program
from scorecards.facts import FactSchema, FactType
from scorecards.scorecard import Check, Scorecard

Json = dict[str, Any]

TYPE = "json-rules-engine"
"""The only type that its pages have a renderer for; checks of others count as failed."""

ENTITY_RETRIEVER = "catalog"
"""The collector that every assessed entity has a record of: what looks at the entity alone is its."""

HIGHEST_RANK = 3
"""Beyond it the counters of the maturity page are no numbers."""

_TYPES = {
    FactType.BOOL: "boolean",
    FactType.INT: "integer",
    FactType.DOUBLE: "float",
    FactType.STRING: "string",
    FactType.TIMESTAMP: "datetime",
    FactType.STRINGS: "set",
}

_ENVELOPE = frozenset({"id", "version", "entityFilter"})
"""Keys beside the facts of a schema, which no fact may be called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retriever:
    """A collector."""

    id: str
    version: str
    facts: Mapping[str, FactSchema]
    """By short name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A check of a scorecard."""

    id: str
    scorecard: Scorecard
    check: Check
    facts: tuple[str, ...]
    """Full names of those that the rule looks at, in the order of writing."""
    retrievers: tuple[str, ...]
    """Their collectors, the decisive one first: the page shows its time. At least one."""
    names: Mapping[str, str]
    """What the facts are called here: short, unless two would be called the same."""
    conditions: Conditions
    """Writes the rule."""


class Definitions:
    """Everything that can be asked for."""

    def __init__(
        self,
        scorecards: tuple[Scorecard, ...],
        collectors: Mapping[str, tuple[str, tuple[FactSchema, ...]]],
    ) -> None:
        """`collectors`: by name the version and what it can observe."""
        self.retrievers = {
            name: Retriever(
                id=name, version=version, facts={short_name(s.name, name): s for s in schemas}
            )
            for name, (version, schemas) in collectors.items()
        }
        self.schemas = {s.name: s for _, schemas in collectors.values() for s in schemas}
        self._collector = {
            schema.name: name for name, (_, schemas) in collectors.items() for schema in schemas
        }
        self._language = Language(self.schemas)
        found = (self._definition(card, check) for card in scorecards for check in card.checks)
        self.checks = {definition.id: definition for definition in found}

    def _definition(self, card: Scorecard, check: Check) -> Definition:
        facts = tuple(
            dict.fromkeys(
                name for leaf in rules.leaves(check.rule) for name in self._facts(leaf.expression)
            )
        )
        retrievers = tuple(dict.fromkeys(self._collector[name] for name in facts))
        names = _names({name: short_name(name, self._collector[name]) for name in facts})
        return Definition(
            id=f"{card.name}.{check.id}",
            scorecard=card,
            check=check,
            facts=facts,
            retrievers=retrievers or (ENTITY_RETRIEVER,),
            names=names,
            conditions=Conditions(names, self.schemas),
        )

    def _facts(self, expression: str) -> tuple[str, ...]:
        program = self._language.compile(expression)
        names = program.facts if isinstance(program, Program) else ()
        return tuple(sorted(names, key=expression.find))


def _names(short: Mapping[str, str]) -> dict[str, str]:
    said = list(short.values())
    return {name: name if said.count(word) > 1 else word for name, word in short.items()}


def short_name(name: str, collector: str) -> str:
    """`readme.bytes` for `repo.readme.bytes` of `repo`; the full name where it has to be."""
    short = name.removeprefix(f"{collector}.")
    return name if short in _ENVELOPE else short


def described(schema: FactSchema) -> Json:
    """Type and description of a fact."""
    return {"type": _TYPES[schema.type], "description": schema.description}


def schema_of(retriever: Retriever) -> Json:
    """A retriever's schema: flat, facts beside the envelope."""
    return {
        "id": retriever.id,
        "version": retriever.version,
        "entityFilter": None,
        **{name: described(schema) for name, schema in retriever.facts.items()},
    }


def check_of(definition: Definition) -> Json:
    """A check as `/checks` lists it; the fix still has its placeholders."""
    check = definition.check
    listed: Json = {
        "id": definition.id,
        "type": TYPE,
        "name": check.title,
        "description": check.why,
        "factIds": list(definition.retrievers),
        "metadata": metadata_of(definition, check.fix),
        "rule": {"conditions": definition.conditions.defined(check.rule)},
    }
    return listed | links_of(check)


def metadata_of(definition: Definition, solution: str) -> Json:
    """What the maturity page needs, and the names that the check has with us."""
    card, check = definition.scorecard, definition.check
    return {
        "category": check.category,
        "rank": rank_of(check.level, len(card.levels)),
        "solution": solution,
        "scorecard": card.name,
        "level": card.levels[check.level].name,
        "effort": check.effort,
    }


def rank_of(level: int, levels: int) -> int:
    """1 to 3 for a level above the floor; of a longer ladder, several levels share a rank."""
    steps = levels - 1
    return level if steps <= HIGHEST_RANK else 1 + (level - 1) * HIGHEST_RANK // steps


def links_of(check: Check) -> Json:
    """The links, where there are any."""
    links = [{"title": link.title, "url": link.url} for link in check.links]
    return {"links": links} if links else {}
