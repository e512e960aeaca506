"""Fixtures of the store: both databases at once for its laws, and entities without marks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from portal.db.engine import Database, open_database
from portal.db.tables import unassessed
from tests.catalog_rows import entity, save
from tests.conftest import new_postgres_database


@pytest.fixture(scope="module")
def pair(
    postgres: str,
    migrated_file: Path,
    migrated_postgres: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Database]]:
    """A migrated database of each kind; laws empty them for each example."""
    file = tmp_path_factory.mktemp("pair") / "portal.db"
    shutil.copyfile(migrated_file, file)
    copy = new_postgres_database(postgres, migrated_postgres)
    found = [open_database(f"sqlite:///{file}"), open_database(copy)]
    yield found
    for database in found:
        database.close()


@pytest.fixture
def unmarked(database: Database) -> list[int]:
    """Entities of which none is marked."""
    save(database, *(entity(name) for name in "abcd"))
    with database.write() as connection:
        found = sorted(connection.execute(select(unassessed.c.entity_id)).scalars())
        connection.execute(delete(unassessed))
    return found
