"""Tallies of what is read, and the size of the database, on both."""

from __future__ import annotations

from datetime import timedelta

from catalog.ingest.store import Listed
from catalog.problems import Problem, Severity
from portal.db.engine import Database
from portal.db.extent import database_bytes
from portal.db.ingest import registrations
from portal.db.ingest.catalog_store import Store
from portal.db.sources.tallies import Tally, tally
from tests.catalog_rows import NOW

FAULT = Problem(code="SOURCE_FAILED", severity=Severity.ERROR, message="It is not there.")


def test_locations_are_counted_by_their_last_listing(database: Database) -> None:
    with database.read() as connection:
        nothing = tally(connection)
    zero = {"new": 0, "ok": 0, "partial": 0, "failed": 0}
    assert nothing == Tally(locations=zero, failed_repositories=0, listed_at=None, held_removals=0)
    with database.write() as connection:
        one, two, three = (
            registrations.register(
                connection, type="file", target=f"/srv/{name}", origin="command", now=NOW
            )
            for name in ("one", "two", "three")
        )
    store, later = Store(database), NOW + timedelta(hours=1)
    store.note_listings([Listed(location=one, repositories=(), complete=True)], now=NOW)
    store.note_listings([Listed(location=two, repositories=(), complete=True)], now=later)
    store.note_failure(three, None, FAULT)
    with database.read() as connection:
        found = tally(connection)
    assert found.locations == {**zero, "ok": 2, "failed": 1}
    assert found.listed_at == later


def test_the_size_of_a_database_is_known(database: Database) -> None:
    with database.read() as connection:
        assert 100_000 < database_bytes(connection) < 100_000_000
