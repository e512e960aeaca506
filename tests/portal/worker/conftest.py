"""What jobs work with: children that all tests of a process share, and portals with a collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.contract import Plugin
from portal.config import ConfiguredSource, Settings
from portal.db.sources import locations
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare
from portal.worker import jobs
from portal.worker.assessment import assessing
from tests.portal.at_once import shared_pool
from tests.portal.worker.remote_calls import COMPONENT, Calls, World, WorldOf


@pytest.fixture(scope="session")
def pool() -> Pool:
    return shared_pool()


@pytest.fixture
def world_of(database_url: str, tmp_path: Path, pool: Pool) -> Iterator[WorldOf]:
    opened: list[Portal] = []

    def made(services: Mapping[str, str], collector: Calls) -> World:
        source = tmp_path / "source"
        source.mkdir()
        documents = [
            COMPONENT.replace("NAME", name).replace("CALL", call) for name, call in services.items()
        ]
        (source / "catalog-info.yaml").write_text("---\n".join(documents))
        settings = Settings(
            database=database_url,
            data_dir=tmp_path / "data",
            sources=(ConfiguredSource("file", str(source), "command"),),
        )
        portal = open_portal(settings)
        opened.append(portal)
        theirs = Plugin(name="calls", version="1", summary="x", remote_collectors=(collector,))
        portal = replace(portal, plugins=(*portal.plugins, theirs))
        prepare(portal)
        world = World(portal, pool)
        with portal.database.read() as connection:
            (location,) = locations.list_locations(connection)
        for repository in jobs.list_repositories(world.tools, location.id):
            jobs.ingest(world.tools, location.id, repository)
        while assessing.assess_round(world.tools):
            pass
        return world

    yield made
    for portal in opened:
        portal.database.close()
