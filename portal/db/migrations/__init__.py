"""Migrations: bring a database to this version's schema, all or nothing.

On SQLite too a migration is one transaction (the engine's own BEGIN IMMEDIATE), so that one which
is killed half-way leaves the old schema and can be repeated.
"""

from __future__ import annotations

from sqlalchemy import inspect, text

from portal.db.engine import Database

HEAD = "0010"
"""The newest revision that this version of the product knows."""


class NewerSchema(Exception):
    """The database was migrated by a later version of the product than this one."""


def is_newer(revision: str | None) -> bool:
    """Whether a later version than this one made the schema. Revisions are numbers of one width."""
    return revision is not None and revision > HEAD


def migrate(database: Database) -> tuple[str | None, str]:
    """Migrate to the newest schema; returns the revisions before and after (None: was empty).

    Raises `NewerSchema`: there is no way back but a backup.
    """
    before = current(database)
    if is_newer(before):
        raise NewerSchema(
            f"its schema is {before}, of a later version; this one knows {HEAD}. Start the later version,"
            " or put a backup from before the update in its place"
        )
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
