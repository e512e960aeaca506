"""Failures of the database, told apart for those who may not know SQL."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_unavailable(error: BaseException) -> bool:
    """Whether the database could not be asked: it is down, busy, full, or every connection is taken.

    Asking again later may help; a statement that is wrong in itself is not among these.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)
