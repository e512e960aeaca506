"""Held passes as they are stored: when a failure is to count that does not yet.

Whether it has lasted until then is asked again when that time has come.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, delete, select

from portal.db.bulk import add, among
from portal.db.marks import mark
from portal.db.tables import held_passes

Key: TypeAlias = "tuple[int, str]"
"""An entity and the name of a scorecard."""


def keep(
    connection: Connection,
    ids: Collection[int],
    cards: Collection[str],
    until: Mapping[Key, datetime],
) -> None:
    """Keep what these scorecards hold of these entities, by both, in place of what was kept."""
    connection.execute(
        delete(held_passes).where(
            among(connection, held_passes.c.entity_id, ids),
            among(connection, held_passes.c.scorecard, cards),
        )
    )
    rows = [(*key, time) for key, time in sorted(until.items())]
    add(connection, held_passes, ("entity_id", "scorecard", "until"), rows)


def mark_lasting(connection: Connection, now: datetime) -> int:
    """Mark what is held no longer than until now; returns how many entities."""
    due = held_passes.c.until <= now
    cards: dict[str, set[int]] = {}
    for row in connection.execute(select(held_passes).where(due)):
        cards.setdefault(row.scorecard, set()).add(row.entity_id)
    for card, ids in sorted(cards.items()):
        mark(connection, ids, [card])
    connection.execute(delete(held_passes).where(due))
    return len(set[int]().union(*cards.values()))
