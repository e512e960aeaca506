"""The timetable: when a location with a schedule of its own is asked for, and when the sweep leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from portal.config import ConfiguredSource, Settings
from portal.config.schedules import Cron, Frequency, Schedule
from portal.db import values
from portal.db.engine import Database
from portal.db.ingest import registrations
from portal.db.sources import locations
from portal.db.work import pending
from portal.pool import Pool
from portal.server import engine_settings
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import timetable
from portal.worker.engine import launch
from tests.portal.processes import eventually

START = datetime.fromisoformat("2026-05-01T12:20:00+00:00")
HALF = timedelta(minutes=30)
ACME = "https://forge.example/acme"


def every(frequency: Frequency, **more: timedelta) -> Schedule:
    return Schedule(frequency=frequency, timeout=timedelta(minutes=3), **more)


@pytest.mark.parametrize(
    ("schedule", "last", "minutes", "expected"),
    [
        (every(HALF), None, 0, True),
        (every(HALF), -29, 0, False),
        (every(HALF), -30, 0, True),
        (every(HALF), 5, 0, True),  # by a clock that has since been set back
        (every(HALF, initial_delay=HALF), None, 29, False),
        (every(HALF, initial_delay=HALF), None, 30, True),
        (every(Cron(fields="0 * * * *")), None, 39, False),
        (every(Cron(fields="0 * * * *")), None, 40, True),
        (every(Cron(fields="0 * * * *")), -20, 39, False),  # at noon
        (every(Cron(fields="0 * * * *")), -21, 0, True),  # nobody was there at noon
        (every(Cron(fields="30 0 12 * * *")), -21, 0, True),
        (every(Cron(fields="30 20 12 * * *")), -21, 0, False),
        (every(None), None, 10_000, False),
    ],
)
def test_it_is_due_when_its_time_has_come(
    schedule: Schedule, last: int | None, minutes: int, expected: bool
) -> None:
    turn = None if last is None else START + timedelta(minutes=last)
    now = START + timedelta(minutes=minutes)
    assert schedule.is_due(last=turn, started=START, now=now) is expected


def test_a_turn_is_taken_once_and_outlives_a_restart(database: Database) -> None:
    with database.write() as connection:
        id_ = registrations.register(
            connection, type="url", target=ACME, origin="config", now=START
        )
    schedules = {ACME: every(HALF), "https://forge.example/gone": every(HALF)}

    def due(minutes: int, *, started: int = 0) -> dict[str, str]:
        return timetable.due(
            database,
            schedules,
            started=START + timedelta(minutes=started),
            now=START + timedelta(minutes=minutes),
        )

    assert due(0) == {ACME: id_}
    assert due(0) == {ACME: id_}, "whoever died before it was noted asks again"
    timetable.note(database, [ACME], now=START)
    assert due(29) == {}
    assert due(29, started=28) == {}
    assert due(30, started=28) == {ACME: id_}


@contextmanager
def working(portal: Portal, folder: Path) -> Iterator[None]:
    """The engine of a portal, at work."""
    pool = Pool(1)
    settings = engine_settings(portal.settings, folder.name)
    engine = launch(
        tools_of(portal, pool), portal.work, settings, woken=portal.awake, report=lambda _: None
    )
    try:
        yield
    finally:
        engine.stop()
        pool.close()


def test_what_has_a_schedule_is_read_by_that_alone(tmp_path: Path) -> None:
    targets = {name: f"https://forge.example/{name}" for name in ("often", "never", "swept")}
    settings = Settings(
        database=f"sqlite:///{tmp_path / 'portal.db'}",
        data_dir=tmp_path,
        sources=tuple(ConfiguredSource("url", one, "config") for one in targets.values()),
        schedules={targets["often"]: every(HALF), targets["never"]: every(None)},
    )
    portal = open_portal(settings)
    ids = dict(zip(targets, prepare(portal), strict=True))

    def asked_for() -> set[str]:
        with portal.database.read() as connection:
            keys = {promise.key for promise in pending.waiting(connection)}
        return {name for name, id_ in ids.items() if f"ingest:{id_}" in keys}

    def read() -> set[str]:
        """Of which it is known that no integration opens them."""
        with portal.database.read() as connection:
            rows = locations.list_locations(connection)
        return {name for name, id_ in ids.items() for row in rows if row.id == id_ and row.problem}

    assert asked_for() == {"swept"}, "a start asks for nothing that has a time of its own"
    with working(portal, tmp_path):
        eventually(lambda: read() == {"often", "swept"} and not asked_for(), within=30)
    prepare(portal)
    assert asked_for() == {"swept"}
    schedules, now = settings.schedules, portal.now()
    assert timetable.due(portal.database, schedules, started=now, now=now) == {}
    portal.database.close()


def test_a_clock_that_is_set_back_keeps_nothing_waiting(tmp_path: Path) -> None:
    ahead = timedelta(days=1)
    settings = Settings(
        database=f"sqlite:///{tmp_path / 'portal.db'}",
        data_dir=tmp_path,
        sources=(ConfiguredSource("url", ACME, "config"),),
        schedules={ACME: every(HALF)},
    )
    opened = open_portal(settings)
    portal = replace(opened, now=lambda: opened.now() + ahead)
    prepare(portal)

    def is_asked_for() -> bool:
        with portal.database.read() as connection:
            said = values.get(connection, f"asked_at:{ACME}")
        return said is not None and abs(datetime.fromisoformat(said) - portal.now()) < HALF

    with working(portal, tmp_path):
        eventually(is_asked_for, within=30)
        ahead = timedelta(0)
        portal.awake.set()
        eventually(is_asked_for, within=30)
    portal.database.close()
