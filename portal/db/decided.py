"""What people did to the catalog: the batches of the change feed that somebody asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from portal.db import bulk
from portal.db.engine import utc
from portal.db.page import Page, number
from portal.db.tables import changes, refs

MOST_REFS = 20
"""Entities of one batch that are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What came of somebody's decision."""

    seq: int
    at: datetime
    actor: str
    added: tuple[str, ...]
    """Refs, as the next two; the first of them."""
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    more: int
    """Entities that are not named."""


def by_people(
    connection: Connection, *, after: str | None = None, limit: int = 50
) -> Page[Decided]:
    """What people did, the newest first. Raises `QueryError` for an `after` no page has given."""
    wanted = select(changes).where(changes.c.actor != "")
    if after is not None:
        wanted = wanted.where(changes.c.seq < number(after))
    rows = connection.execute(wanted.order_by(changes.c.seq.desc()).limit(limit + 1)).all()
    parts = [[orjson.loads(part) for part in (r.added, r.changed, r.removed)] for r in rows[:limit]]
    ids = {one for batch in parts for part in batch for one in part[:MOST_REFS]}
    names = {
        row.id: row.ref for row in bulk.pick(connection, (refs.c.id, refs.c.ref), refs.c.id, ids)
    }
    items = []
    for row, batch in zip(rows[:limit], parts, strict=True):
        at = utc(row.at)
        assert at is not None
        named = [tuple(names[one] for one in part[:MOST_REFS] if one in names) for part in batch]
        items.append(
            Decided(
                seq=row.seq,
                at=at,
                actor=row.actor,
                added=named[0],
                changed=named[1],
                removed=named[2],
                more=sum(map(len, batch)) - sum(map(len, named)),
            )
        )
    more = len(rows) > limit
    return Page(items=tuple(items), after=str(items[-1].seq) if more else None)
