"""Failures of the database, told apart for those who may not know SQL."""

from __future__ import annotations

import logging
import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Primary codes that SQLite's driver takes for no operational ones (https://sqlite.org/rescode.html)."""

_LATER = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.DataCorrupted,
    psycopg.errors.IndexCorrupted,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
)
"""What PostgreSQL's driver calls other than operational: a server that took over and only reads, a
damaged one, and one whose tables are not there yet."""


_BARE = psycopg.OperationalError | psycopg.InterfaceError | psycopg.errors.ReadOnlySqlTransaction
"""As the driver raises them where many rows are copied, which SQLAlchemy has no part in."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the database could not be asked: it is down, busy, full, only reads, is damaged, or every
    connection is taken.

    Or it does not have its tables yet: whoever serves may have started before `portal migrate`.
    Asking again later may help; a statement that is wrong in itself is not among these.
    """
    if _code(error) == sqlite3.SQLITE_ERROR:
        return False  # SQLite says so of a statement that it does not understand
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout | _BARE):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or isinstance(error.orig, _LATER) or is_damaged(error)


def is_damaged(error: BaseException) -> bool:
    """Whether the embedded database's file is damaged."""
    return _code(error) in _DAMAGED


def is_full(error: BaseException) -> bool:
    """Whether there is no room to write: what there is can still be read."""
    told = getattr(error, "orig", None) or error
    return _code(error) == sqlite3.SQLITE_FULL or isinstance(told, psycopg.errors.DiskFull)


def log_failure(log: logging.Logger, error: BaseException, what: str) -> None:
    """Log that `what` failed with an error: where the database is away, in one line, since everything
    fails then; else with where it came from.
    """
    if is_unavailable(error):
        log.warning("%s: the database does not answer: %s", what, reason_of(error))
    else:
        log.error("%s", what, exc_info=error)


def reason_of(error: BaseException) -> str:
    """What the database said, in one line, for the log: no statement, and none of its values."""
    if isinstance(error, PoolTimeout):
        return "all connections that this process may have to it are taken"
    told = getattr(error, "orig", None) or error
    lines = str(told).strip().splitlines()
    return lines[0] if lines else type(told).__name__


def _code(error: BaseException) -> int | None:
    """SQLite's primary code."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
