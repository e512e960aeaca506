"""Extent: how much room the database takes."""

from __future__ import annotations

from sqlalchemy import Connection, text


def database_bytes(connection: Connection) -> int:
    """Size of the database, without its write-ahead log."""
    if connection.dialect.name == "sqlite":
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        return int(pages * connection.execute(text("PRAGMA page_size")).scalar_one())
    size = text("SELECT pg_database_size(current_database())")
    return int(connection.execute(size).scalar_one())
