"""Exchanges: what libpq is told by hand is what psycopg says, and found is what it finds."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from portal.db import exchange, patience
from portal.db.engine import Database, open_database
from portal.db.exchange import Looking, Unsent
from portal.db.patience import ANSWERING, HASTY, Silent
from tests.spare_databases import SpareDatabases

KEPT = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
def asked(spare_databases: SpareDatabases) -> Iterator[Database]:
    name = spare_databases.take()
    opened = open_database(spare_databases.server.format(name=name))
    yield opened
    opened.close()
    spare_databases.give_back(name)


@pytest.fixture
def looking(asked: Database) -> Iterator[Looking]:
    with asked.look_in_turn() as connection:
        driver: Any = connection.connection.driver_connection
        assert isinstance(driver, Looking)
        yield driver


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "plain"),
        ("text", ""),
        ("text", "é — \U0001f600 'quoted' \"twice\" \\ {a,b} %s $1"),
        ("text", None),
        ("integer", -7),
        ("bigint", 2**62),
        ("bigint", None),
        ("json", '{"a": [1, "\\u0000"]}'),
        ("bigint[]", [1, -2, 2**40]),
        ("bigint[]", []),
        ("text[]", ["", "null", 'a"b\\c', "{d,e}", " f ", "é"]),
    ],
)
def test_values_go_and_come_as_with_psycopg(looking: Looking, kind: str, value: Any) -> None:
    [expected] = looking.execute(f"SELECT %s::{kind}", [value]).fetchall()
    for _ in range(exchange.OFTEN + 3):  # before it is prepared, and after
        assert looking.exchange.rows(f"SELECT $1::{kind}", [value]) == [expected]


def test_rows_are_those_of_psycopg(looking: Looking) -> None:
    sql = """SELECT n, n::integer, sum(n) OVER (), n > 2, 'a' || n, convert_to('é' || n, 'UTF8'), NULL
        FROM generate_series(1, 4) AS n"""
    found = looking.exchange.rows(sql, [])
    assert found == looking.execute(sql).fetchall()
    assert [type(one) for one in found[0]] == [int, int, *map(type, found[0][2:])]
    assert looking.exchange.rows("SELECT 1 WHERE false", []) == []


@pytest.mark.parametrize("value", ["a\0b", ["a\0b"], 1.5, True, b"bytes", [None], [True]])
def test_what_it_cannot_send_is_not_sent(looking: Looking, value: Any) -> None:
    with pytest.raises(Unsent):
        looking.exchange.rows("SELECT $1::text", [value])
    assert looking.exchange.rows("SELECT 1", []) == [(1,)]


def test_long_values_and_answers_pass(looking: Looking) -> None:
    long = "x" * 3_000_000  # more than any socket takes at once
    [[found]] = looking.exchange.rows("SELECT $1::text || 'y'", [long])
    assert found == long + "y"


def test_what_is_asked_often_is_prepared_and_no_more_than_so_many(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> int:
        return int(looking.execute(KEPT, prepare=False).fetchall()[0][0])

    monkeypatch.setattr(exchange, "MOST", 3)
    for _ in range(exchange.OFTEN):
        looking.exchange.rows("SELECT 0", [])
    assert kept() == 0
    looking.exchange.rows("SELECT 0", [])
    assert kept() == 1
    for number in range(1, 6):
        for _ in range(exchange.OFTEN + 1):
            assert looking.exchange.rows(f"SELECT {number}", []) == [(number,)]
            assert looking.exchange.rows("SELECT 0", []) == [(0,)]
        assert kept() <= 3
    names = looking.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    assert ("SELECT 0",) in names  # what is asked all the time stays
    for number in range(100):
        looking.exchange.rows(f"SELECT {number} + 1", [])
    assert kept() <= 3


def test_what_the_server_refuses_is_raised_and_the_next_is_answered(looking: Looking) -> None:
    for _ in range(exchange.OFTEN + 3):
        with pytest.raises(psycopg.errors.DivisionByZero, match="division by zero"):
            looking.exchange.rows("SELECT 1 / $1::integer", [0])
        with pytest.raises(psycopg.errors.UndefinedTable):
            looking.exchange.rows("SELECT * FROM nowhere", [])
        assert looking.exchange.rows("SELECT 1 / $1::integer", [1]) == [(1,)]


@pytest.mark.parametrize("hasty", [True, False])
def test_nobody_waits_longer_than_his_patience(
    asked: Database, looking: Looking, hasty: bool
) -> None:
    mine = replace(HASTY if hasty else ANSWERING, silence=0.05)
    token = patience.patience.set(mine)
    began = time.monotonic()
    try:
        with pytest.raises(Silent):
            looking.exchange.rows("SELECT pg_sleep(3)", [])
    finally:
        patience.patience.reset(token)
    assert time.monotonic() - began < 2
    assert looking.closed
    assert asked.watch.is_silent is not hasty
    asked.watch.note(silent=False)


def test_a_connection_that_the_server_ends_is_told_so(asked: Database, looking: Looking) -> None:
    pid = looking.info.backend_pid
    with asked.engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(psycopg.OperationalError):
        looking.exchange.rows("SELECT 1", [])
    assert looking.closed
