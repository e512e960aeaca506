"""Pages as SQL: the statements that find a page of entities, and count what matches.

An order is by a column, by the least of an entity's values of a term, or by nothing. The id settles
ties, in the same direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    func,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.selectable import FromClause

from portal.db.catalog.answerable import answer_of
from portal.db.catalog.conditions import Shape, part
from portal.db.catalog.keys import COLUMNS
from portal.db.prepared import Forms
from portal.db.state import catalog_state
from portal.db.tables import entities, postings, terms


@dataclass(frozen=True, kw_only=True, slots=True)
class PageForm:
    """What a page is asked by, all but the values."""

    wanted: Shape
    """What matches. Its parameters begin with `wanted`, those of `keyed` with that."""
    column: str | None
    """The key in `COLUMNS` that rows are ordered by."""
    keyed: Shape | None
    """What holds for the terms that they are ordered by; with neither only the id counts."""
    descending: bool
    backward: bool
    """The order is the exact mirror."""
    is_first: bool
    """Nothing is left out, but by `offset`; else the rows come after `after` and `after_id`."""
    after_none: bool
    """`after` has no value."""
    sorts: bool
    """Whether all that matches is found first; else the order is walked until there are enough."""
    counts: bool
    """Whether each row says how many match, of what is found first."""
    answers: bool
    """Whether each row has the answer of its entity, and the state of the catalog, which is there
    without a row, too."""


def _places(dialect: str, form: PageForm) -> Select[Any]:
    """Id, order value, total, answer, and state; parameters are `limit` and `offset`, too."""
    page = _page(dialect, form)
    if not form.answers:
        return page
    # Ids are sorted and not answers, which are looked up one after the other, in the order of the ids.
    ids = page.cte("page").prefix_with("MATERIALIZED")
    now = select(catalog_state().label("state")).subquery("now")
    answer = answer_of(dialect, "page.id")
    return select(*ids.c, answer, now.c.state).select_from(now.outerjoin(ids, true()))


def _page(dialect: str, form: PageForm) -> Select[Any]:
    sorting = _sorting(dialect, form)
    number: ColumnElement[int] = entities.c.id
    value, total = sorting.value, null().label("total")
    found = (
        select(number, value.label("value"))
        .select_from(sorting.source)
        .where(part(form.wanted, dialect, "wanted"))
    )
    if not form.is_first:
        found = found.where(sorting.beyond(none=form.after_none, backward=form.backward))
    if form.sorts:
        # PostgreSQL would walk an index of all entities for the few that come first.
        every = found.cte("found").prefix_with("MATERIALIZED")
        number, value = every.c
        if form.counts:
            total = select(func.count()).select_from(every).scalar_subquery().label("total")
        found = select(number, value)
    return (
        found.add_columns(total)
        .order_by(*sorting.order(number, value, backward=form.backward))
        .limit(bindparam("limit", type_=BigInteger))
        .offset(bindparam("offset", type_=BigInteger))
    )


def _count(dialect: str, wanted: Shape) -> Select[Any]:
    """How many match."""
    return select(func.count()).select_from(entities).where(part(wanted, dialect, "wanted"))


PLACES, COUNT = Forms(_places), Forms(_count)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sorting:
    """By what rows are ordered."""

    source: FromClause
    value: ColumnElement[Any]
    constant: bool
    """There is no value: only the id counts."""
    optional: bool
    """The value may be null, which comes last."""
    descending: bool

    def order(
        self, number: ColumnElement[int], value: ColumnElement[Any], *, backward: bool
    ) -> list[ColumnElement[Any]]:
        """What to order by, of ids and values; backward is the exact mirror."""
        down = self.descending != backward
        keys = [number] if self.constant else [value, number]
        ordered = [key.desc() if down else key.asc() for key in keys]
        if self.optional:
            missing = value.is_(None)
            ordered.insert(0, missing.desc() if backward else missing.asc())
        return list(ordered)

    def beyond(self, *, none: bool, backward: bool) -> ColumnElement[bool]:
        """What holds for the rows that come after `after`, or before it; `none`: it has no value."""
        value, number = bindparam("after", type_=Text), bindparam("after_id", type_=BigInteger)
        down = self.descending != backward
        beyond_id = entities.c.id < number if down else entities.c.id > number
        if self.constant:
            return beyond_id
        if none:
            same = and_(self.value.is_(None), beyond_id)
            return or_(same, self.value.is_not(None)) if backward else same
        here, there = tuple_(self.value, entities.c.id), tuple_(value, number)
        further = here < there if down else here > there
        return or_(further, self.value.is_(None)) if self.optional and not backward else further


def _sorting(dialect: str, form: PageForm) -> _Sorting:
    if form.keyed is None:
        return _Sorting(
            source=entities,
            value=null() if form.column is None else COLUMNS[form.column],
            constant=form.column is None,
            optional=False,
            descending=form.descending,
        )
    # The least of several values: an entity is on one place of the list.
    values = (
        select(postings.c.entity_id, func.min(terms.c.value).label("value"))
        .join(terms, terms.c.id == postings.c.term_id)
        .where(part(form.keyed, dialect, "keyed"), terms.c.known)
        .group_by(postings.c.entity_id)
        .subquery()
    )
    return _Sorting(
        source=entities.outerjoin(values, values.c.entity_id == entities.c.id),
        value=values.c.value,
        constant=False,
        optional=True,
        descending=form.descending,
    )
