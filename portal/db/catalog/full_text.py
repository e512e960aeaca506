"""Full text: which entities have a term inside one of some fields.

Semantics of Backstage's `fullTextFilter`, with the fixes of reference 7.2: name, title and
description are the default, and `%` and `_` are letters like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, any_, func, select, union
from sqlalchemy.dialects.postgresql import ARRAY

from catalog.queries.query import FullText
from portal.db.bulk import every, listed
from portal.db.catalog.beside import edges_containing, owning
from portal.db.catalog.conditions import ALWAYS, NEVER, Condition, Given, any_of
from portal.db.catalog.filters import FEW, Way
from portal.db.catalog.keys import COLUMNS, LONGEST_VALUE, RELATION, is_term
from portal.db.catalog.questions import Question
from portal.db.catalog.texts import NAMES, reader
from portal.db.tables import edges, entities, postings

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
    connection: Connection, full_text: FullText | None, order: str | None, asked: Question
) -> Found:
    """Where the term is part of a field, by default of `order`, the field that is ordered by.

    Only entities of the kinds that are asked for matter.
    """
    term = full_text.term.strip().lower() if full_text else ""
    if full_text is None or not term:
        return ALL
    if "\0" in term or len(term) > LONGEST_VALUE:
        return NOTHING
    named = [field.strip().lower() for field in full_text.fields if field.strip()]
    fields = set(named or ([order] if order else DEFAULT_FIELDS))
    columns = sorted(field for field in fields & COLUMNS.keys() if field != "metadata.name")
    found = reader(connection, asked.moment and asked.moment[1:])
    ids = found.ids(NAMES, [term], asked.kinds) if "metadata.name" in fields else []
    of_terms = (found.ids(field, [term], asked.kinds) for field in filter(is_term, sorted(fields)))
    term_ids = list(chain.from_iterable(of_terms))
    others = [Condition((_contains, column), (_pattern(term),)) for column in columns]
    others += _related(connection, fields, _pattern(term))
    if not (ids or term_ids or others):
        return NOTHING
    is_few = not others and len(ids) + len(term_ids) <= FEW
    parts = [having_any(connection, ids, term_ids, few=is_few), *others]
    return Found(condition=any_of(parts), way=Way.FEW if is_few else Way.SETS)


def _related(connection: Connection, fields: Iterable[str], pattern: str) -> list[Condition]:
    """What holds for the entities whose relations among the fields lead to a ref that is like the pattern."""
    relations = sorted(field for field in fields if field.startswith(RELATION))
    leading = (edges_containing(connection, field, pattern) for field in relations)
    found = (owning(edges.c.source_id, one, probes=False) for one in leading)
    return [one for one in found if one != NEVER]


def having_any(
    connection: Connection, ids: Sequence[int], term_ids: Sequence[int], *, few: bool = False
) -> Condition:
    """What holds for the entities with these ids, and for those with terms that have these.

    They are put together once, whatever the planner believes of so many: a join for each of
    80,000 terms and each entity takes a minute. With `few` each is looked up.
    """
    lists = (term_ids, ids) if ids else (term_ids,)
    values = tuple(_as_text(connection, one) for one in lists)
    return Condition((_having_any, bool(ids), few), values)


def _as_text(connection: Connection, ids: Sequence[int]) -> Any:
    """The parameter of `every`; not as a list, because psycopg looks at each of its numbers."""
    if connection.dialect.name == "sqlite":
        return listed(connection, ids)["values"]
    return f"{{{','.join(map(str, ids))}}}"


def _having_any(given: Given, named: bool, few: bool) -> ColumnElement[bool]:
    owned = every(given.dialect, postings.c.term_id, given.one()).subquery()
    owners = select(postings.c.entity_id).where(postings.c.term_id == owned.c[0])
    both = union(every(given.dialect, entities.c.id, given.one()), owners) if named else owners
    if few and given.dialect == "sqlite":
        return entities.c.id.in_(both)
    if few:
        # It takes an array for a few, and would read an index of all entities for as many as it expects.
        return entities.c.id == any_(func.array(both.scalar_subquery(), type_=ARRAY(BigInteger)))
    found = both.cte().prefix_with("MATERIALIZED")
    return entities.c.id.in_(select(found.c[0]))


def _contains(given: Given, column: str) -> ColumnElement[bool]:
    return COLUMNS[column].like(given.one(), escape="/")


def _pattern(term: str) -> str:
    """Of all that has it inside."""
    for letter in "/%_":
        term = term.replace(letter, f"/{letter}")
    return f"%{term}%"
