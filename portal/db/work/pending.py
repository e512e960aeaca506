"""Pending work: keys that were promised, until work that began after the promise has ended."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from portal.db import bulk
from portal.db.engine import utc
from portal.db.tables import pending

CHANNEL = "plumbline_work"
"""PostgreSQL's NOTIFY channel on which workers hear of new keys."""

LATER = "later:"
"""Begins a key that is free to be claimed when its time has come, and not before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """A key that waits, or is being worked on."""

    key: str
    ticket: str
    lane: int
    requested_at: datetime
    worker: str
    """Name of who works on it; '': nobody does."""
    host: str
    """Whom it waits for, such as a forge; '': nobody outside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many keys of a lane there are."""

    lane: int
    waiting: int
    working: int
    """That a worker has claimed."""
    oldest: datetime | None
    """When the oldest of those that wait was asked for; None: none waits."""


def put(connection: Connection, key: str, *, lane: int, now: datetime, host: str = "") -> str:
    """Promise `key`, which waits for `host`; returns the ticket that names this promise.

    One that is promised already keeps its place among those that wait, unless this lane is more
    urgent.
    """
    ticket = str(uuid.uuid4())
    sqlite = connection.dialect.name == "sqlite"
    insert = (upsert_sqlite if sqlite else upsert_postgresql)(pending).values(
        key=key, lane=lane, ticket=ticket, requested_at=now, host=host
    )
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[pending.c.key],
            set_={
                "ticket": ticket,
                "lane": case((pending.c.lane < lane, pending.c.lane), else_=lane),
            },
        )
    )
    _tell_workers(connection, key)
    return ticket


def put_all(connection: Connection, hosts: Mapping[str, str], *, lane: int, now: datetime) -> None:
    """Promise many keys, each with the host that it waits for; one that is promised already stays."""
    known = {row[0] for row in bulk.pick(connection, (pending.c.key,), pending.c.key, hosts)}
    rows = [
        (key, lane, str(uuid.uuid4()), now, host) for key, host in hosts.items() if key not in known
    ]
    bulk.add(connection, pending, ("key", "lane", "ticket", "requested_at", "host"), rows)
    if rows:
        _tell_workers(connection, rows[0][0])


def _tell_workers(connection: Connection, key: str) -> None:
    if connection.dialect.name != "sqlite":
        told = {"channel": CHANNEL, "key": key}
        connection.execute(text("SELECT pg_notify(:channel, :key)"), told)


def put_later(connection: Connection, key: str, *, lane: int, at: datetime) -> bool:
    """Promise `key`, which begins with `LATER`, for a time to come; returns whether it was not yet.

    One that is promised already stays for its time. The connection is in a write transaction.
    """
    this = pending.c.key == key
    known = connection.execute(select(pending.c.claim).where(this)).first()
    if known is not None and known.claim is None:
        return False
    put(connection, key, lane=lane, now=at)
    # Also of one that is being worked on: what is promised now has another time.
    connection.execute(update(pending).where(this).values(requested_at=at))
    return True


def unclaimed(connection: Connection, keys: Collection[str], *, lane: int) -> set[str]:
    """Those of these keys that are promised at least as urgently, and that nobody works on yet."""
    columns = (pending.c.key, pending.c.lane, pending.c.claim)
    rows = bulk.pick(connection, columns, pending.c.key, keys)
    return {key for key, theirs, claim in rows if claim is None and theirs <= lane}


def waiting(connection: Connection, *, limit: int | None = None) -> list[Pending]:
    """Pending keys, most urgent first, then oldest first; all of them, or so many."""
    rows = connection.execute(
        select(pending).order_by(pending.c.lane, pending.c.requested_at).limit(limit)
    )
    return [promise_of(row) for row in rows]


def promise_of(row: Row[Any]) -> Pending:
    """What a whole row of the table says."""
    return Pending(
        key=row.key,
        ticket=row.ticket,
        lane=row.lane,
        requested_at=utc(row.requested_at) or row.requested_at,
        worker=row.worker or "",
        host=row.host,
    )


def tallies(connection: Connection) -> tuple[Tally, ...]:
    """How much of each lane is pending, the most urgent first; lanes without any are left out."""
    waits = pending.c.claim.is_(None)
    rows = connection.execute(
        select(
            pending.c.lane,
            func.count(case((waits, 1))).label("waiting"),
            func.count().label("number"),
            func.min(case((waits, pending.c.requested_at))).label("oldest"),
        )
        .group_by(pending.c.lane)
        .order_by(pending.c.lane)
    )
    return tuple(
        Tally(
            lane=row.lane,
            waiting=row.waiting,
            working=row.number - row.waiting,
            oldest=utc(row.oldest),
        )
        for row in rows
    )


def is_waiting(connection: Connection, ticket: str) -> bool:
    """Whether the promise that `ticket` names is not kept yet."""
    found = connection.execute(select(pending.c.key).where(pending.c.ticket == ticket))
    return found.first() is not None


def still(connection: Connection, keys: Collection[str]) -> list[str]:
    """Those of these keys that are promised."""
    found = {row.key for row in bulk.pick(connection, (pending.c.key,), pending.c.key, keys)}
    return [key for key in keys if key in found]


def done(connection: Connection, key: str, ticket: str) -> None:
    """The promise is kept; one that was made anew meanwhile stays."""
    connection.execute(delete(pending).where(pending.c.key == key, pending.c.ticket == ticket))
