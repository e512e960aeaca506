"""Full text: which entities have a term inside one of some fields.

Semantics of Backstage's `fullTextFilter`, with the fixes of reference 7.2: name, title and
description are the default, and `%` and `_` are letters like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, false, or_, select, true, union

from catalog.query import FullText
from portal.db.bulk import among, every
from portal.db.filters import COLUMNS, FEW, LONGEST_VALUE
from portal.db.tables import entities, postings
from portal.db.texts import NAMES, ids_with

DEFAULT_FIELDS = ("metadata.name", "metadata.title", "metadata.description")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a full text leaves of the entities."""

    condition: ColumnElement[bool]
    """On rows of `entities`."""
    is_few: bool
    """Whether it is good to begin there."""


ALL = Found(condition=true(), is_few=False)
NOTHING = Found(condition=false(), is_few=True)


def find_text(connection: Connection, full_text: FullText | None, order: str | None) -> Found:
    """Where the term is part of a field, by default of `order`, the field that is ordered by."""
    term = full_text.term.strip().lower() if full_text else ""
    if full_text is None or not term:
        return ALL
    if "\0" in term or len(term) > LONGEST_VALUE:
        return NOTHING
    named = [field.strip().lower() for field in full_text.fields if field.strip()]
    fields = set(named or ([order] if order else DEFAULT_FIELDS))
    columns = [COLUMNS[field] for field in fields & COLUMNS.keys() if field != "metadata.name"]
    ids = ids_with(connection, NAMES, term) if "metadata.name" in fields else []
    listed = [
        number
        for field in sorted(fields - COLUMNS.keys())
        for number in ids_with(connection, field, term)
    ]
    found = union(
        every(connection, entities.c.id, ids),
        select(postings.c.entity_id).where(among(connection, postings.c.term_id, listed)),
    )
    parts: list[ColumnElement[bool]] = [entities.c.id.in_(found)]
    parts += [column.contains(term, autoescape=True) for column in columns]
    return Found(condition=or_(*parts), is_few=not columns and len(ids) + len(listed) <= FEW)
