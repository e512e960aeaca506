"""Migrations: bring a database to this version's schema, all or nothing.

On SQLite too a migration is one transaction (the engine's own BEGIN IMMEDIATE), so that one which
is killed half-way leaves the old schema and can be repeated.
"""

from __future__ import annotations

from importlib.resources import files

from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from portal.db.engine import Database


def migrate(database: Database) -> tuple[str | None, str]:
    """Migrate to the newest schema; returns the revisions before and after (None: was empty)."""
    config = _config()
    with database.write() as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        config.attributes["connection"] = connection
        upgrade(config, "head")
    return before, head()


def current(database: Database) -> str | None:
    """The revision of the database's schema; None where there is none yet."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision that this version of the product knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("portal.db") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
