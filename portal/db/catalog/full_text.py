"""Full text: which entities have a term inside one of some fields.

Semantics of Backstage's `fullTextFilter`, with the fixes of reference 7.2: name, title and
description are the default, and `%` and `_` are letters like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import ColumnElement, Connection, literal_column, select, union

from catalog.queries.query import FullText
from portal.db.bulk import every, is_listed, listed
from portal.db.catalog.conditions import ALWAYS, NEVER, Condition, Given, any_of
from portal.db.catalog.filters import FEW, Kinds, Way
from portal.db.catalog.keys import COLUMNS, LONGEST_VALUE
from portal.db.catalog.texts import NAMES, reader
from portal.db.prepared import Prepared
from portal.db.tables import entities, postings

DEFAULT_FIELDS = ("metadata.name", "metadata.title", "metadata.description")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a full text leaves of the entities."""

    condition: Condition
    """On rows of `entities`."""
    way: Way | None
    """How to go on; None: it is all the same."""


ALL = Found(condition=ALWAYS, way=None)
NOTHING = Found(condition=NEVER, way=Way.FEW)


def find_text(
    connection: Connection, full_text: FullText | None, order: str | None, kinds: Kinds
) -> Found:
    """Where the term is part of a field, by default of `order`, the field that is ordered by.

    Only entities of these kinds matter.
    """
    term = full_text.term.strip().lower() if full_text else ""
    if full_text is None or not term:
        return ALL
    if "\0" in term or len(term) > LONGEST_VALUE:
        return NOTHING
    named = [field.strip().lower() for field in full_text.fields if field.strip()]
    fields = set(named or ([order] if order else DEFAULT_FIELDS))
    columns = sorted(field for field in fields & COLUMNS.keys() if field != "metadata.name")
    found = reader(connection)
    ids = found.ids(NAMES, [term], kinds) if "metadata.name" in fields else []
    of_terms = (found.ids(field, [term], kinds) for field in sorted(fields - COLUMNS.keys()))
    term_ids = list(chain.from_iterable(of_terms))
    is_few = not columns and len(ids) + len(term_ids) <= FEW
    if is_few and (owners := _few_owners(connection, term_ids)) is not None:
        # A database that is told how many there are begins with them.
        found_ids = listed(connection, sorted({*ids, *owners}))["values"]
        return Found(condition=Condition((_is_listed,), (found_ids,)), way=Way.FEW)
    parts = [having_any(connection, ids, term_ids)]
    parts += [Condition((_contains, column), (_pattern(term),)) for column in columns]
    return Found(condition=any_of(parts), way=Way.FEW if is_few else Way.SETS)


def _few_owners(connection: Connection, term_ids: Sequence[int]) -> list[int] | None:
    """The ids of the entities that have one of these terms; None: they are more than `FEW`."""
    rows = _OWNERS.rows(connection, listed(connection, term_ids)) if term_ids else []
    return None if len(rows) > FEW else [row[0] for row in rows]


def _is_listed(given: Given) -> ColumnElement[bool]:
    return is_listed(given.dialect, entities.c.id, given.one())


def having_any(connection: Connection, ids: Sequence[int], term_ids: Sequence[int]) -> Condition:
    """What holds for the entities with these ids, and for those with terms that have these.

    They are put together once, whatever the planner believes of so many: a join for each of
    80,000 terms and each entity takes a minute.
    """
    lists = (term_ids, ids) if ids else (term_ids,)
    values = tuple(listed(connection, one)["values"] for one in lists)
    return Condition((_having_any, bool(ids)), values)


def _having_any(given: Given, named: bool) -> ColumnElement[bool]:
    owned = every(given.dialect, postings.c.term_id, given.one()).subquery()
    owners = select(postings.c.entity_id).where(postings.c.term_id == owned.c[0])
    both = union(every(given.dialect, entities.c.id, given.one()), owners) if named else owners
    found = both.cte().prefix_with("MATERIALIZED")
    return entities.c.id.in_(select(found.c[0]))


def _contains(given: Given, column: str) -> ColumnElement[bool]:
    return COLUMNS[column].like(given.one(), escape="/")


def _pattern(term: str) -> str:
    """Of all that has it inside."""
    for letter in "/%_":
        term = term.replace(letter, f"/{letter}")
    return f"%{term}%"


_OWNERS = Prepared(
    lambda dialect: (
        select(postings.c.entity_id)
        .where(is_listed(dialect, postings.c.term_id))
        .limit(literal_column(str(FEW + 1)))
    )
)
