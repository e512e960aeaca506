"""Single values that the portal remembers, by key."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from portal.db.tables import meta


def get(connection: Connection, key: str) -> str | None:
    """The value, or None where none was put."""
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def put(connection: Connection, key: str, value: str) -> None:
    """Remember `value`. The connection is in a write transaction."""
    done = connection.execute(update(meta).where(meta.c.key == key).values(value=value))
    if done.rowcount == 0:
        connection.execute(insert(meta).values(key=key, value=value))
