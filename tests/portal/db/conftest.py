"""Fixtures of the store's laws, which hold on both databases at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db.engine import Database, open_database
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
