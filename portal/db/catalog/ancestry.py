"""Ancestry: the Location entities that led to an entity, up to those that somebody registered.

Inside a repository the Location entities that name a file lead to it. Where none does, those lead
to it that name the repository's location from elsewhere, and the generated entity of a location
that is registered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, bindparam, case, exists, select, union

from portal.db.bulk import is_listed, listed
from portal.db.catalog.answerable import COLUMNS, Answerable
from portal.db.catalog.keys import storable
from portal.db.prepared import Prepared
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

    entity: Answerable
    parents: tuple[str, ...]
    """Canonical refs of Location entities that exist, sorted; none: it is a root, or an orphan."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """An entity, and where it stands."""

    entity: Answerable
    file_id: int | None
    is_top: bool = False
    """It was registered: nothing leads to it."""


def ancestry(connection: Connection, ref: str) -> list[Ancestor]:
    """The entity with this canonical ref, then its ancestors, each once, the near before the far.

    Empty where there is no such entity.
    """
    rows = _ROOT.rows(connection, {"value": ref}) if storable([ref]) else []
    level = [_Found(entity=Answerable._make(row[:-1]), file_id=row[-1]) for row in rows]
    known = {one.entity.id: one for one in level}
    parents: dict[int, tuple[str, ...]] = {}
    while level:
        of_file = _parents(connection, {one.file_id for one in level if one.file_id is not None})
        above: dict[int, _Found] = {}
        for one in level:
            # A Location entity may name the file that it is in.
            led = [up for up in of_file.get(one.file_id, []) if up.entity.id != one.entity.id]
            parents[one.entity.id] = tuple(up.entity.ref for up in led)
            above |= {up.entity.id: up for up in led if up.entity.id not in known}
        known |= above
        level = [one for one in above.values() if not one.is_top]
    return [
        Ancestor(entity=one.entity, parents=parents.get(one.entity.id, ()))
        for one in known.values()
    ]


def _parents(connection: Connection, file_ids: Iterable[int]) -> dict[int | None, list[_Found]]:
    """The Location entities that led to each of these files, by ref."""
    found: dict[int | None, list[_Found]] = defaultdict(list)
    wanted = list(file_ids)
    for row in _PARENTS.rows(connection, listed(connection, wanted)) if wanted else ():
        *columns, file_id, of_file, is_top = row
        entity = Answerable._make(columns)
        found[of_file].append(_Found(entity=entity, file_id=file_id, is_top=bool(is_top)))
    return found


def _of_files(dialect: str) -> Select[tuple[object, ...]]:
    """The parents of files: `COLUMNS`, the file that each is in, the one it led to, if it is a top."""
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
        select(
            *COLUMNS,
            entities.c.file_id,
            pairs.c.of_file,
            case((of_registrations.c.id.is_not(None), 1), else_=0),
        )
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


_ROOT = Prepared(
    lambda _: select(*COLUMNS, entities.c.file_id).where(entities.c.ref == bindparam("value")),
    looks=True,
)
_PARENTS = Prepared(_of_files, looks=True)
