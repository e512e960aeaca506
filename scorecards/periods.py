"""Periods: the instants at which a trend is looked at, in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Period(StrEnum):
    """How far apart the instants are."""

    DAY = "day"
    WEEK = "week"
    """From Monday to Monday."""
    MONTH = "month"


def instants(start: datetime, end: datetime, by: Period) -> Iterator[datetime]:
    """The start, every midnight at which a period begins until the end, and the end."""
    yield start
    at = _next(start.astimezone(UTC), by)
    while at is not None and at < end:
        yield at
        at = _next(at, by)
    if end > start:
        yield end


def _next(at: datetime, by: Period) -> datetime | None:
    """The first beginning of a period that is later; None: the calendar ends before."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        match by:
            case Period.DAY:
                return day + timedelta(days=1)
            case Period.WEEK:
                return day + timedelta(days=7 - day.weekday())
            case Period.MONTH:
                return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    except OverflowError:
        return None
