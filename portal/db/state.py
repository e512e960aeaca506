"""The state of what is served, as one text: what it was made from has changed when it has."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, literal_column, select

from portal.db import values
from portal.db.bulk import is_listed, listed
from portal.db.prepared import Prepared
from portal.db.tables import meta

__all__ = [
    "ASSESSMENT",
    "Connection",
    "catalog_state",
    "catalog_state_of",
    "raise_assessment",
    "state_of",
]
# The web edge hands connections on, and may not know SQLAlchemy.

ASSESSMENT = "assessment_seq"
"""Raised by each transaction that stored other facts or results than there were."""

_CATALOG = ("instance", "catalog_seq")
_ALL = (*_CATALOG, ASSESSMENT)


_VALUES = Prepared(
    lambda dialect: select(meta.c.key, meta.c.value).where(is_listed(dialect, meta.c.key)),
    looks=True,
)


def state_of(connection: Connection) -> str:
    """Of entities, facts and results; another database has another one."""
    return _state(connection, _ALL)


def catalog_state_of(connection: Connection) -> str:
    """Of entities and locations alone, whatever is assessed."""
    return _state(connection, _CATALOG)


def _state(connection: Connection, keys: tuple[str, ...]) -> str:
    kept: dict[str, str] = dict(_VALUES.rows(connection, listed(connection, keys)))
    return "/".join(kept.get(key, "") for key in keys)


_VALUE = "coalesce((SELECT value FROM meta WHERE \"key\" = '{}'), '')"

CATALOG_STATE = " || '/' || ".join(map(_VALUE.format, _CATALOG))
"""The same in SQL, for a statement that reads something besides."""


def catalog_state() -> ColumnElement[str]:
    """The same as a column."""
    return literal_column(CATALOG_STATE)


def raise_assessment(connection: Connection) -> None:
    """Facts or results have changed. The connection is in a write transaction."""
    values.put(connection, ASSESSMENT, str(int(values.get(connection, ASSESSMENT) or 0) + 1))
