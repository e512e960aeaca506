"""Failures of the database: what is told as one that does not answer, and in which words."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Executable, QueuePool, create_engine, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.db import bulk
from portal.db.engine import Database, open_database
from portal.db.failures import is_damaged, is_full, is_unavailable, reason_of
from portal.db.migrations import migrate
from portal.db.tables import meta
from tests.conftest import new_postgres_database
from tests.portal.processes import free_port

PAGE = 4096
FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$
"""
EACH = "FOR EACH ROW EXECUTE FUNCTION full_disk()"
ROW = meta.insert().values(key="a", value="b")


def test_a_server_that_is_away_may_be_back_later() -> None:
    assert is_unavailable(read(open_database(f"postgresql://x@127.0.0.1:{free_port()}/x")))


def test_a_database_that_was_not_migrated_may_be_so_later(postgres: str) -> None:
    failed = read(open_database(new_postgres_database(postgres)))
    assert is_unavailable(failed)
    assert "does not exist" in reason_of(failed)


def test_a_database_that_only_reads_is_told_as_one_that_does_not_answer(database: Database) -> None:
    only = "PRAGMA query_only=ON" if database.is_sqlite else "SET TRANSACTION READ ONLY"
    with pytest.raises(SQLAlchemyError) as failed:
        write(database, text(only), ROW)
    assert is_unavailable(failed.value)
    assert "read" in reason_of(failed.value)


def test_a_damaged_file_is_told_as_one_that_does_not_answer(
    migrated_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "portal.db"
    whole = migrated_file.read_bytes()
    file.write_bytes(whole[:PAGE] + b"\xde\xad" * ((len(whole) - PAGE) // 2))
    failed = read(open_database(f"sqlite:///{file}"))
    assert is_unavailable(failed)
    assert is_damaged(failed)
    assert reason_of(failed) == "database disk image is malformed"


def test_a_statement_that_breaks_a_rule_is_the_portals_fault(database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as failed:
        write(database, ROW, ROW)
    assert not is_unavailable(failed.value)


def test_a_statement_that_is_wrong_stays_wrong(database: Database) -> None:
    assert not is_unavailable(read(database, text("SELECT 1 +")))


def test_a_disk_that_is_full_when_rows_are_copied_may_have_room_later(postgres: str) -> None:
    database = open_database(new_postgres_database(postgres))
    migrate(database)
    write(database, text(FULL), text(f"CREATE TRIGGER full_disk BEFORE INSERT ON {meta} {EACH}"))
    with pytest.raises(psycopg.Error) as failed:
        copy(database)
    database.close()
    assert is_unavailable(failed.value)
    assert is_full(failed.value)
    assert reason_of(failed.value) == "no room"


def test_where_every_connection_is_taken_that_is_said() -> None:
    engine = create_engine(
        "sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0
    )
    with engine.connect(), pytest.raises(PoolTimeout) as failed:
        engine.connect()
    assert is_unavailable(failed.value)
    assert reason_of(failed.value) == "all connections that this process may have to it are taken"


def test_a_limit_on_statements_that_is_set_for_people_ends_none_of_ours(postgres: str) -> None:
    url = new_postgres_database(postgres)
    name = make_url(url).database
    with psycopg.connect(url) as connection:
        connection.execute(f"ALTER DATABASE {name} SET statement_timeout = '20ms'")
    database = open_database(url)
    with database.read() as reading:
        assert reading.scalar(text("SELECT 1 FROM pg_sleep(0.1)")) == 1
    database.close()
    with psycopg.connect(url) as people, pytest.raises(psycopg.errors.QueryCanceled):
        people.execute("SELECT pg_sleep(5)")


def read(database: Database, asked: Executable = select(meta)) -> SQLAlchemyError:
    """How it fails."""
    with pytest.raises(SQLAlchemyError) as raised, database.read() as connection:
        connection.execute(asked)
    database.close()
    return raised.value


def copy(database: Database) -> None:
    with database.write() as connection:
        bulk.add(connection, meta, ("key", "value"), [("a", "b")])


def write(database: Database, *statements: Executable) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.execute(statement)
