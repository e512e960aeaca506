"""Tallies: how what is read stands, in numbers, for machines that watch it.

Each takes one look at one table, so that it may be asked for every few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from portal.db.engine import utc
from portal.db.tables import held_removals, locations, repositories

STATES = ("new", "ok", "partial", "failed")
"""Of a location, by its last listing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Of all locations."""

    locations: dict[str, int]
    """How many there are in each state of `STATES`."""
    failed_repositories: int
    """Those that could not be read when that was tried last."""
    listed_at: datetime | None
    """When any location was listed last; None: never."""
    held_removals: int
    """Those that wait for approval."""


def tally(connection: Connection) -> Tally:
    """As it stands now."""
    this = locations.c
    rows = connection.execute(
        select(this.state, func.count(), func.max(this.listed_at))
        .where(this.removed_at.is_(None))
        .group_by(this.state)
    ).all()
    failed = repositories.c.problem.is_not(None)
    return Tally(
        locations=dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in rows},
        failed_repositories=connection.scalar(
            select(func.count()).select_from(repositories).where(failed)
        )
        or 0,
        listed_at=max((at for row in rows if (at := utc(row[2])) is not None), default=None),
        held_removals=connection.scalar(select(func.count()).select_from(held_removals)) or 0,
    )
