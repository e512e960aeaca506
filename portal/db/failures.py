"""Failures of the database, told apart for those who may not know SQL."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

NO_SUCH_THING = ("42P01", "42703")
"""SQLSTATE of PostgreSQL where a table or a column does not exist."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the database could not be asked: it is down, busy, full, or every connection is taken.

    Or it does not have its tables yet: whoever serves may have started before `portal migrate`.
    Asking again later may help; a statement that is wrong in itself is not among these.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    original = getattr(error, "orig", None)
    if getattr(original, "sqlstate", "") in NO_SUCH_THING:
        return True
    if getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return False  # SQLite says so of a statement that it does not understand
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)
