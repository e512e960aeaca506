"""Filters as SQL: what a filter tree asks of the table `entities`.

There are several ways to ask, with the same answer: see `Way`. What the index knows of a filter
beforehand is in `portal.db.catalog.questions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, literal, select

from catalog.queries.query import All, AnyOf, Equals, Filter, Has, HasPrefix, Not
from portal.db import bulk
from portal.db.catalog.beside import edges_of, levels_of, owning
from portal.db.catalog.conditions import (
    ALWAYS,
    NEVER,
    Condition,
    Given,
    Shape,
    any_of,
    every,
    make,
    opposite,
)
from portal.db.catalog.keys import (
    COLUMNS,
    COUNTED,
    LEVEL,
    RELATION,
    Leaf,
    between,
    bounds,
    is_term,
    storable,
)
from portal.db.tables import edges, entities, postings, results, terms

FEW = 2_000
"""Matches that are sorted rather than found by walking the order (design, 'Search')."""

ALONE = 8
"""Values that are a parameter each; more are one, whatever their number."""

Kinds: TypeAlias = tuple[str, ...] | None
"""Lower case; None: all."""


class Way(Enum):
    """How the database is to find what matches; the answer is the same."""

    SETS = "sets"
    """By sets of ids and by any index: good for counting."""
    FEW = "few"
    """From sets of ids alone: good where they are small, whatever the kind."""
    PROBE = "probe"
    """Entity by entity: good for walking an order in which many match."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedTerm:
    """A term that a filter names."""

    id: int
    kind: str
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The terms that a filter names, as far as the index knows them."""

    connection: Connection
    known: Mapping[tuple[str, str], Sequence[NamedTerm]]
    """By key and value."""
    _edges: dict[Leaf, Condition] = field(default_factory=dict)

    def count(self, key: str, values: Sequence[str], kinds: Kinds) -> int:
        """The sum of the counts of these values."""
        return sum(term.n for value in values for term in self._of(key, value, kinds))

    def ids(self, key: str, values: Sequence[str], kinds: Kinds) -> list[int]:
        """The ids of these values' terms."""
        return [term.id for value in values for term in self._of(key, value, kinds)]

    def edges(self, leaf: Leaf) -> Condition:
        """What holds for the rows of `edges` that a leaf asks for; looked up once."""
        if leaf not in self._edges:
            self._edges[leaf] = edges_of(self.connection, leaf)
        return self._edges[leaf]

    def _of(self, key: str, value: str, kinds: Kinds) -> Iterator[NamedTerm]:
        found = self.known.get((key, value), ())
        return (term for term in found if kinds is None or term.kind in kinds)


def having(connection: Connection, ids: Collection[int], way: Way = Way.SETS) -> Condition:
    """What holds for the rows of `entities` that have one of the terms with these ids."""
    if not ids:
        return NEVER
    if len(ids) <= ALONE:
        return Condition((_having, way is Way.PROBE, len(ids)), tuple(ids))
    return Condition((_having_of_many,), (bulk.listed(connection, ids)["values"],))


def _having(given: Given, probes: bool, count: int) -> ColumnElement[bool]:
    listed = postings.c.term_id.in_(given.some(count))
    if probes:
        # Not EXISTS: PostgreSQL would turn it into a join with all postings.
        one = select(literal(1)).where(postings.c.entity_id == entities.c.id, listed).limit(1)
        return one.scalar_subquery().is_not(None)
    return entities.c.id.in_(select(postings.c.entity_id).where(listed))


def _having_of_many(given: Given) -> ColumnElement[bool]:
    listed = bulk.is_listed(given.dialect, postings.c.term_id, given.one())
    return entities.c.id.in_(select(postings.c.entity_id).where(listed))


def with_key(key: str, kinds: Kinds) -> Condition:
    """What holds for the rows of `terms` that have a key, of these kinds."""
    if "\0" in key or kinds == ():
        return NEVER
    return Condition((_with_key, None if kinds is None else len(kinds)), (key, *(kinds or ())))


def _with_key(given: Given, kinds: int | None) -> ColumnElement[bool]:
    of_key = terms.c.key == given.one()
    return of_key if kinds is None else and_(of_key, terms.c.kind.in_(given.some(kinds)))


def kinds_of(tree: Filter | None) -> Kinds:
    """The kinds of all that matches, where the filter says so."""
    match tree:
        case Equals(key="kind", values=values):
            return tuple(storable(values))
        case All(parts=parts):
            return next((kinds for part in parts if (kinds := kinds_of(part)) is not None), None)
    return None


def condition(named: Named, tree: Filter | None, way: Way, kinds: Kinds = None) -> Condition:
    """What holds for the rows of `entities` that match; only those of these kinds matter."""
    match tree:
        case None:
            return ALWAYS
        case All(parts=parts):
            inner = kinds_of(tree) or kinds
            return every([condition(named, part, way, inner) for part in parts])
        case AnyOf(parts=parts):
            # One set for all terms: PostgreSQL takes minutes to plan eight hundred.
            equal = [part for part in parts if isinstance(part, Equals) and is_term(part.key)]
            ids = [n for part in equal for n in named.ids(part.key, part.values, kinds)]
            others = [condition(named, part, way, kinds) for part in parts if part not in equal]
            return any_of([*others, having(named.connection, ids, way)])
        case Not(part=part):
            return opposite(condition(named, part, way, kinds))
        case Has(key=key) | Equals(key=key) | HasPrefix(key=key):
            if key in COLUMNS:
                # An expression is not found in an index: the planner has to begin elsewhere.
                return _column(named, tree, way is Way.FEW and key in COUNTED)
            if key.startswith(RELATION):
                probes = way is Way.PROBE and isinstance(tree, Equals)
                return owning(edges.c.source_id, named.edges(tree), probes=probes)
            if key.startswith(LEVEL):
                return owning(results.c.entity_id, levels_of(tree), probes=way is Way.PROBE)
            return _term(named, tree, way, kinds)


def _term(named: Named, leaf: Leaf, way: Way, kinds: Kinds) -> Condition:
    if isinstance(leaf, Equals):
        return having(named.connection, named.ids(leaf.key, leaf.values, kinds), way)
    keyed = with_key(leaf.key, kinds)
    if keyed == NEVER:
        return NEVER
    if not isinstance(leaf, HasPrefix):
        return Condition((_having_key, keyed.shape, 0), keyed.values)
    if (within := bounds(leaf.prefix)) is None:
        return NEVER
    return Condition((_having_key, keyed.shape, len(within)), (*keyed.values, *within))


def _having_key(given: Given, keyed: Shape, ends: int) -> ColumnElement[bool]:
    wanted = [make(keyed, given)]
    if ends:
        wanted += [between(terms.c.value, given.some(ends)), terms.c.known]
    listed = postings.c.term_id.in_(select(terms.c.id).where(*wanted))
    return entities.c.id.in_(select(postings.c.entity_id).where(listed))


def _column(named: Named, leaf: Leaf, hidden: bool) -> Condition:
    match leaf:
        case Equals(key=key, values=values):
            good = storable(values)
            if len(good) > ALONE and not hidden:
                return Condition(
                    (_is_listed, key), (bulk.listed(named.connection, good)["values"],)
                )
            return Condition((_equals, key, hidden, len(good)), tuple(good)) if good else NEVER
        case HasPrefix(key=key, prefix=prefix):
            within = bounds(prefix)
            return Condition((_begins, key, hidden, len(within)), within) if within else NEVER
    return ALWAYS


def _equals(given: Given, key: str, hidden: bool, count: int) -> ColumnElement[bool]:
    column = _of_entities(key, hidden)
    return column == given.one() if count == 1 else column.in_(given.some(count))


def _is_listed(given: Given, key: str) -> ColumnElement[bool]:
    return bulk.is_listed(given.dialect, COLUMNS[key], given.one())


def _begins(given: Given, key: str, hidden: bool, ends: int) -> ColumnElement[bool]:
    return between(_of_entities(key, hidden), given.some(ends))


def _of_entities(key: str, hidden: bool) -> ColumnElement[str]:
    return COLUMNS[key].concat("") if hidden else COLUMNS[key]
