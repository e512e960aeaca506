import pytest
from sqlalchemy import bindparam, func, literal, select, text

from portal.db import engine
from portal.db.bulk import is_listed, listed
from portal.db.engine import Database
from portal.db.prepared import Prepared
from portal.db.state import catalog_state_of
from portal.db.tables import entities
from tests.catalog_rows import entity, save


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
    monkeypatch.setattr(engine, "TRUSTED", 0.0)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with database.read() as one, database.read() as other:
        assert catalog_state_of(one) == catalog_state_of(other)
    with database.engine.connect() as connection:
        connection.execute(text(others + " AND datname = current_database()"))
    with database.read() as one, database.read() as other:
        assert catalog_state_of(one) == catalog_state_of(other)
