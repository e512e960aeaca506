"""Overrides: what somebody decided about entities, whatever files say of them.

Suppressed ones are not served, approved ones may go, orphans stay.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, delete, exists, insert, select

from catalog.ingest.changes import Overrides
from portal.db import bulk
from portal.db.engine import utc
from portal.db.ingest.declarations import Stored
from portal.db.tables import approved_removals, entities, refs, suppressions


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """Somebody's decision that an entity is not served."""

    ref: str
    reason: str
    actor: str
    at: datetime


def of(connection: Connection, stored: Stored, *, keep_orphans: bool) -> Overrides:
    """What holds for the refs of a batch."""
    ids = set(stored.ids.values())
    if not ids:
        return Overrides(keep_orphans=keep_orphans)
    serving = {declaration.ref for declaration in stored.declarations if declaration.serving}
    undeclared = [number for ref, number in stored.ids.items() if ref not in serving]
    return Overrides(
        suppressed=_refs(connection, suppressions.c.id, ids),
        approved=_refs(connection, approved_removals.c.id, ids),
        orphans={
            row[0] for row in bulk.pick(connection, (entities.c.ref,), entities.c.id, undeclared)
        },
        keep_orphans=keep_orphans,
    )


def approve(connection: Connection, ids: Collection[int], *, actor: str, now: datetime) -> None:
    """Let these entities go with the next run, whatever the limit is."""
    bulk.drop(connection, approved_removals.c.id, ids)
    rows = [(entity, actor, now) for entity in sorted(ids)]
    bulk.add(connection, approved_removals, ("id", "actor", "at"), rows)


def forget_approved(connection: Connection, removed: Collection[int]) -> None:
    """What was approved to go is gone."""
    bulk.drop(connection, approved_removals.c.id, removed)


def put_suppression(
    connection: Connection, entity: int, *, reason: str, actor: str, now: datetime
) -> None:
    """Note that an entity is not to be served; what it is about is the caller's."""
    connection.execute(delete(suppressions).where(suppressions.c.id == entity))
    connection.execute(insert(suppressions).values(id=entity, reason=reason, actor=actor, at=now))


def drop_suppression(connection: Connection, entity: int) -> bool:
    """Lift a suppression; False where there is none."""
    done = connection.execute(delete(suppressions).where(suppressions.c.id == entity))
    return done.rowcount > 0


def list_suppressions(connection: Connection) -> tuple[Suppression, ...]:
    """Every suppression, the newest first."""
    rows = connection.execute(
        select(refs.c.ref, suppressions.c.reason, suppressions.c.actor, suppressions.c.at)
        .join(refs, refs.c.id == suppressions.c.id)
        .order_by(suppressions.c.at.desc(), refs.c.ref)
    )
    return tuple(
        Suppression(ref=row.ref, reason=row.reason, actor=row.actor, at=at)
        for row in rows
        if (at := utc(row.at)) is not None
    )


def _refs(connection: Connection, column: Column[Any], ids: Collection[int]) -> set[str]:
    """The refs with these ids for which the table of `column` has a row."""
    has_one = exists().where(column == refs.c.id)
    wanted = select(refs.c.ref).where(bulk.among(connection, refs.c.id, ids), has_one)
    return set(connection.execute(wanted).scalars())
