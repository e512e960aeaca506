"""Filters as SQL: what a filter tree asks of the table `entities`.

Kind, name, namespace and uid are columns, `relations.<type>` are edges, levels on scorecards are those
of results, everything else is a term with its postings. There are several ways to ask, with the same
answer: see `Way`. What the index knows of a filter beforehand is in `portal.db.catalog.questions`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from catalog.queries.query import All, AnyOf, Equals, Filter, Has, HasPrefix, Not
from portal.db import bulk
from portal.db.prepared import Prepared
from portal.db.tables import edges, entities, postings, refs, relation_types, results, terms

COLUMNS = {
    "kind": entities.c.kind,
    "metadata.name": entities.c.name,
    "metadata.namespace": entities.c.namespace,
    "metadata.uid": entities.c.uid,
}
"""Keys that are columns; every entity has them."""

COUNTED = ("kind", "metadata.namespace")
"""Columns that are terms, too, for their counts (`portal.db.catalog.index`)."""

RELATION = "relations."

LEVEL = "level,"
"""Before the name of a scorecard: the key whose values are indexes of levels (`portal.db.insights.levels`).
With the comma no text of a filter can say it: what an exemption is for must not follow from results."""

LONGEST_VALUE = 200
"""Characters of a value that is searchable (reference 3.3)."""

FEW = 2_000
"""Matches that are sorted rather than found by walking the order (design, 'Search')."""

Kinds: TypeAlias = tuple[str, ...] | None
"""Lower case; None: all."""

Leaf: TypeAlias = Has | Equals | HasPrefix


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

    def count(self, key: str, values: Sequence[str], kinds: Kinds) -> int:
        """The sum of the counts of these values."""
        return sum(term.n for value in values for term in self._of(key, value, kinds))

    def ids(self, key: str, values: Sequence[str], kinds: Kinds) -> list[int]:
        """The ids of these values' terms."""
        return [term.id for value in values for term in self._of(key, value, kinds)]

    def _of(self, key: str, value: str, kinds: Kinds) -> Iterator[NamedTerm]:
        found = self.known.get((key, value), ())
        return (term for term in found if kinds is None or term.kind in kinds)


def having(
    connection: Connection, ids: Collection[int], way: Way = Way.SETS
) -> ColumnElement[bool]:
    """What holds for the rows of `entities` that have one of the terms with these ids."""
    if not ids:
        return false()
    few = len(ids) <= 8
    listed = (
        postings.c.term_id.in_(list(ids))
        if few
        else bulk.among(connection, postings.c.term_id, ids)
    )
    if way is Way.PROBE and few:
        # Not EXISTS: PostgreSQL would turn it into a join with all postings.
        one = select(literal(1)).where(postings.c.entity_id == entities.c.id, listed).limit(1)
        return one.scalar_subquery().is_not(None)
    return entities.c.id.in_(select(postings.c.entity_id).where(listed))


def storable(values: Sequence[str]) -> list[str]:
    """Those that a database can hold: PostgreSQL knows no NUL, and nothing equals one."""
    return [value for value in values if "\0" not in value]


def begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """That a text begins so, as a range: an index is used where there is one."""
    if "\0" in prefix:
        return false()
    kept = prefix.rstrip(chr(sys.maxunicode))
    after = column >= prefix
    if not kept:
        return after
    last = ord(kept[-1]) + 1
    # There are no characters from D800 to DFFF.
    bound = kept[:-1] + chr(0xE000 if 0xD800 <= last < 0xE000 else last)
    return and_(after, column < bound)


def terms_with(key: str, kinds: Kinds) -> ColumnElement[bool]:
    """What holds for the rows of `terms` that have a key, of these kinds."""
    if "\0" in key:
        return false()
    return and_(terms.c.key == key, *([] if kinds is None else [terms.c.kind.in_(kinds)]))


def is_term(key: str) -> bool:
    """Whether the values of a key are terms with postings."""
    return key not in COLUMNS and not key.startswith((RELATION, LEVEL))


def kinds_of(tree: Filter | None) -> Kinds:
    """The kinds of all that matches, where the filter says so."""
    match tree:
        case Equals(key="kind", values=values):
            return tuple(storable(values))
        case All(parts=parts):
            return next((kinds for part in parts if (kinds := kinds_of(part)) is not None), None)
    return None


def condition(
    named: Named, tree: Filter | None, way: Way, kinds: Kinds = None
) -> ColumnElement[bool]:
    """What holds for the rows of `entities` that match; only those of these kinds matter."""
    match tree:
        case None:
            return true()
        case All(parts=parts):
            inner = kinds_of(tree) or kinds
            return and_(true(), *(condition(named, part, way, inner) for part in parts))
        case AnyOf(parts=parts):
            # One set for all terms: PostgreSQL takes minutes to plan eight hundred.
            equal = [part for part in parts if isinstance(part, Equals) and is_term(part.key)]
            ids = [n for part in equal for n in named.ids(part.key, part.values, kinds)]
            others = [condition(named, part, way, kinds) for part in parts if part not in equal]
            return or_(false(), *others, having(named.connection, ids, way))
        case Not(part=part):
            return not_(condition(named, part, way, kinds))
        case Has(key=key) | Equals(key=key) | HasPrefix(key=key):
            if (column := COLUMNS.get(key)) is not None:
                if isinstance(tree, Has):
                    return true()
                # An expression is not found in an index: the planner has to begin elsewhere.
                hidden = way is Way.FEW and key in COUNTED
                return _matches(column.concat("") if hidden else column, tree)
            if key.startswith(RELATION):
                return _edge(named, key.removeprefix(RELATION), tree, way)
            if key.startswith(LEVEL):
                return _level(tree, way)
            return _term(named, tree, way, kinds)


def _term(named: Named, leaf: Leaf, way: Way, kinds: Kinds) -> ColumnElement[bool]:
    if isinstance(leaf, Equals):
        return having(named.connection, named.ids(leaf.key, leaf.values, kinds), way)
    wanted = [terms_with(leaf.key, kinds)]
    if isinstance(leaf, HasPrefix):
        wanted += [begins(terms.c.value, leaf.prefix), terms.c.known]
    listed = postings.c.term_id.in_(select(terms.c.id).where(*wanted))
    return entities.c.id.in_(select(postings.c.entity_id).where(listed))


def _matches(column: ColumnElement[str], leaf: Equals | HasPrefix) -> ColumnElement[bool]:
    match leaf:
        case Equals(values=values):
            good = storable(values)
            return column == good[0] if len(good) == 1 else column.in_(good)
        case HasPrefix(prefix=prefix):
            return begins(column, prefix)


def edges_of(connection: Connection, relation: str, leaf: Leaf) -> ColumnElement[bool]:
    """What holds for the rows of `edges`. Ids are looked up first: what is asked of it is short."""
    if "\0" in relation:
        return false()
    types = [row[0] for row in _TYPES.rows(connection, {"name": relation})]
    typed = _one_of(connection, edges.c.type_id, types)
    match leaf:
        case Has():
            return typed
        case Equals(values=values):
            rows = _TARGETS.rows(connection, bulk.listed(connection, storable(values)))
            targets = [row[0] for row in rows]
            return and_(typed, _one_of(connection, edges.c.target_id, targets))
        case HasPrefix(prefix=prefix):
            begun = select(refs.c.id).where(begins(refs.c.ref, prefix))
            return and_(typed, edges.c.target_id.in_(begun))


def _one_of(connection: Connection, column: Column[int], ids: Sequence[int]) -> ColumnElement[bool]:
    match ids:
        case []:
            return false()
        case [one]:
            return column == one
    return bulk.among(connection, column, ids)


def _edge(named: Named, relation: str, leaf: Leaf, way: Way) -> ColumnElement[bool]:
    wanted = edges_of(named.connection, relation, leaf)
    if way is Way.PROBE and isinstance(leaf, Equals):
        one = select(literal(1)).where(edges.c.source_id == entities.c.id, wanted).limit(1)
        return one.scalar_subquery().is_not(None)
    return entities.c.id.in_(select(edges.c.source_id).where(wanted))


def levels_of(leaf: Leaf) -> ColumnElement[bool]:
    """What holds for the rows of `results` that are on one of the levels."""
    [name] = storable([leaf.key.removeprefix(LEVEL)]) or [""]
    of_scorecard = results.c.scorecard == name
    match leaf:
        case Has():
            return of_scorecard
        case Equals(values=values):
            ranks = [int(v) for v in values if len(v) < 4 and v.isascii() and v.isdecimal()]
            return and_(of_scorecard, results.c.proven.in_(ranks))
    return false()


def _level(leaf: Leaf, way: Way) -> ColumnElement[bool]:
    wanted = levels_of(leaf)
    if way is Way.PROBE:
        one = select(literal(1)).where(results.c.entity_id == entities.c.id, wanted).limit(1)
        return one.scalar_subquery().is_not(None)
    return entities.c.id.in_(select(results.c.entity_id).where(wanted))


_TYPES = Prepared(
    lambda _: select(relation_types.c.id).where(
        func.lower(relation_types.c.name) == bindparam("name")
    )
)
_TARGETS = Prepared(lambda dialect: select(refs.c.id).where(bulk.is_listed(dialect, refs.c.ref)))
