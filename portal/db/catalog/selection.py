"""Selections: which entities a filter selects, as ids, of all there are or of given ones.

Ids of 100,000 entities are small; their bodies are read in pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.selectable import FromClause

from catalog.queries.matching import matches
from catalog.queries.query import All, AnyOf, Filter, Not, Order
from portal.db.bulk import pick
from portal.db.catalog.conditions import Shape, part
from portal.db.catalog.entity_rows import EntityRow
from portal.db.catalog.filters import Way, with_key
from portal.db.catalog.index import unpack
from portal.db.catalog.keys import COLUMNS
from portal.db.catalog.questions import ask
from portal.db.prepared import Forms
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
    question = ask(connection, tree)
    keyed = {
        n: with_key(one.field, None) for n, one in enumerate(orders) if one.field not in COLUMNS
    }
    filter_ = question.asked(question.way if limit is not None and not keyed else Way.SETS)
    by = (keyed[n].shape if n in keyed else one.field for n, one in enumerate(orders))
    form = _Form(filter=filter_.shape, by=tuple(by), down=tuple(one.descending for one in orders))
    values = filter_.named("filter") | {"limit": ALL if limit is None else limit, "offset": offset}
    for n, term in keyed.items():
        values |= term.named(f"by{n}_")
    [(ids,)] = _IDS.rows(connection, form, values)
    found: list[int] = orjson.loads(f"[{ids or ''}]")
    return found


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """What ids are asked by, all but the values."""

    filter: Shape
    by: tuple[str | Shape, ...]
    """Of each order the key in `COLUMNS`, or what holds for the terms whose least value counts."""
    down: tuple[bool, ...]
    """Whether it is descending."""


def _in_order(dialect: str, form: _Form) -> Select[Any]:
    """Ids, separated by commas; parameters are `limit` and `offset`, too."""
    source: FromClause = entities
    keys: list[ColumnElement[Any]] = []
    for n, (by, down) in enumerate(zip(form.by, form.down, strict=True)):
        if isinstance(by, str):
            value: ColumnElement[Any] = COLUMNS[by]
        else:
            # The least of several values: an entity is on one place of the list.
            values = (
                select(postings.c.entity_id, func.min(terms.c.value).label("value"))
                .join(terms, terms.c.id == postings.c.term_id)
                .where(part(by, dialect, f"by{n}_"), terms.c.known)
                .group_by(postings.c.entity_id)
                .subquery()
            )
            source = source.outerjoin(values, values.c.entity_id == entities.c.id)
            value = values.c.value
            keys.append(value.is_(None))
        keys.append(value.desc() if down else value.asc())
    ids = (
        select(entities.c.id)
        .select_from(source)
        .where(part(form.filter, dialect, "filter"))
        .order_by(*(keys or [entities.c.ref]), entities.c.id)
        .limit(bindparam("limit", type_=BigInteger))
        .offset(bindparam("offset", type_=BigInteger))
        .subquery()
    )
    # A value, and not a row for each of a hundred thousand.
    joined = func.group_concat if dialect == "sqlite" else func.string_agg
    return select(joined(cast(ids.c.id, Text), literal_column("','")))


_IDS = Forms(_in_order)


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
