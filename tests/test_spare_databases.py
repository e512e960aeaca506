"""Databases that tests give back: the next one finds what it would find in a new one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests import spare_databases as module
from tests.spare_databases import SpareDatabases

Asking = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def spare(postgres: str, migrated_postgres: str) -> SpareDatabases:
    return SpareDatabases(postgres, migrated_postgres)


@contextmanager
def asking(spare: SpareDatabases, name: str) -> Iterator[Asking]:
    with psycopg.connect(spare.server.format(name=name), autocommit=True) as connection:
        yield connection


def used(spare: SpareDatabases, *statements: str) -> str:
    """A database in which that was done, given back; its name."""
    name = spare.take()
    with asking(spare, name) as connection:
        for statement in statements:
            connection.execute(statement)
    spare.give_back(name)
    return name


def test_rows_are_gone_and_numbers_begin_anew(spare: SpareDatabases) -> None:
    new = "INSERT INTO relation_types (name) VALUES ('x') RETURNING id"
    ref = "INSERT INTO refs (id, ref) VALUES (1, 'component:default/a')"
    alias = "INSERT INTO aliases (id, entity_id, since) VALUES (1, 1, now())"
    name = used(spare, new, new.replace("'x'", "'y'"), ref, alias)
    assert spare.take() == name
    with asking(spare, name) as connection:
        assert connection.execute("SELECT count(*) FROM aliases").fetchall() == [(0,)]
        assert connection.execute("SELECT count(*) FROM refs").fetchall() == [(0,)]
        assert connection.execute(new).fetchall() == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra (id int)",
        "CREATE SCHEMA extra CREATE TABLE extra (id int)",
        "ALTER TABLE refs ADD COLUMN extra int",
        "ALTER TABLE aliases DROP CONSTRAINT aliases_entity_id_fkey",
        "CREATE RULE none AS ON INSERT TO refs DO INSTEAD NOTHING",
        "UPDATE alembic_version SET version_num = '0001'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 1', current_database()); END $$",
        "INSERT INTO refs SELECT n, repeat('x', 900) || n FROM generate_series(1, 9000) AS n",
    ],
)
def test_one_that_is_another_one_now_is_dropped(spare: SpareDatabases, statement: str) -> None:
    name = used(spare, statement)
    assert spare.take() != name
    with asking(spare, "postgres") as connection:
        there = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        assert there.rowcount == 0


def test_whoever_is_still_connected_is_sent_away(spare: SpareDatabases) -> None:
    name = spare.take()
    with asking(spare, name) as connection:
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE refs")
        spare.give_back(name)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert spare.take() == name


def test_none_is_for_ever(spare: SpareDatabases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    assert used(spare) == used(spare) != used(spare)
