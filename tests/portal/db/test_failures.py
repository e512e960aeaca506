"""Failures of the database: which of them another attempt may mend."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from portal.db.engine import Database, open_database
from portal.db.failures import is_unavailable
from portal.db.tables import pending
from tests.conftest import new_postgres_database
from tests.portal.processes import free_port


def failure(database: Database, statement: str = "") -> SQLAlchemyError:
    asked = text(statement) if statement else select(pending)
    with pytest.raises(SQLAlchemyError) as raised, database.read() as connection:
        connection.execute(asked)
    database.close()
    return raised.value


def test_a_server_that_is_away_may_be_back_later() -> None:
    assert is_unavailable(failure(open_database(f"postgresql://x@127.0.0.1:{free_port()}/x")))


def test_a_database_that_was_not_migrated_may_be_so_later(postgres: str) -> None:
    assert is_unavailable(failure(open_database(new_postgres_database(postgres))))


def test_a_statement_that_is_wrong_stays_wrong(database: Database) -> None:
    assert not is_unavailable(failure(database, "SELECT 1 +"))
