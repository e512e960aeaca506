"""Targets: what a job reads, by id: a location, or one of its repositories."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from catalog.sources import Repository
from portal.db import bulk
from portal.db.catalog.entities import ref_id
from portal.db.engine import utc
from portal.db.tables import entities, files, locations, repositories

LITTLE = 20
"""Repositories of a location that is read together with others."""

_FILE = re.compile(r"[^*?\[{#]*\.(?:ya?ml|json)", re.IGNORECASE)
"""A target that names one file, as far as one can see."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A registered location, without anything that it led to."""

    id: str
    type: str
    target: str
    origin: str
    presence: str
    root_id: str | None
    depth: int
    listed_at: datetime | None


def find_locations(connection: Connection, ids: Collection[str]) -> dict[str, Target]:
    """The registered locations with these ids, by id, without what is none, or no longer."""
    this = locations.c
    columns = (this.id, this.type, this.target, this.origin, this.presence, this.root_id)
    rows = bulk.pick(
        connection, (*columns, this.depth, this.listed_at, this.removed_at), this.id, ids
    )
    return {
        row.id: Target(
            id=row.id,
            type=row.type,
            target=row.target,
            origin=row.origin,
            presence=row.presence,
            root_id=row.root_id,
            depth=row.depth,
            listed_at=utc(row.listed_at),
        )
        for row in rows
        if row.removed_at is None
    }


def leading_to_little(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of these locations that are known to lead to few repositories, or name a file."""
    if not ids:
        return set()
    of_location = select(func.count()).where(repositories.c.location_id == locations.c.id)
    number = of_location.scalar_subquery()
    rows = connection.execute(
        select(locations.c.id, locations.c.target, number.label("number")).where(
            bulk.among(connection, locations.c.id, ids)
        )
    )
    return {
        row.id
        for row in rows
        if (0 < row.number <= LITTLE) or (row.number == 0 and _FILE.fullmatch(row.target))
    }


def find_repository(connection: Connection, repository_id: int) -> tuple[str, Repository] | None:
    """The repository with this id, after the id of its location; None where there is none."""
    this = repositories
    row = connection.execute(
        select(this.c.location_id, this.c.url, this.c.name).where(
            this.c.id == repository_id, this.c.location_id.is_not(None)
        )
    ).first()
    return None if row is None else (row.location_id, Repository(url=row.url, name=row.name))


def sources_of(connection: Connection, ref: str) -> list[tuple[int, str]] | None:
    """Repository and location of the file that declares an entity, for reading it again.

    Of a Location entity also the repositories of the location that it stands for; empty for an
    orphan, None where there is no such entity.
    """
    this = select(entities.c.file_id).where(entities.c.id == ref_id(connection, ref))
    entity = connection.execute(this).first()
    if entity is None:
        return None
    own = (
        select(repositories.c.id, repositories.c.location_id)
        .join(files, files.c.repository_id == repositories.c.id)
        .where(files.c.id == entity.file_id)
    )
    found = [(row.id, row.location_id) for row in connection.execute(own)]
    stands_for = select(locations.c.id).where(
        locations.c.ref == ref, locations.c.removed_at.is_(None)
    )
    found += [(0, location) for location in connection.execute(stands_for).scalars()]
    return [(repository, location) for repository, location in found if location is not None]
