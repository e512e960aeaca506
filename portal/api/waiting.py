"""Waiting: answering a request when the work that it asked for is visible (read your writes)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence

from catalog.errors import QueryError
from portal.db.work import pending
from portal.wiring import Portal

LONGEST = 60.0
"""Seconds that a request may wait; its thread waits with it."""

STEP = 0.02
"""Seconds between two looks."""

MOST_WAITING = 24
"""Requests of a process that wait at a time: the other threads answer, also that the process is alive."""

_PLACES = threading.BoundedSemaphore(MOST_WAITING)


def wait_of(text: str | None) -> float:
    """The seconds that a `wait` parameter asks for: `10s`, `500ms` or `10`; 0 without one."""
    if text is None:
        return 0.0
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)?", text)
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1) if found else -1.0
    if not 0 <= seconds <= LONGEST:
        raise QueryError(f"request/query/wait must be a time up to {LONGEST:.0f}s, as in 10s")
    return seconds


def wait_for(portal: Portal, tickets: Sequence[str], seconds: float) -> bool:
    """Wait until the work that the tickets name is done; False where it takes longer.

    Where too many wait already, nobody else does, as if the time was over.
    """
    if not seconds or not _PLACES.acquire(blocking=False):
        return _is_done(portal, tickets, 0)
    try:
        return _is_done(portal, tickets, seconds)
    finally:
        _PLACES.release()


def _is_done(portal: Portal, tickets: Sequence[str], seconds: float) -> bool:
    end = time.monotonic() + seconds
    left = list(tickets)
    while left:
        with portal.database.read() as connection:
            left = [ticket for ticket in left if pending.is_waiting(connection, ticket)]
        if not left:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(min(STEP, max(0.0, end - time.monotonic())))
    return True
