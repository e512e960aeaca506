"""Facts that go stale are noticed when they do, also those that nobody knew of at the last look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete

from portal.db.collection.pushed import push
from portal.db.engine import Database
from portal.db.tables import unassessed
from portal.db.work import marks
from portal.worker import staleness
from portal.worker.staleness import LOOK, Staleness
from scorecards.facts import FactRecord, Known
from tests.catalog_rows import NOW, entity, save

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def rows(database: Database) -> Database:
    save(database, entity("a"), entity("b"))
    settle(database)
    return database


def settle(database: Database) -> None:
    with database.write() as connection:
        connection.execute(delete(unassessed))


def tell(database: Database, name: str, *, until: datetime, at: datetime = NOW) -> None:
    """Store a fact about the entity."""
    record = FactRecord(
        ref=f"component:default/{name}",
        collector="coverage",
        version="1",
        url=f"https://ci.example.com/{at:%M}",
        revision=f"r{at:%M}",
        observed_at=at,
        valid_until=until,
        facts={"coverage.line_pct": Known(value=80.0)},
    )
    with database.write() as connection:
        push(connection, [record], {})
    settle(database)


def told(database: Database, watch: Staleness, *, minutes: int) -> Iterator[timedelta]:
    """When something is marked, with the engine's look each second."""
    for seconds in range(minutes * 60):
        passed = seconds * SECOND
        if watch.meet(NOW + passed):
            with database.read() as connection:
                assert marks.count_marks(connection) == 1
            settle(database)
            yield passed


def test_facts_are_noticed_in_the_second_in_which_they_go_stale(rows: Database) -> None:
    tell(rows, "a", until=NOW + 3 * MINUTE)
    tell(rows, "b", until=NOW + 17 * MINUTE)
    found = list(told(rows, Staleness(rows, began=NOW), minutes=30))
    assert found == [3 * MINUTE + SECOND, 17 * MINUTE + SECOND]


def test_what_is_stored_after_a_look_is_noticed_with_the_next_one(rows: Database) -> None:
    watch = Staleness(rows, began=NOW)
    assert not watch.meet(NOW)
    tell(rows, "a", until=NOW + MINUTE)
    assert list(told(rows, watch, minutes=6)) == [LOOK]


def test_facts_that_are_told_anew_do_not_go_stale(rows: Database) -> None:
    tell(rows, "a", until=NOW + 3 * MINUTE)
    watch = Staleness(rows, began=NOW)
    assert not watch.meet(NOW)
    tell(rows, "a", until=NOW + 60 * MINUTE, at=NOW + MINUTE)
    assert list(told(rows, watch, minutes=30)) == []


def test_what_ends_together_is_looked_at_once(rows: Database) -> None:
    watch = Staleness(rows, began=NOW)
    tell(rows, "a", until=NOW + MINUTE)
    assert not watch.meet(NOW)
    assert not watch.meet(NOW + MINUTE), "at that instant it is valid"
    tell(rows, "b", until=NOW + MINUTE + SECOND)
    assert watch.meet(NOW + MINUTE + 2 * SECOND)
    with rows.read() as connection:
        assert marks.count_marks(connection) == 2
    assert watch.next == NOW + MINUTE + 2 * SECOND + LOOK


def test_a_look_that_takes_long_is_rare(rows: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 30.0, 0.0, 90.0])
    monkeypatch.setattr(staleness, "monotonic", lambda: next(clock))
    watch = Staleness(rows, began=NOW)
    watch.meet(NOW)
    assert watch.next == NOW + 50 * MINUTE
    watch.meet(NOW + 50 * MINUTE)
    assert watch.next == NOW + 110 * MINUTE
