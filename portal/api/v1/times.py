"""Times as the API writes them. By itself, because the command line writes the same without a server."""

from __future__ import annotations

from datetime import datetime


def rfc3339(time: datetime | None) -> str | None:
    """The time to the millisecond, with a `Z` for UTC; None stays None."""
    if time is None:
        return None
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
