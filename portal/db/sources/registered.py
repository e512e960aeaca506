"""Locations that were registered through the API, as Backstage's clients see them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from portal.db.tables import locations

API = "api"
"""Origin of a location that was registered through the API."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """A registered location."""

    id: str
    type: str
    target: str
    ref: str
    """Of its Location entity."""


def list_registered(connection: Connection) -> tuple[Registered, ...]:
    """All of them, by id."""
    return _find(connection)


def get_registered(connection: Connection, location: str) -> Registered | None:
    """The one with this id; None where there is none."""
    return next(iter(_find(connection, locations.c.id == location)), None)


def find_registered(connection: Connection, type_: str, target: str) -> Registered | None:
    """The one with this type and target; None where there is none."""
    this = (locations.c.type == type_, locations.c.target == target)
    return next(iter(_find(connection, *this)), None)


def _find(connection: Connection, *where: ColumnElement[bool]) -> tuple[Registered, ...]:
    rows = connection.execute(
        select(locations.c.id, locations.c.type, locations.c.target, locations.c.ref)
        .where(locations.c.origin == API, locations.c.removed_at.is_(None), *where)
        .order_by(locations.c.id)
    )
    return tuple(
        Registered(id=row.id, type=row.type, target=row.target, ref=row.ref) for row in rows
    )
