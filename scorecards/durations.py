"""Durations as they are written in documents: `90m`, `12h`, `30d`, `2w`."""

from __future__ import annotations

from datetime import timedelta

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    """A duration whose shape has been judged before (`scorecards.definitions.shape`)."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def duration_as_written(duration: timedelta | None) -> str:
    """`90m`, `12h`, `30d`; '' for none."""
    minutes = 0 if duration is None else int(duration.total_seconds()) // 60
    for unit, size in (("d", 1440), ("h", 60), ("m", 1)):
        if minutes and minutes % size == 0:
            return f"{minutes // size}{unit}"
    return ""
