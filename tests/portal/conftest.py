"""Fixtures of the web edge: a portal on an empty database, with the settings that a test wants."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.config import Settings
from portal.wiring import Portal, open_portal

MakePortal = Callable[..., Portal]


@pytest.fixture
def make_portal(tmp_path: Path, migrated_file: Path) -> Iterator[MakePortal]:
    """Makes a portal on an empty SQLite database, with these settings."""
    opened: list[Portal] = []

    def make(**settings: Any) -> Portal:
        file = tmp_path / f"edge{len(opened)}.db"
        shutil.copyfile(migrated_file, file)
        where = {"database": f"sqlite:///{file}", "data_dir": tmp_path / "data"}
        portal = open_portal(Settings(**{**where, **settings}))
        opened.append(portal)
        return portal

    yield make
    for portal in opened:
        portal.database.close()
