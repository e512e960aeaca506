"""Pages of entities: a query answered by keyset, in both directions, with a count on request.

A page is found by ids first, so that sorting never moves a body: that is one statement with the answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Connection

from catalog.queries.cursors import Cursor, Position, decode, encode, turned
from catalog.queries.query import EntityQuery
from portal.db.catalog import answerable
from portal.db.catalog.answerable import Show
from portal.db.catalog.conditions import Condition, every
from portal.db.catalog.entity_rows import EntityRow, by_ids
from portal.db.catalog.filters import Way, with_key
from portal.db.catalog.full_text import ALL, Found, find_text
from portal.db.catalog.keys import COLUMNS
from portal.db.catalog.pages import COUNT, PLACES, PageForm
from portal.db.catalog.questions import Question, ask
from portal.db.prepared import Row
from portal.db.state import catalog_state_of

Item = TypeVar("Item")

SHORT = 500
"""Entities of a page, up to which it may be a look-up: there are few connections for these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryPage(Generic[Item]):
    """A page of a list of entities."""

    items: tuple[Item, ...]
    total: int
    """What the query matches, counted when its first page was read; 0 where nobody asked."""
    next_cursor: str | None
    prev_cursor: str | None


EntityPage: TypeAlias = QueryPage[EntityRow]


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedPage:
    """A query, with what is known of it before its page is read."""

    connection: Connection
    query: EntityQuery
    cursor: Cursor | None
    question: Question
    text: Found
    keyed: Condition | None
    """Of the terms whose values rows are ordered by; None: it is a column, or there is no order."""
    way: Way

    @property
    def state(self) -> str:
        """Of the catalog when this was asked `at_moment`."""
        assert self.question.moment is not None
        return self.question.moment.state

    @property
    def is_remembered(self) -> bool:
        """Whether it was another moment, perhaps, that this was asked at."""
        return self.question.is_remembered

    @property
    def is_short(self) -> bool:
        """Whether the page is a few looks into indexes: few match, or so many that some are met soon."""
        if self.query.limit > SHORT or self.way is Way.SETS:
            return False
        return self.way is Way.FEW or self.question.filter is None or self.known is not None

    @property
    def counts(self) -> bool:
        """Whether it is to be said how many match."""
        return self.query.count and self.cursor is None

    @property
    def known(self) -> int | None:
        """How many match, where no statement has to count them."""
        return self.question.exact if self.text is ALL else None

    @property
    def is_answered(self) -> bool:
        """Whether nothing has to be read: no entity is shown, and what was asked says how many match."""
        if self.query.limit > 0 or self.question.moment is None or self.question.is_remembered:
            return False
        return not self.counts or (self.question.filter is not None and self.known is not None)

    def wanted(self, way: Way) -> Condition:
        """What holds for the rows of `entities` that match."""
        return every([self.question.asked(way), self.text.condition])


def by_query(connection: Connection, query: EntityQuery) -> EntityPage:
    """The page that a query asks for. Raises `QueryError` for a cursor that cannot be read."""
    page, rows = _page(ask_page(connection, query), answers=False)
    return replace(page, items=tuple(by_ids(connection, [row[0] for row in rows])))


def ask_page(
    connection: Connection,
    query: EntityQuery,
    *,
    at_moment: bool = False,
    remembered: bool = False,
) -> AskedPage:
    """What a query asks for; with what the catalog is `at_moment`, or was where it is `remembered`.

    Raises `QueryError` for a cursor that cannot be read.
    """
    cursor = decode(query.cursor) if query.cursor is not None else None
    what = cursor or query
    field = what.order.field if what.order else None
    question = ask(connection, what.filter, at_moment=at_moment, remembered=remembered)
    text = find_text(connection, what.full_text, field, question)
    by_term = field is not None and field not in COLUMNS
    way = text.way or question.way
    return AskedPage(
        connection=connection,
        query=query,
        cursor=cursor,
        question=question,
        text=text,
        keyed=with_key(field, question.kinds) if field is not None and by_term else None,
        # Ordered by a term, all matches are sorted anyway: there is no order to walk.
        way=Way.SETS if by_term and way is Way.PROBE else way,
    )


def answers_of(asked: AskedPage, show: Show = None) -> tuple[QueryPage[bytes], str]:
    """The page with what is shown of its entities, and the state of the catalog that it was read at.

    What was read since `ask_page` is of one state of the catalog where that one was the same; in a
    transaction it always is.
    """
    page, rows = _page(asked, answers=show is None)
    if rows and show is None:
        return replace(page, items=tuple(row[3] for row in rows)), rows[0][4]
    if asked.is_answered:
        return page, asked.state
    ids = [row[0] for row in rows]
    items = tuple(answerable.by_ids(asked.connection, ids, show)) if ids else ()
    return replace(page, items=items), catalog_state_of(asked.connection)


def _page(asked: AskedPage, *, answers: bool) -> tuple[QueryPage[Any], list[Row]]:
    """A page without its items, and their rows: id, order value, and more."""
    query, cursor = asked.query, asked.cursor
    rows = _rows(asked, answers) if query.limit > 0 else []
    total = cursor.total if cursor else 0
    if asked.counts:
        total = rows[0][2] if rows and rows[0][2] is not None else _count(asked)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if not rows:
        return QueryPage(items=(), total=total, next_cursor=None, prev_cursor=None), rows
    backward = cursor is not None and cursor.backward
    if backward:
        rows.reverse()
    first, last = (Position(value=row[1], id=row[0]) for row in (rows[0], rows[-1]))
    base = cursor or Cursor(
        filter=query.filter,
        order=query.order,
        full_text=query.full_text,
        position=first,
        first=first,
        backward=False,
        total=total,
    )
    has_next = more or backward
    has_prev = cursor is not None and first != base.first and (more or not backward)
    page: QueryPage[Any] = QueryPage(
        items=(),
        total=total,
        next_cursor=encode(turned(base, last, backward=False)) if has_next else None,
        prev_cursor=encode(turned(base, first, backward=True)) if has_prev else None,
    )
    return page, rows


def _rows(asked: AskedPage, answers: bool) -> list[Row]:
    """The rows of the page, and one more if there is one (`portal.db.catalog.pages`)."""
    query, cursor, keyed = asked.query, asked.cursor, asked.keyed
    order, wanted = (cursor or query).order, asked.wanted(asked.way)
    counts = asked.counts and asked.way is not Way.PROBE
    form = PageForm(
        wanted=wanted.shape,
        column=order.field if order and keyed is None else None,
        keyed=keyed.shape if keyed else None,
        descending=order is not None and order.descending,
        backward=cursor is not None and cursor.backward,
        is_first=cursor is None,
        after_none=cursor is not None and cursor.position.value is None,
        sorts=counts or asked.way is Way.FEW,
        counts=counts,
        answers=answers,
    )
    values = {**wanted.named("wanted"), "limit": query.limit + 1}
    values["offset"] = 0 if cursor else query.offset
    if keyed:
        values |= keyed.named("keyed")
    if cursor:
        values |= {"after": cursor.position.value, "after_id": cursor.position.id}
    rows = PLACES.rows(asked.connection, form, values)
    return [] if rows and rows[0][0] is None else rows


def _count(asked: AskedPage) -> int:
    if (known := asked.known) is not None:
        return known
    wanted = asked.wanted(Way.FEW if asked.way is Way.FEW else Way.SETS)
    return int(COUNT.rows(asked.connection, wanted.shape, wanted.named("wanted"))[0][0])
