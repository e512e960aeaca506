"""Conditions on what is kept of entities in other tables: edges, and results of scorecards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from catalog.queries.query import Equals, Has, HasPrefix
from portal.db import bulk
from portal.db.catalog.conditions import NEVER, Condition, Given, Shape, every, make
from portal.db.catalog.keys import LEVEL, RELATION, Leaf, between, bounds, storable
from portal.db.prepared import Prepared
from portal.db.tables import edges, entities, refs, relation_types, results


def owning(owner: Column[int], wanted: Condition, *, probes: bool) -> Condition:
    """What holds for the rows of `entities` that are the `owner` of a row for which `wanted` holds."""
    if wanted == NEVER:
        return NEVER
    return Condition((_owns, owner, probes, wanted.shape), wanted.values)


def _owns(given: Given, owner: Column[int], probes: bool, wanted: Shape) -> ColumnElement[bool]:
    rows = make(wanted, given)
    if probes:
        one = select(literal(1)).where(owner == entities.c.id, rows).limit(1)
        return one.scalar_subquery().is_not(None)
    return entities.c.id.in_(select(owner).where(rows))


def edges_of(connection: Connection, leaf: Leaf) -> Condition:
    """What holds for the rows of `edges`. Ids are looked up first: what is asked of it is short."""
    relation = leaf.key.removeprefix(RELATION)
    if "\0" in relation:
        return NEVER
    targets = storable(leaf.values) if isinstance(leaf, Equals) else []
    rows = _ENDS.rows(connection, {"name": relation, **bulk.listed(connection, targets)})
    typed = _one_of(connection, "type_id", [number for end, number in rows if end == _TYPE])
    match leaf:
        case Has():
            return typed
        case Equals():
            targeted = [number for end, number in rows if end == _TARGET]
            return every([typed, _one_of(connection, "target_id", targeted)])
        case HasPrefix(prefix=prefix):
            within = bounds(prefix)
            begun = Condition((_targets_begin, len(within)), within) if within else NEVER
            return every([typed, begun])


def edges_containing(connection: Connection, key: str, pattern: str) -> Condition:
    """What holds for the rows of `edges` of a relation whose target is like the pattern."""
    typed = edges_of(connection, Has(key=key))
    return every([typed, Condition((_targets_are_like,), (pattern,))])


def _targets_are_like(given: Given) -> ColumnElement[bool]:
    like = select(refs.c.id).where(refs.c.ref.like(given.one(), escape="/"))
    return edges.c.target_id.in_(like)


def _targets_begin(given: Given, ends: int) -> ColumnElement[bool]:
    begun = select(refs.c.id).where(between(refs.c.ref, given.some(ends)))
    return edges.c.target_id.in_(begun)


def _one_of(connection: Connection, column: str, ids: Sequence[int]) -> Condition:
    match ids:
        case []:
            return NEVER
        case [one]:
            return Condition((_is_one, column), (one,))
    return Condition((_is_listed, column), (bulk.listed(connection, ids)["values"],))


def _is_one(given: Given, column: str) -> ColumnElement[bool]:
    return edges.c[column] == given.one()


def _is_listed(given: Given, column: str) -> ColumnElement[bool]:
    return bulk.is_listed(given.dialect, edges.c[column], given.one())


def levels_of(leaf: Leaf) -> Condition:
    """What holds for the rows of `results` that are on one of the levels."""
    [name] = storable([leaf.key.removeprefix(LEVEL)]) or [""]
    match leaf:
        case Has():
            return Condition((_on_levels, None), (name,))
        case Equals(values=values):
            ranks = [int(v) for v in values if len(v) < 4 and v.isascii() and v.isdecimal()]
            return Condition((_on_levels, len(ranks)), (name, *ranks)) if ranks else NEVER
    return NEVER


def _on_levels(given: Given, ranks: int | None) -> ColumnElement[bool]:
    of_scorecard = results.c.scorecard == given.one()
    return (
        of_scorecard
        if ranks is None
        else and_(of_scorecard, results.c.proven.in_(given.some(ranks)))
    )


_TYPE, _TARGET = 0, 1


def _ends(dialect: str) -> CompoundSelect[Any]:
    """The ids of a relation's types, and of refs."""
    named = func.lower(relation_types.c.name) == bindparam("name")
    return union_all(
        select(literal_column(str(_TYPE)), relation_types.c.id).where(named),
        select(literal_column(str(_TARGET)), refs.c.id).where(bulk.is_listed(dialect, refs.c.ref)),
    )


_ENDS = Prepared(_ends)
