"""What one process is told by a forge, the others know."""

import logging

import pytest

from plugins.budgets import Budget, Left
from plugins.web.limits import Limits
from portal.db.engine import Database
from portal.db.work import budgets
from portal.db.work.shared_budgets import LOOK, TELL, SharedBudgets


class Process:
    """The limits of a system, as one process knows them."""

    def __init__(self, database: Database, now: list[float]) -> None:
        shared = SharedBudgets(database, clock=lambda: now[0])
        self.limits = Limits(lambda: now[0], system="git.example.com", budgets=shared)

    def hears(self, remaining: int, *, reset: int) -> None:
        headers = {"limit": "100", "remaining": str(remaining), "reset": str(reset)}
        told = {f"x-ratelimit-{name}": value for name, value in headers.items()}
        self.limits.note(200, told)


def test_a_refusal_is_heard_by_all_at_once(database: Database) -> None:
    now = [1000.0]
    first, second = Process(database, now), Process(database, now)
    assert second.limits.wait() == 0
    first.limits.note(429, {"retry-after": "90"})
    now[0] += LOOK
    assert second.limits.wait() == 90 - LOOK
    assert second.limits.until() == 1090
    now[0] = 1090
    assert second.limits.wait() == 0


def test_what_is_left_is_told_every_few_seconds_and_the_least_counts(database: Database) -> None:
    now = [1000.0]
    first, second = Process(database, now), Process(database, now)
    first.hears(90, reset=1600)
    second.hears(80, reset=1600)
    now[0] += TELL
    first.hears(10, reset=1600)
    now[0] += LOOK
    assert second.limits.scarce(0.2) == 1600 - now[0]
    # The one that is behind takes nothing back.
    second.hears(70, reset=1600)
    now[0] += LOOK
    assert first.limits.scarce(0.2) > 0
    # With the next hour all of it is there again.
    now[0] = 1601
    second.hears(100, reset=5200)
    now[0] += LOOK
    assert first.limits.scarce(0.2) == second.limits.scarce(0.2) == 0


def test_what_is_over_is_forgotten(database: Database) -> None:
    with database.write() as connection:
        budgets.tell(connection, "a", Budget(left={"core": Left(0.5, 2000.0)}), now=1000)
        budgets.tell(connection, "b_%", Budget(until=1500.0), now=1000)
    with database.read() as connection:
        assert set(budgets.listed(connection)) == {"a", "b_%"}
    with database.write() as connection:
        budgets.tell(connection, "a", Budget(), now=3000)
    with database.read() as connection:
        assert budgets.listed(connection) == {"b_%": Budget(until=1500.0)}


def test_a_database_that_fails_is_no_reason_not_to_ask(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    now = [1000.0]
    process = Process(database, now)
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE meta RENAME TO gone")
    try:
        with caplog.at_level(logging.WARNING):
            process.limits.note(429, {"retry-after": "90"})
            assert process.limits.wait() == 90
        assert "could not be written" in caplog.text
        assert "could not be read" in caplog.text
    finally:
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO meta")
