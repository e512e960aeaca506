"""The timetable: which locations are due that have a schedule of their own.

When one was last asked for is kept in the database, so that a restart asks for none ahead of its
time, and one worker of a fleet asks for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from portal.config.schedules import Schedule
from portal.db import values
from portal.db.engine import Database
from portal.db.ingest.registrations import ids_of

Schedules = Mapping[str, Schedule]
"""By target of a location."""


def due(
    database: Database, schedules: Schedules, *, started: datetime, now: datetime
) -> dict[str, str]:
    """The ids of the locations that are to be read now, by target; `started`: this process."""
    if not schedules:
        return {}
    with database.read() as connection:
        turns = values.get_all(connection, [_turn(target) for target in schedules])
        found = []
        for target, schedule in schedules.items():
            said = turns.get(_turn(target))
            last = None if said is None else datetime.fromisoformat(said)
            if schedule.is_due(last=last, started=started, now=now):
                found.append(target)
        return ids_of(connection, found) if found else {}


def note(database: Database, targets: Iterable[str], *, now: datetime) -> None:
    """Remember that these have been asked for. Only then: who dies before that asks again."""
    with database.write() as connection:
        for target in targets:
            values.put(connection, _turn(target), now.isoformat())


def _turn(target: str) -> str:
    return f"asked_at:{target}"
