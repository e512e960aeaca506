"""Rations: how often somebody has something done ahead of other work, and how often about one host.

A leaky bucket by one time: the one at which everything that was taken would be there again. All processes
share it. Two that take at the same moment may count once: a limit of this kind may be a little generous.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from portal.db import values
from portal.db.tables import meta

PREFIX = "ration:"
"""Begins the keys of the stored values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ration:
    """What may be had at once, and how soon there is one more."""

    most: int
    every: timedelta


def take(
    connection: Connection, wanted: Mapping[str, tuple[Ration, int]], *, now: datetime
) -> tuple[str, timedelta] | None:
    """Take a number of each ration, by its name; None: it was there.

    Else nothing is taken, and it is told which lacks for longest, and for how long. Who finds one left may
    take more than that, and the next waits for it: else what needs many could never be had. The
    connection is in a write transaction.
    """
    known = values.get_all(connection, [PREFIX + name for name in wanted])
    full: dict[str, datetime] = {}
    lacks: dict[str, timedelta] = {}
    for name, (ration, number) in wanted.items():
        again = _read(known.get(PREFIX + name), ration, now)
        full[name] = again + ration.every * min(number, ration.most)
        wait = again + ration.every - now - ration.every * ration.most
        if wait > timedelta():
            lacks[name] = wait
    if lacks:
        name = max(lacks, key=lambda one: lacks[one])
        return name, lacks[name]
    _write(connection, full, now)
    return None


def _read(text: str | None, ration: Ration, now: datetime) -> datetime:
    """When all would be there again; what no clock that runs right can have written is forgotten."""
    if text is None:
        return now
    again = datetime.fromisoformat(text)
    return now if again > now + 2 * ration.every * ration.most else max(again, now)


def _write(connection: Connection, full: Mapping[str, datetime], now: datetime) -> None:
    """Keep the times, and none that is over: there are no more rows than people who have just asked."""
    over = meta.c.key.startswith(PREFIX, autoescape=True) & (meta.c.value <= now.isoformat())
    connection.execute(delete(meta).where(over))
    for name, again in full.items():
        values.put(connection, PREFIX + name, again.isoformat())
