"""Entities that cannot be asked about: children are lost over them, and no expression is to blame.

What was known of them stays. They are tried again when something marks them, and forgotten here when
they are answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from portal.db.bulk import add, drop
from portal.db.tables import entities, unanswerable


def give_up(connection: Connection, reasons: Mapping[int, str], *, now: datetime) -> None:
    """Keep why there is no answer about these entities, by id. In a write transaction."""
    answered(connection, reasons)
    rows = [(entity, why, now) for entity, why in sorted(reasons.items())]
    add(connection, unanswerable, ("entity_id", "reason", "at"), rows)


def answered(connection: Connection, ids: Collection[int]) -> None:
    """These are answered."""
    drop(connection, unanswerable.c.entity_id, ids)


def listed(connection: Connection) -> dict[str, str]:
    """Why each of them has no answer, by ref."""
    rows = connection.execute(
        select(entities.c.ref, unanswerable.c.reason)
        .join(entities, entities.c.id == unanswerable.c.entity_id)
        .order_by(entities.c.ref)
    )
    return {row.ref: row.reason for row in rows}
