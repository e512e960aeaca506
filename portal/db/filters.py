"""Filters as SQL: what a filter tree asks of the table `entities`.

Kind, name, namespace and uid are columns, `relations.<type>` are edges, everything else is a term
with its postings. There are several ways to ask, with the same answer: see `Way`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias, TypeGuard

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
)

from catalog.query import All, AnyOf, Equals, Filter, Has, HasPrefix, Not
from portal.db.tables import edges, entities, postings, refs, relation_types, terms

COLUMNS = {
    "kind": entities.c.kind,
    "metadata.name": entities.c.name,
    "metadata.namespace": entities.c.namespace,
    "metadata.uid": entities.c.uid,
}
"""Keys that are columns; every entity has them."""

LONGEST_VALUE = 200
"""Characters of a value that is searchable (reference 3.3)."""

Kinds: TypeAlias = tuple[str, ...] | None
"""Lower case; None: all."""

FEW = 2_000
"""Matches that are sorted rather than found by walking the order (design, 'Search')."""


Leaf: TypeAlias = Has | Equals | HasPrefix


class Way(Enum):
    """How the database is to find what matches; the answer is the same."""

    SETS = "sets"
    """By sets of ids and by any index: good for counting."""
    FEW = "few"
    """From sets of ids alone: good where they are small, whatever the kind."""
    PROBE = "probe"
    """Entity by entity: good for walking an order in which many match."""


def way_of(connection: Connection, tree: Filter | None) -> Way:
    """The way to find the first matches of an order."""
    matches = estimate(connection, tree)
    return Way.PROBE if matches is None or matches > FEW else Way.FEW


def condition(tree: Filter | None, way: Way = Way.SETS, kinds: Kinds = None) -> ColumnElement[bool]:
    """What holds for the rows of `entities` that match; those that matter are of these kinds."""
    match tree:
        case None:
            return true()
        case All(parts=parts):
            kinds = kinds_of(tree) or kinds
            return and_(true(), *(condition(part, way, kinds) for part in parts))
        case AnyOf(parts=parts):
            # One look-up for all terms: PostgreSQL takes minutes to plan eight hundred.
            equal = [part for part in parts if isinstance(part, Equals) and _is_term(part.key)]
            others = [condition(part, way, kinds) for part in parts if part not in equal]
            return or_(false(), *others, *([_equal(equal, way, kinds)] if equal else ()))
        case Not(part=part):
            return not_(condition(part, way, kinds))
        case Has(key=key) | Equals(key=key) | HasPrefix(key=key):
            if (column := COLUMNS.get(key)) is not None:
                if isinstance(tree, Has):
                    return true()
                # An expression is not found in an index: the planner has to begin elsewhere.
                hidden = way is Way.FEW and key in ("kind", "metadata.namespace")
                return _matches(column.concat("") if hidden else column, tree)
            if _is_term(key):
                return _term(tree, way, kinds)
            return _edge(key.removeprefix("relations."), tree, way)


def kinds_of(tree: Filter | None) -> Kinds:
    """The kinds of all that matches, where the filter says so."""
    match tree:
        case Equals(key="kind", values=values):
            return tuple(storable(values))
        case All(parts=parts):
            return next((kinds for part in parts if (kinds := kinds_of(part)) is not None), None)
    return None


def estimate(connection: Connection, tree: Filter | None, kinds: Kinds = None) -> int | None:
    """At most how many entities of these kinds match, by maintained counts; None: perhaps all.

    Beyond `FEW` the number is only a number beyond `FEW`.
    """
    match tree:
        case All(parts=parts):
            kinds = kinds_of(tree) or kinds
            known = [n for part in parts if (n := estimate(connection, part, kinds)) is not None]
            return min(known, default=None)
        case AnyOf(parts=parts):
            each = [estimate(connection, part, kinds) for part in parts]
            return None if None in each else sum(n for n in each if n is not None)
        case Equals(key=key) if key not in COLUMNS:
            relation = key.removeprefix("relations.")
            if relation == key:
                return _sum(connection, terms_of(key, tree, kinds))
            found = select(literal(1)).where(_edges(relation, tree)).limit(FEW + 1)
            counts = select(func.count()).select_from(found.subquery())
            return int(connection.execute(counts).scalar_one())
        case Equals(key="metadata.name" | "metadata.uid" as key, values=values):
            named = select(literal(1)).where(COLUMNS[key].in_(storable(values))).limit(FEW + 1)
            return connection.execute(
                select(func.count()).select_from(named.subquery())
            ).scalar_one()
    return None


def exact_count(connection: Connection, tree: Filter | None) -> int | None:
    """The number of matches where it is maintained: of everything, of kinds, and of one value of a
    term, perhaps in kinds. An entity has a value at most once, however it is spelled
    (`catalog.terms`)."""
    match tree:
        case None:
            return _sum(connection, terms.c.key == "kind")
        case All(parts=(one, other)):
            for part, rest in ((one, other), (other, one)):
                if isinstance(part, Equals) and part.key == "kind" and _is_single(rest):
                    return _sum(connection, terms_of(rest.key, rest, kinds_of(part)))
        case Equals(key="kind"):
            return _sum(connection, terms_of("kind", tree))
        case Equals() if _is_single(tree):
            return _sum(connection, terms_of(tree.key, tree))
    return None


def _is_single(leaf: Filter) -> TypeGuard[Equals]:
    """Whether it is one value of a term."""
    return (
        isinstance(leaf, Equals)
        and len(leaf.values) == 1
        and leaf.key not in ("kind", "metadata.name", "metadata.uid")
        and not leaf.key.startswith("relations.")
    )


def _sum(connection: Connection, wanted: ColumnElement[bool]) -> int:
    counted = select(func.coalesce(func.sum(terms.c.n), 0)).where(wanted)
    return int(connection.execute(counted).scalar_one())


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


def _matches(column: ColumnElement[str], leaf: Equals | HasPrefix) -> ColumnElement[bool]:
    match leaf:
        case Equals(values=values):
            good = storable(values)
            return column == good[0] if len(good) == 1 else column.in_(good)
        case HasPrefix(prefix=prefix):
            return begins(column, prefix)


def terms_of(key: str, leaf: Filter, kinds: Kinds = None) -> ColumnElement[bool]:
    """What holds for the rows of `terms` that a condition on a key means."""
    if "\0" in key:
        return false()
    wanted = [terms.c.key == key]
    if isinstance(leaf, Equals | HasPrefix):
        wanted += [_matches(terms.c.value, leaf), terms.c.known]
    return and_(*wanted, *_of_kinds(kinds))


def _term(leaf: Leaf, way: Way, kinds: Kinds) -> ColumnElement[bool]:
    # A key alone may mean thousands of terms, far too many for a probe.
    way = way if isinstance(leaf, Equals) else Way.SETS
    return _having(terms_of(leaf.key, leaf, kinds), way)


def _equal(leaves: Sequence[Equals], way: Way, kinds: Kinds) -> ColumnElement[bool]:
    """That any of several conditions on terms holds."""
    if len(leaves) == 1:
        return _term(leaves[0], way, kinds)
    pairs = [(leaf.key, value) for leaf in leaves for value in leaf.values]
    pairs = [pair for pair in pairs if "\0" not in pair[0] + pair[1]]
    wanted = [tuple_(terms.c.key, terms.c.value).in_(pairs), terms.c.known, *_of_kinds(kinds)]
    return _having(and_(*wanted), way)


def _having(wanted: ColumnElement[bool], way: Way) -> ColumnElement[bool]:
    """That an entity has one of the terms."""
    listed = postings.c.term_id.in_(select(terms.c.id).where(wanted))
    if way is Way.PROBE:
        return exists().where(postings.c.entity_id == entities.c.id, listed)
    return entities.c.id.in_(select(postings.c.entity_id).where(listed))


def _of_kinds(kinds: Kinds) -> list[ColumnElement[bool]]:
    return [] if kinds is None else [terms.c.kind.in_(kinds)]


def _is_term(key: str) -> bool:
    return key not in COLUMNS and not key.startswith("relations.")


def _edges(relation: str, leaf: Filter) -> ColumnElement[bool]:
    if "\0" in relation:
        return false()
    named = select(relation_types.c.id).where(func.lower(relation_types.c.name) == relation)
    typed = edges.c.type_id.in_(named)
    if isinstance(leaf, Equals | HasPrefix):
        targets = select(refs.c.id).where(_matches(refs.c.ref, leaf))
        return and_(typed, edges.c.target_id.in_(targets))
    return typed


def _edge(relation: str, leaf: Filter, way: Way) -> ColumnElement[bool]:
    if way is Way.PROBE:
        return exists().where(edges.c.source_id == entities.c.id, _edges(relation, leaf))
    return entities.c.id.in_(select(edges.c.source_id).where(_edges(relation, leaf)))
