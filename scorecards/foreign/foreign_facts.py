"""Foreign facts: what Tech Insights' facts are here, by a map, by its built-in ones, or as pushed.

A fact that is mapped is a CEL expression of ours. Any other one is taken for one that will be
pushed, under a name made of its retriever's and its own; its type is the one that the conditions
compare it with.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.problems import JsonValue
from scorecards.collection.pushed import ABSENT
from scorecards.expressions.cel import Language, Program
from scorecards.facts import FactSchema, FactType
from scorecards.foreign.json_rules import RELATIONS, Operand

BUILT_IN: Mapping[str, str] = {
    "entityMetadataFactRetriever.hasTitle": "catalog.title != ''",
    "entityMetadataFactRetriever.hasDescription": "catalog.description != ''",
    "entityMetadataFactRetriever.hasTags": "size(catalog.tags) > 0",
    "entityOwnershipFactRetriever.hasOwner": "catalog.owner_ref != ''",
    # As it is defined there: a text that does not begin with `user:`.
    "entityOwnershipFactRetriever.hasGroupOwner": (
        "catalog.owner_ref != '' && !catalog.owner_ref.startsWith('user:')"
    ),
    "techdocsFactRetriever.hasAnnotationBackstageIoTechdocsRef": (
        "'backstage.io/techdocs-ref' in catalog.annotations"
    ),
    "techdocsFactRetriever.hasAnnotationBackstageIoTechdocsEntity": (
        "'backstage.io/techdocs-entity' in catalog.annotations"
    ),
}
"""Every fact of the retrievers that come with Tech Insights."""

_TYPES = {
    "BOOL": FactType.BOOL,
    "INT": FactType.INT,
    "DOUBLE": FactType.DOUBLE,
    "STRING": FactType.STRING,
    "TIMESTAMP": FactType.TIMESTAMP,
    "LIST<STRING>": FactType.STRINGS,
}

_SUFFIX = re.compile(r"_(?:fact_)?retriever$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """A fact as a condition names it."""

    retrievers: tuple[str, ...]
    """Where it may come from; the last one wins, as it does there."""
    name: str


@dataclass(kw_only=True)
class ForeignFacts:
    """What each fact is here. Uses are noted first; types are asked for when all are known."""

    mapped: Mapping[str, str]
    """By `retriever.fact` or `fact`: a CEL expression, or the name that it will be pushed under."""
    language: Language
    taken: Collection[str]
    """Namespaces of installed collectors."""
    used: dict[str, set[FactType]] = field(default_factory=dict)
    """By the name that it will be pushed under, the types that it is compared as."""

    def note(self, fact: Foreign, operator: str, value: JsonValue) -> None:
        """Note that a condition compares a fact with a value."""
        if self._expression(fact) is None:
            kinds = self.used.setdefault(self._pushed_name(fact), set())
            kinds.update(_compared_as(operator, value))

    def operand(self, fact: Foreign) -> Operand | None:
        """The fact; None where conditions take it for several types, or for none that is known."""
        expression = self._expression(fact)
        if expression is not None:
            program = self.language.compile(expression)
            kind = _TYPES.get(program.returns) if isinstance(program, Program) else None
            return Operand(text=expression, type=kind) if kind else None
        name = self._pushed_name(fact)
        kinds = self.used.get(name, set())
        return Operand(text=name, type=next(iter(kinds))) if len(kinds) == 1 else None

    def to_declare(self, names: Collection[str]) -> tuple[FactSchema, ...]:
        """Declarations of those facts among `names` that have to be pushed."""
        return tuple(
            FactSchema(name=name, type=kind, description="", when_absent=ABSENT[kind])
            for name, kinds in sorted(self.used.items())
            if name in names and len(kinds) == 1
            for kind in kinds
        )

    def _expression(self, fact: Foreign) -> str | None:
        """What it is mapped to, if that is something that there is."""
        mapped = self._mapped(fact)
        if mapped is None:
            return next((BUILT_IN[key] for key in _keys(fact) if key in BUILT_IN), None)
        return mapped if isinstance(self.language.compile(mapped), Program) else None

    def _mapped(self, fact: Foreign) -> str | None:
        return next(
            (self.mapped[key] for key in (*_keys(fact), fact.name) if key in self.mapped), None
        )

    def _pushed_name(self, fact: Foreign) -> str:
        mapped = self._mapped(fact)
        if mapped is not None:
            return mapped
        space = _SUFFIX.sub("", snake(fact.retrievers[-1])) if fact.retrievers else "imported"
        return f"{f'{space}_facts' if space in self.taken else space}.{snake(fact.name)}"


def snake(text: str) -> str:
    """A name in the form that ours have: `hasGroupOwner` is `has_group_owner`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    word = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return word if word[:1].isalpha() else f"f_{word}".rstrip("_")


def _keys(fact: Foreign) -> Sequence[str]:
    return [f"{retriever}.{fact.name}" for retriever in reversed(fact.retrievers)]


def _compared_as(operator: str, value: JsonValue) -> set[FactType]:
    """The type that a fact must have for a comparison to make sense; empty: any."""
    decorators, _, operator = operator.rpartition(":")
    if operator in ("contains", "doesNotContain") or "Fact" in decorators:
        return {FactType.STRINGS}
    if operator in RELATIONS:
        return {FactType.DOUBLE}
    kinds = {
        FactType.BOOL
        if isinstance(item, bool)
        else FactType.DOUBLE
        if isinstance(item, int | float)
        else FactType.STRING
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, bool | int | float | str)
    }
    return kinds if operator in ("equal", "notEqual", "in", "notIn") else set()
