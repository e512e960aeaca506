"""Filters as SQL: what a filter tree asks of the table `entities`.

Kind, name, namespace and uid are columns, `relations.<type>` are edges, everything else is a term
with its postings. The terms that a filter names are looked up first, with their counts: so it is
known how many entities match at most, and a database that is given their ids plans by what it
knows of them. There are several ways to ask, with the same answer: see `Way`.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, TypeGuard

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

from catalog.query import All, AnyOf, Equals, Filter, Has, HasPrefix, Not
from portal.db import bulk
from portal.db.prepared import Prepared
from portal.db.tables import edges, entities, postings, refs, relation_types, terms

COLUMNS = {
    "kind": entities.c.kind,
    "metadata.name": entities.c.name,
    "metadata.namespace": entities.c.namespace,
    "metadata.uid": entities.c.uid,
}
"""Keys that are columns; every entity has them."""

COUNTED = ("kind", "metadata.namespace")
"""Columns that are terms, too, for their counts (`portal.db.index`)."""

RELATION = "relations."

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
class _Known:
    """A term that a filter names."""

    id: int
    kind: str
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A filter, with what the index knows of the values in it."""

    filter: Filter | None
    connection: Connection
    known: Mapping[tuple[str, str], Sequence[_Known]]
    """By key and value."""

    @property
    def kinds(self) -> Kinds:
        """The kinds of all that matches, where the filter says so."""
        return _kinds(self.filter)

    @property
    def way(self) -> Way:
        """The way to find the first matches of an order."""
        most = self.most
        return Way.PROBE if most is None or most > FEW else Way.FEW

    @property
    def most(self) -> int | None:
        """At most how many entities match; None: perhaps all. Beyond `FEW` it is only beyond it."""
        return _most(self, self.filter, None)

    @property
    def exact(self) -> int | None:
        """How many match, where it is maintained: everything, kinds, and one value of a term,
        perhaps in kinds. An entity has a value once, however it is spelled (`catalog.terms`)."""
        match self.filter:
            case None:
                return sum(int(n) for (n,) in _EVERYTHING.rows(self.connection, {"key": "kind"}))
            case Equals(key=key, values=values) if key in COUNTED or _is_term(key):
                single = key in COUNTED or len(values) == 1
                return self.count(key, values, None) if single else None
            case All(parts=(one, other)):
                for part, rest in ((one, other), (other, one)):
                    if isinstance(part, Equals) and part.key == "kind" and _is_single(rest):
                        return self.count(rest.key, rest.values, _kinds(part))
        return None

    def condition(self, way: Way = Way.SETS) -> ColumnElement[bool]:
        """What holds for the rows of `entities` that match."""
        return _condition(self, self.filter, way, None)

    def count(self, key: str, values: Sequence[str], kinds: Kinds) -> int:
        """The sum of the counts of these values."""
        return sum(term.n for value in values for term in self._of(key, value, kinds))

    def ids(self, key: str, values: Sequence[str], kinds: Kinds) -> list[int]:
        """The ids of these values' terms."""
        return [term.id for value in values for term in self._of(key, value, kinds)]

    def _of(self, key: str, value: str, kinds: Kinds) -> Iterator[_Known]:
        found = self.known.get((key, value), ())
        return (term for term in found if kinds is None or term.kind in kinds)


def ask(connection: Connection, tree: Filter | None) -> Question:
    """The question of a filter: one look at the index for all values in it."""
    pairs = {pair for pair in _pairs(tree) if "\0" not in pair[0] and "\0" not in pair[1]}
    wanted = [(key, value, True) for key, value in sorted(pairs)]
    known: dict[tuple[str, str], list[_Known]] = defaultdict(list)
    columns = ("key", "value", "id", "kind", "n")
    for row in bulk.look_up(connection, terms, ("key", "value", "known"), wanted, columns):
        known[row.key, row.value].append(_Known(id=row.id, kind=row.kind, n=row.n))
    return Question(filter=tree, connection=connection, known=known)


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


def _pairs(tree: Filter | None) -> Iterator[tuple[str, str]]:
    """Every key and value in a filter that is a term."""
    match tree:
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _pairs(part)
        case Not(part=part):
            yield from _pairs(part)
        case Equals(key=key, values=values) if key in COUNTED or _is_term(key):
            for value in values:
                yield key, value


def _is_term(key: str) -> bool:
    return key not in COLUMNS and not key.startswith(RELATION)


def _is_single(leaf: Filter) -> TypeGuard[Equals]:
    """Whether it is one value of a term."""
    return isinstance(leaf, Equals) and len(leaf.values) == 1 and _is_term(leaf.key)


def _kinds(tree: Filter | None) -> Kinds:
    match tree:
        case Equals(key="kind", values=values):
            return tuple(storable(values))
        case All(parts=parts):
            return next((kinds for part in parts if (kinds := _kinds(part)) is not None), None)
    return None


def _most(asked: Question, tree: Filter | None, kinds: Kinds) -> int | None:
    match tree:
        case All(parts=parts):
            inner = _kinds(tree) or kinds
            known = [n for part in parts if (n := _most(asked, part, inner)) is not None]
            return min(known, default=None)
        case AnyOf(parts=parts):
            each = [_most(asked, part, kinds) for part in parts]
            return None if None in each else sum(n for n in each if n is not None)
        case Equals(key=key, values=values) if _is_term(key):
            return asked.count(key, values, kinds)
        case Equals(key="metadata.name" | "metadata.uid" as key, values=values):
            wanted: ColumnElement[bool] = COLUMNS[key].in_(storable(values))
        case Equals(key=key) if key.startswith(RELATION):
            wanted = _edges(asked.connection, key.removeprefix(RELATION), tree)
        case _:
            return None
    found = select(literal(1)).where(wanted).limit(FEW + 1).subquery()
    return asked.connection.execute(select(func.count()).select_from(found)).scalar_one()


def _condition(asked: Question, tree: Filter | None, way: Way, kinds: Kinds) -> ColumnElement[bool]:
    """What holds for what matches; only entities of these kinds matter."""
    match tree:
        case None:
            return true()
        case All(parts=parts):
            inner = _kinds(tree) or kinds
            return and_(true(), *(_condition(asked, part, way, inner) for part in parts))
        case AnyOf(parts=parts):
            # One set for all terms: PostgreSQL takes minutes to plan eight hundred.
            equal = [part for part in parts if isinstance(part, Equals) and _is_term(part.key)]
            ids = [n for part in equal for n in asked.ids(part.key, part.values, kinds)]
            others = [_condition(asked, part, way, kinds) for part in parts if part not in equal]
            return or_(false(), *others, having(asked.connection, ids, way))
        case Not(part=part):
            return not_(_condition(asked, part, way, kinds))
        case Has(key=key) | Equals(key=key) | HasPrefix(key=key):
            if (column := COLUMNS.get(key)) is not None:
                if isinstance(tree, Has):
                    return true()
                # An expression is not found in an index: the planner has to begin elsewhere.
                hidden = way is Way.FEW and key in COUNTED
                return _matches(column.concat("") if hidden else column, tree)
            if key.startswith(RELATION):
                return _edge(asked, key.removeprefix(RELATION), tree, way)
            return _term(asked, tree, way, kinds)


def _term(asked: Question, leaf: Leaf, way: Way, kinds: Kinds) -> ColumnElement[bool]:
    if isinstance(leaf, Equals):
        return having(asked.connection, asked.ids(leaf.key, leaf.values, kinds), way)
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


def _edges(connection: Connection, relation: str, leaf: Leaf) -> ColumnElement[bool]:
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


def _edge(asked: Question, relation: str, leaf: Leaf, way: Way) -> ColumnElement[bool]:
    wanted = _edges(asked.connection, relation, leaf)
    if way is Way.PROBE and isinstance(leaf, Equals):
        one = select(literal(1)).where(edges.c.source_id == entities.c.id, wanted).limit(1)
        return one.scalar_subquery().is_not(None)
    return entities.c.id.in_(select(edges.c.source_id).where(wanted))


_EVERYTHING = Prepared(lambda _: select(terms.c.n).where(terms.c.key == bindparam("key")))
_TYPES = Prepared(
    lambda _: select(relation_types.c.id).where(
        func.lower(relation_types.c.name) == bindparam("name")
    )
)
_TARGETS = Prepared(lambda dialect: select(refs.c.id).where(bulk.is_listed(dialect, refs.c.ref)))
