"""Staleness: entities of which facts have gone stale are marked when it happens, not with a sweep.

When the next ones end is read from all facts, which has no index: that is rarely done where it takes
long, and what was stored since then with a shorter time is noticed with the next look.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

from portal.db.engine import Database
from portal.db.work import marks

LOOK = timedelta(minutes=5)
"""Time between two looks where nothing is known to end before."""

SOONEST = timedelta(seconds=10)
"""Time between two looks at least: what ends meanwhile is marked together."""

REST = 100
"""So many times as long as a look took nothing is looked at, up to an hour."""

LONGEST = timedelta(hours=1)


class Staleness:
    """When to look next. To be asked again and again."""

    def __init__(self, database: Database, *, began: datetime) -> None:
        self._database = database
        self.next = began

    def meet(self, now: datetime) -> bool:
        """Mark the entities of which facts have gone stale, where it is time; whether there are any."""
        if now < self.next:
            return False
        begin = monotonic()
        marked = 0
        ends = self._next_end()
        if ends is not None and ends < now:
            with self._database.write() as connection:
                marked = marks.mark_stale(connection, now)
            ends = self._next_end()
        rest = min(timedelta(seconds=REST * (monotonic() - begin)), LONGEST)
        # At that instant they are valid yet.
        known = LOOK if ends is None else min(LOOK, ends - now + timedelta.resolution)
        self.next = now + max(known, rest, SOONEST)
        return marked > 0

    def _next_end(self) -> datetime | None:
        with self._database.read() as connection:
            return marks.next_stale(connection)
