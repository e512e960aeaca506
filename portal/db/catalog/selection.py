"""Selections: which entities a filter selects, as ids, of all there are or of given ones.

Ids of 100,000 entities are small; their bodies are read in pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.sql.selectable import FromClause

from catalog.queries.matching import matches
from catalog.queries.query import All, AnyOf, Filter, Not, Order
from portal.db.bulk import pick
from portal.db.catalog.entity_rows import EntityRow
from portal.db.catalog.filters import Way
from portal.db.catalog.index import unpack
from portal.db.catalog.keys import COLUMNS, storable
from portal.db.catalog.questions import ask
from portal.db.tables import entities, postings, terms

ALL = 2**31 - 1
"""A limit that is none: SQLite has no offset without a limit."""

RELATIONS = "relations."


def ids_in_order(
    connection: Connection,
    tree: Filter | None,
    orders: Sequence[Order] = (),
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[int]:
    """The ids of the entities that match, in this order, by default by ref.

    What lacks a value comes last, whatever the direction; the id settles ties.
    """
    source, keys = _sorting(orders)
    question = ask(connection, tree)
    way = question.way if limit is not None and source is entities else Way.SETS
    statement = (
        select(entities.c.id)
        .select_from(source)
        .where(question.condition(way))
        .order_by(*keys, entities.c.id)
    )
    if limit is not None or offset:
        statement = statement.limit(ALL if limit is None else limit).offset(offset)
    return list(connection.execute(statement).scalars())


def matching(connection: Connection, rows: Collection[EntityRow], tree: Filter) -> set[int]:
    """The ids of those of the entities that match.

    Each is looked at by itself, with the terms that the index has of it: however large the
    catalog is, only `rows` matter.
    """
    values = {row.id: _values(row) for row in rows}
    keys = {key for key in _keys(tree) if key not in COLUMNS and not key.startswith(RELATIONS)}
    packed = pick(connection, (entities.c.id, entities.c.terms), entities.c.id, values)
    terms_of = {number: unpack(found) for number, found in packed} if keys else {}
    columns = (terms.c.id, terms.c.key, terms.c.value, terms.c.known)
    named = {
        number: (key, value if known else None)
        for number, key, value, known in pick(
            connection, columns, terms.c.id, set().union(*terms_of.values())
        )
        if key in keys
    }
    for number, ids in terms_of.items():
        for key, value in (named[term] for term in ids if term in named):
            values[number].setdefault(key, set()).update(() if value is None else (value,))
    return {number for number, found in values.items() if matches(tree, found)}


def _sorting(orders: Sequence[Order]) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """From where to select, and by what to order."""
    source: FromClause = entities
    keys: list[ColumnElement[Any]] = []
    for order in orders:
        value: ColumnElement[Any] | None = COLUMNS.get(order.field)
        if value is None:
            # The least of several values: an entity is on one place of the list.
            values = (
                select(postings.c.entity_id, func.min(terms.c.value).label("value"))
                .join(terms, terms.c.id == postings.c.term_id)
                .where(terms.c.key.in_(storable([order.field])), terms.c.known)
                .group_by(postings.c.entity_id)
                .subquery()
            )
            source = source.outerjoin(values, values.c.entity_id == entities.c.id)
            value = values.c.value
            keys.append(value.is_(None))
        keys.append(value.desc() if order.descending else value.asc())
    return source, keys or [entities.c.ref]


def _values(row: EntityRow) -> dict[str, set[str]]:
    """The values of an entity that are not terms."""
    found = {
        "kind": {row.kind},
        "metadata.name": {row.name},
        "metadata.namespace": {row.namespace},
        "metadata.uid": {row.uid},
    }
    for relation in orjson.loads(row.relations):
        found.setdefault(RELATIONS + relation["type"].lower(), set()).add(relation["targetRef"])
    return found


def _keys(tree: Filter) -> set[str]:
    match tree:
        case All(parts=parts) | AnyOf(parts=parts):
            return set().union(*map(_keys, parts))
        case Not(part=part):
            return _keys(part)
    return {tree.key}
