"""Fixtures of the web edge: a portal on an empty database, with the settings that a test wants."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.config import Settings
from portal.db.migrations import migrate
from portal.wiring import Portal, open_portal

MakePortal = Callable[..., Portal]


@pytest.fixture
def make_portal(tmp_path: Path) -> Iterator[MakePortal]:
    """Makes a portal on an empty SQLite database, with these settings."""
    opened: list[Portal] = []

    def make(**settings: Any) -> Portal:
        url = f"sqlite:///{tmp_path / f'edge{len(opened)}.db'}"
        portal = open_portal(
            Settings(**{"database": url, "data_dir": tmp_path / "data", **settings})
        )
        migrate(portal.database)
        opened.append(portal)
        return portal

    yield make
    for portal in opened:
        portal.database.close()
