"""Migrations: bring a database to this version's schema, all or nothing.

On SQLite too a migration is one transaction (the engine's own BEGIN IMMEDIATE), so that one which
is killed half-way leaves the old schema and can be repeated.
"""

from __future__ import annotations

from sqlalchemy import inspect, text

from portal.db.engine import Database

HEAD = "0010"
"""The newest revision that this version of the product knows."""


def migrate(database: Database) -> tuple[str | None, str]:
    """Migrate to the newest schema; returns the revisions before and after (None: was empty)."""
    before = current(database)
    if before != HEAD:
        # Alembic takes longer to import than most commands take: only where there is work for it.
        from portal.db.migrations.upgrading import upgrade

        upgrade(database)
    return before, HEAD


def current(database: Database) -> str | None:
    """The revision of the database's schema; None where there is none yet."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar()
        return found
