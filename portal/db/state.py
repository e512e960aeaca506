"""The state of what is served, as one text: what it was made from has changed when it has."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, or_, select

from portal.db import values
from portal.db.tables import meta

__all__ = ["ASSESSMENT", "Connection", "catalog_state_of", "raise_assessment", "state_of"]
# The web edge hands connections on, and may not know SQLAlchemy.

ASSESSMENT = "assessment_seq"
"""Raised by each transaction that stored other facts or results than there were."""

_CATALOG = ("instance", "catalog_seq")
_ALL = (*_CATALOG, ASSESSMENT)


def _of(keys: Sequence[str]) -> Select[tuple[str, str]]:
    # Not a list of values: SQLAlchemy would write its statement anew each time.
    return select(meta.c.key, meta.c.value).where(or_(*(meta.c.key == key for key in keys)))


_STATEMENTS: dict[tuple[str, ...], Select[tuple[str, str]]] = {
    keys: _of(keys) for keys in (_CATALOG, _ALL)
}
"""Made once: every answer begins with one."""


def state_of(connection: Connection) -> str:
    """Of entities, facts and results; another database has another one."""
    return _state(connection, _ALL)


def catalog_state_of(connection: Connection) -> str:
    """Of entities and locations alone, whatever is assessed."""
    return _state(connection, _CATALOG)


def _state(connection: Connection, keys: tuple[str, ...]) -> str:
    kept = {row.key: row.value for row in connection.execute(_STATEMENTS[keys])}
    return "/".join(kept.get(key, "") for key in keys)


def raise_assessment(connection: Connection) -> None:
    """Facts or results have changed. The connection is in a write transaction."""
    values.put(connection, ASSESSMENT, str(int(values.get(connection, ASSESSMENT) or 0) + 1))
