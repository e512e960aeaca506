from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from portal.db.engine import Database
from portal.db.migrations import current, head, migrate
from portal.db.tables import metadata


def test_a_new_database_is_brought_to_the_newest_schema(database: Database) -> None:
    assert current(database) == head()


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == (head(), head())


def test_the_migrations_make_exactly_the_tables_that_the_code_declares(database: Database) -> None:
    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []
