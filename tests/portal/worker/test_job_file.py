"""The job engine's own file: one that is damaged keeps no portal from starting."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from portal.config import Settings
from portal.db.work import pending
from portal.server import start_engine
from portal.wiring import open_portal, prepare
from portal.worker.job_file import put_aside_if_damaged
from portal.worker.requests import ASSESS, Lane
from tests.portal.processes import eventually


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "jobs.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE jobs AS SELECT 1 AS id")
        database.executemany("INSERT INTO jobs VALUES (?)", [(n,) for n in range(5_000)])
        database.commit()
    return file


def test_a_sound_file_stays_and_a_missing_one_is_nothing_to_see_to(file: Path) -> None:
    assert put_aside_if_damaged(file) is None
    assert file.exists()
    assert put_aside_if_damaged(file.with_name("other.db")) is None


@pytest.mark.parametrize("length", [100, 8192])
def test_a_file_that_ends_early_is_put_aside_with_what_belongs_to_it(
    file: Path, length: int
) -> None:
    (file.parent / "jobs.db.damaged-wal").write_text("of an earlier one")
    file.write_bytes(file.read_bytes()[:length])
    aside = put_aside_if_damaged(file)
    assert aside is not None
    assert [one.name for one in file.parent.iterdir()] == [aside.name]


def test_a_file_in_use_is_not_taken_for_damaged(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert put_aside_if_damaged(file) is None
    assert file.exists()


def test_the_engine_starts_beside_a_damaged_file_and_does_what_was_promised(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_text("no database" * 100)
    portal = open_portal(
        Settings(database=f"sqlite:///{tmp_path / 'portal.db'}", data_dir=tmp_path)
    )
    prepare(portal)
    ticket = portal.work.request(ASSESS, Lane.PERSON)

    def is_done() -> bool:
        with portal.database.read() as connection:
            return not pending.is_waiting(connection, ticket)

    running = start_engine(portal, lambda _: None)
    try:
        eventually(is_done, within=30)
    finally:
        running.stop()
        portal.database.close()
    assert (tmp_path / "jobs.db.damaged").read_text().startswith("no database")
