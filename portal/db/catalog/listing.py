"""Pages of entities: a query answered by keyset, in both directions, with a count on request.

A page is found by ids first, so that sorting never moves a body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from sqlalchemy import Connection

from catalog.queries.cursors import Cursor, Position, decode, encode, turned
from catalog.queries.query import EntityQuery
from portal.db.catalog.conditions import Condition, every
from portal.db.catalog.entity_rows import EntityRow, by_ids
from portal.db.catalog.filters import Way, with_key
from portal.db.catalog.full_text import ALL, Found, find_text
from portal.db.catalog.keys import COLUMNS
from portal.db.catalog.pages import COUNT, PLACES, PageForm
from portal.db.catalog.questions import Question, ask

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
    text: Found
    keyed: Condition | None
    """Of the terms whose values rows are ordered by; None: it is a column, or there is no order."""
    way: Way

    def wanted(self, way: Way) -> Condition:
        """What holds for the rows of `entities` that match."""
        return every([self.question.asked(way), self.text.condition])


def _asked(connection: Connection, query: EntityQuery | Cursor) -> _Asked:
    order = query.order
    question = ask(connection, query.filter)
    text = find_text(connection, query.full_text, order.field if order else None, question.kinds)
    by_term = order is not None and order.field not in COLUMNS
    return _Asked(
        question=question,
        text=text,
        keyed=with_key(order.field, question.kinds) if order and by_term else None,
        way=text.way or question.way,
    )


def _places(
    connection: Connection, query: EntityQuery, cursor: Cursor | None, asked: _Asked
) -> tuple[list[Position], int | None]:
    """The page's ids with their order values, and one more if there is one; the total, where it
    costs nothing: all matches are there when they are sorted."""
    # Ordered by a term, all matches are sorted anyway: there is no order to walk.
    way = Way.SETS if asked.keyed and asked.way is Way.PROBE else asked.way
    order = (cursor or query).order
    keyed, wanted = asked.keyed, asked.wanted(way)
    form = PageForm(
        wanted=wanted.shape,
        column=order.field if order and keyed is None else None,
        keyed=keyed.shape if keyed else None,
        descending=order is not None and order.descending,
        backward=cursor is not None and cursor.backward,
        is_first=cursor is None,
        after_none=cursor is not None and cursor.position.value is None,
        counts=query.count and cursor is None and way is not Way.PROBE,
    )
    values = {**wanted.named("wanted"), "limit": query.limit + 1}
    values["offset"] = 0 if cursor else query.offset
    if keyed:
        values |= keyed.named("keyed")
    if cursor:
        values |= {"after": cursor.position.value, "after_id": cursor.position.id}
    rows = PLACES.rows(connection, form, values)
    return [Position(value=row[1], id=row[0]) for row in rows], rows[0][2] if rows else None


def _count(connection: Connection, asked: _Asked) -> int:
    if asked.text is ALL and (known := asked.question.exact) is not None:
        return known
    wanted = asked.wanted(Way.FEW if asked.way is Way.FEW else Way.SETS)
    return int(COUNT.rows(connection, wanted.shape, wanted.named("wanted"))[0][0])
