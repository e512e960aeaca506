"""Held removals: what would go, were it not more than one run may take away.

A run writes what it held back, and takes the row away when it held nothing back any more. Approval
is for entities, not for runs: see `portal.db.ingest.overrides`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, delete, select

from catalog.ingest.store import Batch
from portal.db import bulk, lookups
from portal.db.engine import time_of, utc
from portal.db.tables import entities, files, held_removals, refs


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldRemoval:
    """A removal that waits for somebody's approval."""

    id: int
    location_id: str
    source: str
    """URL of the repository; '': the whole location went."""
    reason: str
    refs: tuple[str, ...]
    held_at: datetime


def settled(connection: Connection, batches: Iterable[Batch]) -> None:
    """Forget what former runs held back, where these held nothing."""
    held_nothing = {(one.location, one.repository.url) for one in batches if one.holds_nothing}
    places = {location for location, _ in held_nothing if location is not None}
    columns = (held_removals.c.id, held_removals.c.location_id, held_removals.c.source)
    rows = bulk.pick(connection, columns, held_removals.c.location_id, places)
    bulk.drop(connection, held_removals.c.id, [one.id for one in rows if one[1:] in held_nothing])


def put_held(
    connection: Connection, repository_id: int, batch: Batch, refs_held: Sequence[str]
) -> int:
    """Note what a batch held back; returns how many entities that are."""
    if batch.location is None or not (refs_held or batch.held):
        return 0
    found = lookups.find(connection, refs, ("ref",), [(ref,) for ref in refs_held])
    ids, reason = list(found.values()), "Its files no longer declare them."
    if batch.held:
        ids += _of_files(connection, repository_id, batch.held)
        reason = "Its files are gone."
    if ids:
        hold(connection, batch.location, batch.repository.url, ids, reason=reason, now=batch.now)
    return len(ids)


def hold(
    connection: Connection,
    location: str,
    source: str,
    ids: Collection[int],
    *,
    reason: str,
    now: datetime,
) -> None:
    """Hold back the removal of these entities until somebody approves it."""
    this = (held_removals.c.location_id == location, held_removals.c.source == source)
    before = connection.execute(select(held_removals).where(*this)).one_or_none()
    connection.execute(delete(held_removals).where(*this))
    known = orjson.loads(before.entities) if before else []
    row = (
        bulk.next_id(connection, held_removals),
        location,
        source,
        reason,
        orjson.dumps(sorted({*ids, *known})),
        utc(before.held_at) if before else now,
    )
    columns = ("id", "location_id", "source", "reason", "entities", "held_at")
    bulk.add(connection, held_removals, columns, [row])


def list_held(connection: Connection) -> tuple[HeldRemoval, ...]:
    """What waits for approval, the oldest first."""
    found = []
    rows = connection.execute(select(held_removals).order_by(held_removals.c.id)).all()
    for row in rows:
        ids = orjson.loads(row.entities)
        rows_left = bulk.pick(connection, (entities.c.ref,), entities.c.id, ids)
        names = sorted(row[0] for row in rows_left)
        found.append(
            HeldRemoval(
                id=row.id,
                location_id=row.location_id,
                source=row.source,
                reason=row.reason,
                refs=tuple(names),
                held_at=time_of(row.held_at),
            )
        )
    return tuple(found)


def drop_held(connection: Connection, number: int) -> None:
    """Forget a held removal: it was approved, or there is nothing left of it."""
    connection.execute(delete(held_removals).where(held_removals.c.id == number))


def ids_of(connection: Connection, number: int) -> list[int] | None:
    """The ids of the entities that a held removal is about; None where there is no such one."""
    stored = connection.execute(
        select(held_removals.c.entities).where(held_removals.c.id == number)
    ).scalar()
    return None if stored is None else list(orjson.loads(stored))


def _of_files(connection: Connection, repository_id: int, paths: Sequence[str]) -> list[int]:
    """The ids of the entities that files of a repository are serving."""
    these = select(files.c.id).where(
        files.c.repository_id == repository_id, bulk.among(connection, files.c.path, paths)
    )
    return list(
        connection.execute(select(entities.c.id).where(entities.c.file_id.in_(these))).scalars()
    )
