from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from portal.db import values
from portal.db.engine import Database, open_database
from portal.db.migrations import HEAD, NewerSchema, current, migrate
from portal.db.migrations.upgrading import config
from portal.db.tables import metadata
from tests.conftest import new_postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database in which nothing is."""
    if request.param == "sqlite":
        opened = open_database(f"sqlite:///{tmp_path / 'portal.db'}")
    else:
        opened = open_database(new_postgres_database(request.getfixturevalue("postgres")))
    yield opened
    opened.close()


def test_a_new_database_is_brought_to_the_newest_schema(empty: Database) -> None:
    assert current(empty) is None
    assert migrate(empty) == (None, HEAD)
    assert current(empty) == HEAD


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == (HEAD, HEAD)


def test_a_database_of_a_later_version_is_left_as_it_is(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(NewerSchema, match=f"9000.*{HEAD}"):
        migrate(database)
    assert current(database) == "9000"


def test_the_newest_revision_is_that_of_the_newest_script() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


def test_the_migrations_make_exactly_the_tables_that_the_code_declares(database: Database) -> None:
    with database.read() as connection:
        assert _differences(connection) == []


def test_a_database_of_the_first_schema_keeps_what_it_holds(empty: Database) -> None:
    with empty.write() as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        values.put(connection, "kept", "as it was")
    assert migrate(empty) == ("0001", HEAD)
    with empty.read() as connection:
        assert values.get(connection, "kept") == "as it was"
        assert _differences(connection) == []


def _differences(connection: Connection) -> list[Any]:
    """What the tables that there are differ in from those that the code declares."""
    if connection.dialect.name == "postgresql":
        # SQLAlchemy reads the schema's own types as text.
        cast(Any, connection.connection.driver_connection).cursor_factory = psycopg.Cursor
    return cast(list[Any], compare_metadata(MigrationContext.configure(connection), metadata))
