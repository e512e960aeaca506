"""Deadlines: how long one reading of a provider may go on asking its forge.

No request begins when the time is over; one that has begun may take the seconds that every request
may. It holds for the thread that reads, so that no function on the way has to hand it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic


@dataclass(frozen=True, kw_only=True, slots=True)
class _Deadline:
    allowed: timedelta
    ends: float
    """By the monotonic clock, in seconds."""


_DEADLINE: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def within(allowed: timedelta | None) -> Iterator[None]:
    """Let what is asked in here take so long and no longer; None: however long it takes."""
    deadline = allowed and _Deadline(allowed=allowed, ends=monotonic() + allowed.total_seconds())
    token = _DEADLINE.set(deadline or None)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def exceeded() -> timedelta | None:
    """What was allowed, where it is over; else None."""
    deadline = _DEADLINE.get()
    return deadline.allowed if deadline and monotonic() >= deadline.ends else None
