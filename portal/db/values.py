"""Single values that the portal remembers, by key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from portal.db.tables import meta


def get(connection: Connection, key: str) -> str | None:
    """The value, or None where none was put."""
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def get_all(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """The values of those of these keys that have one."""
    found = connection.execute(select(meta.c.key, meta.c.value).where(meta.c.key.in_(keys)))
    return {row.key: row.value for row in found}


def put(connection: Connection, key: str, value: str) -> None:
    """Remember `value`. The connection is in a write transaction."""
    done = connection.execute(update(meta).where(meta.c.key == key).values(value=value))
    if done.rowcount == 0:
        connection.execute(insert(meta).values(key=key, value=value))


def is_turn(connection: Connection, key: str, *, every: timedelta, now: datetime) -> bool:
    """Whether nobody has taken this turn for so long."""
    last = get(connection, key)
    # A time that is still to come was written by a clock that has since been set back.
    return last is None or not now - every < datetime.fromisoformat(last) <= now


def take_turn(connection: Connection, key: str, *, every: timedelta, now: datetime) -> bool:
    """Take the turn, unless somebody else just has. The connection is in a write transaction."""
    if not is_turn(connection, key, every=every, now=now):
        return False
    put(connection, key, now.isoformat())
    return True
