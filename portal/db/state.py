"""The state of what is served, as one text: what it was made from has changed when it has."""

from __future__ import annotations

from sqlalchemy import Connection, select

from portal.db import values
from portal.db.tables import meta

__all__ = ["ASSESSMENT", "Connection", "raise_assessment", "state_of"]
# The web edge hands connections on, and may not know SQLAlchemy.

ASSESSMENT = "assessment_seq"
"""Raised by each transaction that stored other facts or results than there were."""

_KEYS = ("instance", "catalog_seq", ASSESSMENT)


def state_of(connection: Connection) -> str:
    """Of entities, facts and results; another database has another one."""
    found = select(meta.c.key, meta.c.value).where(meta.c.key.in_(_KEYS))
    kept = {row.key: row.value for row in connection.execute(found)}
    return "/".join(kept.get(key, "") for key in _KEYS)


def raise_assessment(connection: Connection) -> None:
    """Facts or results have changed. The connection is in a write transaction."""
    values.put(connection, ASSESSMENT, str(int(values.get(connection, ASSESSMENT) or 0) + 1))
