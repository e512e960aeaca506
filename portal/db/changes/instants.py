"""The catalog at an instant: which entities there were, and what they were related to.

Instants are turned into the catalog's sequence number through the change feed, so that an entity
and its relations are those of one moment. What is from before the last pruning is refused, instead
of made up from what happens to be left.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, func, select, union

from portal.db import bulk, values
from portal.db.catalog.entities import Related
from portal.db.catalog.entity_rows import title_in
from portal.db.tables import changes, edges, entities, past_edges, refs, relation_types, versions

KEPT_SINCE = "history_kept_since"
"""Key of the stored value that says up to which instant the past was pruned."""


class NotKept(Exception):
    """An instant from before what is kept. `args[0]` is the first instant that is."""


def kept_since(connection: Connection) -> datetime | None:
    """The first instant of which everything is kept; None: nothing was ever pruned."""
    stored = values.get(connection, KEPT_SINCE)
    return None if stored is None else datetime.fromisoformat(stored)


def seq_at(connection: Connection, instant: datetime) -> int:
    """The catalog's sequence number at an instant, of the last batch that changed an entity.

    0: before there was anything. Raises `NotKept`.
    """
    oldest = kept_since(connection)
    if oldest is not None and instant < oldest:
        raise NotKept(oldest)
    last = select(func.max(changes.c.seq)).where(changes.c.at <= instant)
    return connection.execute(last).scalar() or 0


def bodies_at(connection: Connection, ids: Collection[int], seq: int) -> dict[int, bytes]:
    """Bodies of those of these entities that there were at a sequence number, by id."""
    present = (entities.c.id, entities.c.body, entities.c.seq)
    found = {
        row.id: row.body
        for row in bulk.pick(connection, present, entities.c.id, ids)
        if row.seq <= seq
    }
    past = select(versions.c.entity_id, versions.c.body).where(
        bulk.among(connection, versions.c.entity_id, set(ids) - found.keys()),
        versions.c.from_seq <= seq,
        versions.c.to_seq > seq,
    )
    return found | {row.entity_id: row.body for row in connection.execute(past)}


def relations_at(connection: Connection, entity_id: int, seq: int) -> list[Related]:
    """The relations of an entity at a sequence number, sorted by type and ref.

    Whether a target exists, and its title, are of then, too.
    """
    present = select(edges.c.type_id, edges.c.target_id).where(
        edges.c.source_id == entity_id, edges.c.seq <= seq
    )
    past = select(past_edges.c.type_id, past_edges.c.target_id).where(
        past_edges.c.source_id == entity_id,
        past_edges.c.from_seq <= seq,
        past_edges.c.to_seq > seq,
    )
    shown = union(present, past).subquery()
    rows = connection.execute(
        select(relation_types.c.name, refs.c.ref, shown.c.target_id)
        .join(relation_types, relation_types.c.id == shown.c.type_id)
        .join(refs, refs.c.id == shown.c.target_id)
    ).all()
    bodies = bodies_at(connection, {row.target_id for row in rows}, seq)
    return [
        Related(
            type=row.name,
            ref=row.ref,
            exists=row.target_id in bodies,
            kind=row.ref.partition(":")[0],
            title=title_in(bodies.get(row.target_id)),
        )
        for row in sorted(rows, key=lambda row: (row.name, row.ref))
    ]


def prune(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """Forget what ended before an instant; returns the number of rows that went, 0 when done.

    Deletes at most `limit` rows of each table, the oldest first. The newest change before the
    instant stays: it tells what the catalog's sequence number was then. The present is never
    touched. The connection is in a write transaction.
    """
    last = connection.execute(select(func.max(changes.c.seq)).where(changes.c.at < before)).scalar()
    if last is None:
        return 0
    known = kept_since(connection)
    if known is None or known < before:
        values.put(connection, KEPT_SINCE, before.astimezone(UTC).isoformat())
    return sum(
        _delete_oldest(connection, table, ended, last, limit)
        for table, ended in (
            (versions, versions.c.to_seq),
            (past_edges, past_edges.c.to_seq),
            (changes, changes.c.seq + 1),
        )
    )


def _delete_oldest(connection: Connection, table: Table, ended: Any, last: int, limit: int) -> int:
    """Delete rows that had ended at sequence number `last`."""
    key: Column[Any] = table.primary_key.columns[0]
    due = select(key).where(ended <= last).order_by(ended, key).limit(limit)
    return connection.execute(delete(table).where(key.in_(due))).rowcount
