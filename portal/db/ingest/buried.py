"""Tombstones: entities that went, for as long as they can come back as they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from portal.db.engine import time_of
from portal.db.page import Page, number, page_of
from portal.db.tables import tombstones


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstone:
    """An entity that went."""

    ref: str
    uid: str
    reason: str
    actor: str
    """Who asked for it; '': nobody did."""
    removed_at: datetime


def list_tombstones(
    connection: Connection, *, after: str | None = None, limit: int = 50
) -> Page[Tombstone]:
    """Entities that went, the newest first. Raises `QueryError` for an `after` no page has given."""
    skipped = 0 if after is None else number(after)
    rows = connection.execute(
        select(tombstones)
        .order_by(tombstones.c.removed_at.desc(), tombstones.c.ref)
        .offset(skipped)
        .limit(limit + 1)
    ).all()
    return page_of(rows, limit, item=_tombstone, place=lambda _: str(skipped + limit))


def _tombstone(row: Row[Any]) -> Tombstone:
    return Tombstone(
        ref=row.ref,
        uid=row.uid,
        reason=row.reason,
        actor=row.actor,
        removed_at=time_of(row.removed_at),
    )
