"""Upgrading: the migrations that a database lacks, run by Alembic."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config

from portal.db.engine import Database


def upgrade(database: Database) -> None:
    """Run them in one transaction; none where another process was faster."""
    with database.write() as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def config() -> Config:
    """Where Alembic finds the migrations."""
    found = Config()
    found.set_main_option("script_location", str(files("portal.db") / "migrations"))
    found.set_main_option("path_separator", "os")
    return found
