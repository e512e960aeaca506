"""Ancestry: the Location entities that led to an entity, up to those that somebody registered.

Inside a repository the Location entities that name a file lead to it. Where none does, those lead
to it that name the repository's location from elsewhere, and the generated entity of a location
that is registered.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, select, union

from portal.db.bulk import is_listed, listed
from portal.db.entities import by_ref
from portal.db.entity_rows import COLUMNS, EntityRow, entity_row
from portal.db.tables import (
    entities,
    file_parents,
    files,
    location_links,
    locations,
    repositories,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ancestor:
    """An entity on the way up, and what led to it."""

    entity: EntityRow
    parents: tuple[str, ...]
    """Canonical refs of Location entities that exist, sorted; none: it is a root, or an orphan."""


def ancestry(connection: Connection, ref: str) -> list[Ancestor]:
    """The entity with this canonical ref, then its ancestors, each once, the near before the far.

    Empty where there is no such entity.
    """
    root = by_ref(connection, ref)
    if root is None:
        return []
    known = {root.id: root}
    parents: dict[int, tuple[str, ...]] = {}
    tops: set[int] = set()
    level = [root]
    while level:
        of_file = _parents(connection, {row.file_id for row in level if row.file_id is not None})
        above: dict[int, EntityRow] = {}
        for entity in level:
            # A Location entity may name the file that it is in.
            found = [row for row in of_file.get(entity.file_id, []) if row.id != entity.id]
            parents[entity.id] = tuple(row.ref for row in found)
            above |= {row.id: entity_row(row) for row in found if row.id not in known}
            tops |= {row.id for row in found if row.is_top}
        known |= above
        level = [entity for entity in above.values() if entity.id not in tops]
    return [Ancestor(entity=row, parents=parents.get(row.id, ())) for row in known.values()]


def _parents(connection: Connection, file_ids: set[int]) -> dict[int | None, list[Row[Any]]]:
    """Rows of the Location entities that led to each of these files, by ref."""
    found: dict[int | None, list[Row[Any]]] = defaultdict(list)
    if file_ids:
        statement = _of_files(connection.dialect.name)
        for row in connection.execute(statement, listed(connection, file_ids)):
            found[row.of_file].append(row)
    return found


@cache
def _of_files(dialect: str) -> Select[Any]:
    """Rows of the parents of files, for a statement that is kept: it saves most of the time."""
    named = select(file_parents.c.file_id.label("of_file"), file_parents.c.ref_id)
    inside = named.where(is_listed(dialect, file_parents.c.file_id))
    placed = select(files.c.id.label("of_file")).join(
        repositories, repositories.c.id == files.c.repository_id
    )
    here = (
        is_listed(dialect, files.c.id),
        ~exists().where(file_parents.c.file_id == files.c.id),
    )
    linked = (
        placed.add_columns(location_links.c.ref_id)
        .join(location_links, location_links.c.location_id == repositories.c.location_id)
        .where(*here)
    )
    registered = (
        placed.add_columns(entities.c.id)
        .join(locations, locations.c.id == repositories.c.location_id)
        .join(entities, entities.c.ref == locations.c.ref)
        .where(*here)
    )
    pairs = union(inside, linked, registered).subquery()
    # A file of the registrations has a repository without a location: nothing leads to it.
    own_file, of_registrations = files.alias(), repositories.alias()
    return (
        select(*COLUMNS, pairs.c.of_file, of_registrations.c.id.is_not(None).label("is_top"))
        .join(pairs, pairs.c.ref_id == entities.c.id)
        .outerjoin(own_file, own_file.c.id == entities.c.file_id)
        .outerjoin(
            of_registrations,
            and_(
                of_registrations.c.id == own_file.c.repository_id,
                of_registrations.c.location_id.is_(None),
            ),
        )
        .order_by(entities.c.ref)
    )
