"""Pages of entities: a query answered by keyset, in both directions, with a count on request.

A page is found by ids first, so that sorting never moves a body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.sql.selectable import FromClause

from catalog.queries.cursors import Cursor, Position, decode, encode, turned
from catalog.queries.query import EntityQuery, Order
from portal.db.catalog.entity_rows import EntityRow, by_ids
from portal.db.catalog.filters import COLUMNS, Kinds, Way, terms_with
from portal.db.catalog.full_text import ALL, Found, find_text
from portal.db.catalog.questions import Question, ask
from portal.db.tables import entities, postings, terms

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryPage(Generic[Item]):
    """A page of a list of entities."""

    items: tuple[Item, ...]
    total: int
    """What the query matches, counted when its first page was read; 0 where nobody asked."""
    next_cursor: str | None
    prev_cursor: str | None


EntityPage: TypeAlias = QueryPage[EntityRow]
IdPage: TypeAlias = QueryPage[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sorting:
    """By what rows are ordered. The id settles ties, in the same direction."""

    source: FromClause
    value: ColumnElement[Any]
    constant: bool
    """There is no value: only the id counts."""
    optional: bool
    """The value may be null, which comes last."""
    descending: bool

    def order(self, *, backward: bool) -> list[ColumnElement[Any]]:
        """What to order by; backward is the exact mirror."""
        down = self.descending != backward
        keys: list[ColumnElement[Any]] = [entities.c.id]
        if not self.constant:
            keys.insert(0, self.value)
        ordered = [key.desc() if down else key.asc() for key in keys]
        if self.optional:
            missing = self.value.is_(None)
            ordered.insert(0, missing.desc() if backward else missing.asc())
        return list(ordered)

    def beyond(self, at: Position, *, backward: bool) -> ColumnElement[bool]:
        """What holds for the rows that come after `at`, or before it."""
        down = self.descending != backward
        beyond_id = entities.c.id < at.id if down else entities.c.id > at.id
        if self.constant:
            return beyond_id
        if at.value is None:
            same = and_(self.value.is_(None), beyond_id)
            return or_(same, self.value.is_not(None)) if backward else same
        here = tuple_(self.value, entities.c.id)
        there = tuple_(literal(at.value), literal(at.id))
        further = here < there if down else here > there
        return or_(further, self.value.is_(None)) if self.optional and not backward else further


def by_query(connection: Connection, query: EntityQuery) -> EntityPage:
    """The page that a query asks for. Raises `QueryError` for a cursor that cannot be read."""
    page = ids_by_query(connection, query)
    return QueryPage(
        items=tuple(by_ids(connection, page.items)),
        total=page.total,
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
    )


def ids_by_query(connection: Connection, query: EntityQuery) -> IdPage:
    """The same page, of ids."""
    cursor = decode(query.cursor) if query.cursor is not None else None
    asked = _asked(connection, cursor or query)
    places, counted = _places(connection, query, cursor, asked) if query.limit > 0 else ([], None)
    total = cursor.total if cursor else 0
    if query.count and cursor is None:
        total = _count(connection, asked) if counted is None else counted
    more = len(places) > query.limit
    places = places[: query.limit]
    if not places:
        return QueryPage(items=(), total=total, next_cursor=None, prev_cursor=None)
    backward = cursor is not None and cursor.backward
    if backward:
        places.reverse()
    base = cursor or Cursor(
        filter=query.filter,
        order=query.order,
        full_text=query.full_text,
        position=places[0],
        first=places[0],
        backward=False,
        total=total,
    )
    has_next = more or backward
    has_prev = cursor is not None and places[0] != base.first and (more or not backward)
    return QueryPage(
        items=tuple(place.id for place in places),
        total=total,
        next_cursor=encode(turned(base, places[-1], backward=False)) if has_next else None,
        prev_cursor=encode(turned(base, places[0], backward=True)) if has_prev else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is asked for, whatever the page."""

    question: Question
    sorting: _Sorting
    text: Found
    way: Way


def _asked(connection: Connection, query: EntityQuery | Cursor) -> _Asked:
    order = query.order
    question = ask(connection, query.filter)
    text = find_text(connection, query.full_text, order.field if order else None, question.kinds)
    return _Asked(
        question=question,
        sorting=_sorting(order, question.kinds),
        text=text,
        way=text.way or question.way,
    )


def _places(
    connection: Connection, query: EntityQuery, cursor: Cursor | None, asked: _Asked
) -> tuple[list[Position], int | None]:
    """The page's ids with their order values, and one more if there is one; the total, where it
    costs nothing: all matches are there when they are sorted."""
    sorting = asked.sorting
    backward = cursor is not None and cursor.backward
    # Ordered by a term, all matches are sorted anyway: there is no order to walk.
    way = Way.SETS if sorting.optional and asked.way is Way.PROBE else asked.way
    counts = query.count and cursor is None and way is not Way.PROBE
    statement = (
        select(
            entities.c.id,
            sorting.value.label("value"),
            (func.count().over() if counts else null()).label("total"),
        )
        .select_from(sorting.source)
        .where(asked.question.condition(way), asked.text.condition)
        .order_by(*sorting.order(backward=backward))
        .limit(query.limit + 1)
    )
    if cursor:
        statement = statement.where(sorting.beyond(cursor.position, backward=backward))
    elif query.offset:
        statement = statement.offset(query.offset)
    rows = connection.execute(statement).all()
    return [Position(value=row.value, id=row.id) for row in rows], rows[0].total if rows else None


def _count(connection: Connection, asked: _Asked) -> int:
    if asked.text is ALL and (known := asked.question.exact) is not None:
        return known
    way = Way.FEW if asked.way is Way.FEW else Way.SETS
    found = select(func.count()).select_from(entities)
    return connection.execute(
        found.where(asked.question.condition(way), asked.text.condition)
    ).scalar_one()


def _sorting(order: Order | None, kinds: Kinds) -> _Sorting:
    if order is None:
        return _Sorting(
            source=entities, value=null(), constant=True, optional=False, descending=False
        )
    if (column := COLUMNS.get(order.field)) is not None:
        return _Sorting(
            source=entities,
            value=column,
            constant=False,
            optional=False,
            descending=order.descending,
        )
    # The least of several values: an entity is on one place of the list.
    values = (
        select(postings.c.entity_id, func.min(terms.c.value).label("value"))
        .join(terms, terms.c.id == postings.c.term_id)
        .where(terms_with(order.field, kinds), terms.c.known)
        .group_by(postings.c.entity_id)
        .subquery()
    )
    return _Sorting(
        source=entities.outerjoin(values, values.c.entity_id == entities.c.id),
        value=values.c.value,
        constant=False,
        optional=True,
        descending=order.descending,
    )
