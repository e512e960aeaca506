from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Float, Select, bindparam, event, func, literal, select, table, text
from sqlalchemy.exc import DBAPIError

from portal.db import postgres
from portal.db.bulk import is_listed, listed
from portal.db.engine import Database, open_database
from portal.db.failures import is_unavailable
from portal.db.prepared import LARGE, Forms, Prepared
from portal.db.state import catalog_state_of
from portal.db.tables import entities
from tests.catalog_rows import entity, save

OTHERS = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()"""
"""Ends every other connection to this database."""


@pytest.fixture
def named(database: Database) -> Database:
    save(database, entity("one"), entity("two"), entity("three"))
    return database


def test_a_prepared_statement_finds_what_sqlalchemy_finds(named: Database) -> None:
    columns = (entities.c.name, entities.c.body, func.length(entities.c.name) + literal(1))
    one = Prepared(lambda _: select(*columns).where(entities.c.name == bindparam("name")))
    many = Prepared(lambda dialect: select(*columns).where(is_listed(dialect, entities.c.name)))
    with named.read() as connection:
        whole = [tuple(row) for row in connection.execute(select(*columns))]
        for row in whole:
            assert one.rows(connection, {"name": row[0]}) == [row]
        assert one.rows(connection, {"name": "four"}) == []
        wanted = listed(connection, [row[0] for row in whole])
        assert sorted(many.rows(connection, wanted)) == sorted(whole)


def test_a_form_is_written_once_unless_it_is_large(named: Database) -> None:
    written: list[int] = []

    def make(_dialect: str, count: int) -> Select[Any]:
        written.append(count)
        names = [bindparam(f"name{place}") for place in range(count)]
        return select(entities.c.name).where(entities.c.name.in_(names))

    forms = Forms(make)
    with named.read() as connection:

        def found(count: int, name: str) -> list[str]:
            values = {f"name{place}": name for place in range(count)}
            return [row[0] for row in forms.rows(connection, count, values)]

        assert [found(2, "one"), found(2, "two"), found(2, "four")] == [["one"], ["two"], []]
        assert written == [2]
        assert found(LARGE + 1, "one") == found(LARGE + 1, "one") == ["one"]
        assert written == [2, LARGE + 1, LARGE + 1]


def test_values_of_any_kind_reach_a_statement_by_itself(named: Database) -> None:
    name = Prepared(
        lambda _: select(entities.c.name).where(
            bindparam("least", type_=Float) < entities.c.id, entities.c.name == bindparam("name")
        ),
        looks=True,
    )
    for _ in range(8):  # before the statement is prepared, and after
        with named.look_in_turn() as connection:
            assert name.rows(connection, {"least": 0.5, "name": "one"}) == [("one",)]
            assert name.rows(connection, {"least": 0, "name": "two"}) == [("two",)]
            assert name.rows(connection, {"least": 1e9, "name": "two"}) == []


def test_it_is_of_the_same_transaction(named: Database) -> None:
    count = Prepared(lambda _: select(func.count()).select_from(entities))
    with named.write() as connection:
        connection.execute(entities.delete())
        assert count.rows(connection, {}) == [(0,)]
        connection.rollback()
    with named.read() as connection:
        assert count.rows(connection, {}) == [(3,)]


def test_a_dead_pooled_connection_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        pytest.skip("there is no server that could go")
    monkeypatch.setattr(postgres, "TRUSTED", 0.0)
    with database.read() as one, database.read() as other:
        assert catalog_state_of(one) == catalog_state_of(other)
    with database.engine.connect() as connection:
        connection.execute(text(OTHERS))
    with database.read() as one, database.read() as other:
        assert catalog_state_of(one) == catalog_state_of(other)


def test_what_the_driver_cannot_do_fails_like_any_statement(database: Database) -> None:
    missing = Prepared(lambda _: select(func.count()).select_from(table("nowhere")))
    with database.read() as connection, pytest.raises(DBAPIError, match="nowhere"):
        missing.rows(connection, {})


def test_a_connection_that_dies_is_told_as_a_database_that_does_not_answer(
    database: Database,
) -> None:
    if database.is_sqlite:
        pytest.skip("there is no server that could go")
    with pytest.raises(DBAPIError) as failed:
        _ask_a_dead_server(database)
    assert is_unavailable(failed.value)
    with database.read() as connection:
        assert catalog_state_of(connection)


def _ask_a_dead_server(database: Database) -> None:
    with database.read() as connection:
        assert catalog_state_of(connection)
        with database.engine.connect() as other:
            other.execute(text(OTHERS))
        catalog_state_of(connection)


def test_a_locked_file_is_told_as_a_database_that_does_not_answer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'portal.db'}"
    one, other = open_database(url), open_database(url)
    event.listen(other.engine, "connect", lambda driver, _: driver.execute("PRAGMA busy_timeout=0"))
    with one.write(), pytest.raises(DBAPIError) as failed, other.write():
        pytest.fail("two writers at a time")
    assert is_unavailable(failed.value)
    one.close()
    other.close()
