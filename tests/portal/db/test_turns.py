"""Reads in turn: on SQLite a few at a time, and nobody else waits for them; and looks of one statement."""

import threading
from typing import cast

import pytest
from psycopg import Connection
from psycopg.pq import TransactionStatus
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from portal.db import engine
from portal.db.catalog.answerable import look_up
from portal.db.engine import Database
from portal.db.prepared import execute
from portal.db.state import catalog_state_of, state_of
from tests.catalog_rows import entity, save

EVERYBODY = 6


def test_a_few_read_in_turn_and_the_others_come_after_them(database: Database) -> None:
    at_once = engine.READERS if database.is_sqlite else EVERYBODY
    inside, most, lock = 0, 0, threading.Lock()
    full, go = threading.Event(), threading.Event()

    def read() -> None:
        nonlocal inside, most
        with database.read_in_turn():
            with lock:
                inside += 1
                most = max(most, inside)
                if inside == at_once:
                    full.set()
            go.wait(30)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=read) for _ in range(EVERYBODY)]
    for thread in threads:
        thread.start()
    assert full.wait(30)
    with database.read() as connection:  # health, pages and long reports take no turn
        assert state_of(connection)
    go.set()
    for thread in threads:
        thread.join()
    assert most == at_once


def test_a_look_is_one_statement_without_a_transaction(database: Database) -> None:
    save(database, entity("web"))
    with database.read() as connection:
        state = catalog_state_of(connection)
    with database.look_in_turn() as connection:
        found = look_up(connection, "component:default/web")
        driver = connection.connection.driver_connection
        assert driver is not None
        if database.is_sqlite:
            assert not driver.in_transaction
        else:
            assert cast(Connection, driver).info.transaction_status is TransactionStatus.IDLE
    assert found is not None
    assert (found[0], found[1].ref) == (state, "component:default/web")


def test_each_glance_sees_what_there_is_without_a_transaction(database: Database) -> None:
    save(database, entity("web"))
    with database.glance_in_turn() as connection:
        before = catalog_state_of(connection)
        assert look_up(connection, "component:default/pay") is None
        save(database, entity("pay"), path="pay.yaml")
        assert look_up(connection, "component:default/pay") is not None
        assert catalog_state_of(connection) != before
        driver = connection.connection.driver_connection
        assert driver is not None
        if database.is_sqlite:
            assert not driver.in_transaction
        else:
            assert cast(Connection, driver).info.transaction_status is TransactionStatus.IDLE


def test_looks_are_planned_once_and_all_else_for_its_values(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("it plans when a statement is written")
    asked = text("SHOW plan_cache_mode")
    with database.read() as one, database.look_in_turn() as other:
        assert one.execute(asked).scalar_one() == "force_custom_plan"
        assert other.execute(asked).scalar_one() == "force_generic_plan"
    with database.glance_in_turn() as connection:
        for looks, mode in ((False, "force_custom_plan"), (True, "force_generic_plan")):
            assert execute(connection, str(asked), looks=looks).fetchall() == [(mode,)]


def test_a_look_finds_nothing_where_there_is_nothing(database: Database) -> None:
    with database.look_in_turn() as connection:
        assert look_up(connection, "component:default/web") is None
        assert look_up(connection, "component:default/nul\0") is None


def test_a_look_over_a_lost_connection_fails_quietly_and_the_next_one_has_another(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    if database.is_sqlite:
        pytest.skip("there is no connection that could be lost")
    save(database, entity("web"))

    def look_and_lose() -> None:
        with database.look_in_turn() as connection:
            pid = cast(Connection, connection.connection.driver_connection).info.backend_pid
            with database.read() as other:
                other.execute(select(func.pg_terminate_backend(pid)))
            look_up(connection, "component:default/web")

    with pytest.raises(OperationalError):
        look_and_lose()
    assert caplog.records == []
    with database.look_in_turn() as connection:
        assert look_up(connection, "component:default/web") is not None
