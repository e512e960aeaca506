"""Turns: what is asked for, or tidied, because its time has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.db import values
from portal.db.sources import locations
from portal.db.work import marks
from portal.worker import deadlines, fetching, jobs, started, timetable
from portal.worker.requests import ASSESS, NOTICES, SCORECARDS, Lane, Work, ingest_key
from portal.worker.staleness import Staleness
from portal.worker.timetable import Schedules
from portal.worker.tools import Tools

KEEP = timedelta(days=1)
"""How long workflows are kept to look at, from when they began."""

TIDY = timedelta(hours=1)
"""Time between two looks for what is kept long enough."""

LISTEN = timedelta(minutes=1)
"""Time between two looks for what teams are to be told."""

SWEPT = "swept_at"
"""Key of the time of the last sweep."""


@dataclass(kw_only=True)
class Turns:
    """When it is time for what. To be taken again and again."""

    tools: Tools
    requests: Work
    sweep: timedelta | None
    """Time between two readings of every location; None: only what is asked for is read."""
    schedules: Schedules
    """When locations are read that the sweep leaves out."""
    began: datetime
    """When this process did."""
    _seen: datetime = field(init=False)
    _next_tidying: datetime = field(init=False)
    _next_listening: datetime = field(init=False)
    _staleness: Staleness = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self._next_tidying = self._next_listening = self.began
        self._staleness = Staleness(self.tools.database, began=self.began)

    def take(self) -> None:
        """Ask for what is due by now, and tidy where it is time."""
        now = self.tools.now()
        if now < self._seen:  # the clock was set back, and nothing waits until it is there again
            self._next_tidying = self._next_listening = self._staleness.next = now
            self.began = min(self.began, now)
        self._seen = now
        if self._sweep_is_due(now):
            self._sweep()
        self._ask_for_scheduled(now)
        if self.tools.notices is not None and now >= self._next_listening:
            self._next_listening = now + LISTEN
            self.requests.request_all([NOTICES], Lane.SWEEP)
        if now >= self._next_tidying:
            self._next_tidying = now + TIDY
            self._tidy(now)
        if keys := fetching.due(self.tools):
            self.requests.request_all(keys, Lane.SWEEP)
        if self._staleness.meet(now):
            self.requests.request(ASSESS, Lane.SWEEP)
        if deadlines.meet(self.tools):
            self.requests.request(ASSESS, Lane.EVENT)

    def _sweep_is_due(self, now: datetime) -> bool:
        """Whether nobody in the fleet has swept for so long; then it is for this worker to do."""
        if self.sweep is None:
            return False
        with self.tools.database.read() as connection:
            if not values.is_turn(connection, SWEPT, every=self.sweep, now=now):
                return False
        with self.tools.database.write() as connection:
            return values.take_turn(connection, SWEPT, every=self.sweep, now=now)

    def _sweep(self) -> None:
        """Ask for every location without a schedule to be read again and for what is marked."""
        with self.tools.database.read() as connection:
            found = locations.list_locations(connection)
            marked = marks.count_marks(connection)
        keys = [ingest_key(one.id) for one in found if one.target not in self.schedules]
        rules = [SCORECARDS] if self.tools.scorecard_repositories else []
        self.requests.request_all([*rules, *keys, *([ASSESS] if marked else [])], Lane.SWEEP)

    def _ask_for_scheduled(self, now: datetime) -> None:
        """Ask for the locations whose own schedules say that it is time."""
        database = self.tools.database
        if found := timetable.due(database, self.schedules, started=self.began, now=now):
            self.requests.request_all([ingest_key(id_) for id_ in found.values()], Lane.SWEEP)
            timetable.note(database, found, now=now)

    def _tidy(self, now: datetime) -> None:
        """Forget what is kept long enough."""
        started.forget(self.tools.database, before=now - KEEP)
        jobs.forget_past(self.tools)
        deadlines.keep_days(self.tools)
