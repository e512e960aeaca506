"""Held results as they are stored: those that are to be looked at again at an instant.

A failure that does not count yet is to count then, if it lasts; or a fact becomes too old for a check
with a `max_age`. Which it is, and whether it is so, is asked again when that time has come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from portal.db.bulk import add, among
from portal.db.evaluation.results import Key
from portal.db.tables import held_passes
from portal.db.work.marks import mark


def keep(
    connection: Connection,
    ids: Collection[int],
    cards: Collection[str],
    until: Mapping[Key, datetime],
    *,
    kept: Collection[Key] = (),
) -> None:
    """Keep until when results of these scorecards hold, by both, in place of what was kept.

    Of entities and scorecards that are `kept` it stays.
    """
    asked: dict[frozenset[str], list[int]] = defaultdict(list)
    for entity in ids:
        asked[frozenset(one for one in cards if (entity, one) not in kept)].append(entity)
    for names, alike in asked.items():
        if names:
            connection.execute(
                delete(held_passes).where(
                    among(connection, held_passes.c.entity_id, alike),
                    among(connection, held_passes.c.scorecard, names),
                )
            )
    rows = [(*key, time) for key, time in sorted(until.items())]
    add(connection, held_passes, ("entity_id", "scorecard", "until"), rows)


def has_due(connection: Connection, now: datetime) -> bool:
    """Whether there is one for `mark_due`."""
    due = select(held_passes.c.entity_id).where(held_passes.c.until <= now)
    return connection.execute(due.limit(1)).first() is not None


def mark_due(connection: Connection, now: datetime) -> int:
    """Mark what is held no longer than until now; returns how many entities.

    The connection is in a write transaction.
    """
    due = held_passes.c.until <= now
    cards: dict[str, set[int]] = {}
    for row in connection.execute(select(held_passes).where(due)):
        cards.setdefault(row.scorecard, set()).add(row.entity_id)
    for card, ids in sorted(cards.items()):
        mark(connection, ids, [card])
    connection.execute(delete(held_passes).where(due))
    return len(set[int]().union(*cards.values()))
