"""How old the catalog is: one cheap look for the line that every page carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from portal.db.engine import utc
from portal.db.tables import locations


@dataclass(frozen=True, kw_only=True, slots=True)
class Freshness:
    """The age of what is served."""

    read_at: datetime | None
    """When a location was last listed; None: none ever was."""
    locations: int
    """Registered ones."""
    failed: int
    """Those of which the last listing failed."""


def freshness(connection: Connection) -> Freshness:
    """The age of the catalog as of now."""
    failed = func.count().filter(locations.c.state == "failed")
    row = connection.execute(
        select(func.max(locations.c.listed_at), func.count(), failed).where(
            locations.c.removed_at.is_(None)
        )
    ).one()
    return Freshness(read_at=utc(row[0]), locations=row[1], failed=row[2])
