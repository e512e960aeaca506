"""The log of work: what happened, what is wrong, and nothing of what is as it was."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal import logs
from portal.config import ConfiguredSource, Settings
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker.engine import EngineSettings, launch
from portal.worker.requests import Lane, ingest_key
from tests.portal.processes import eventually
from tests.portal.worker.test_engine import kept
from tests.portal.worker.test_location_jobs import COMPONENT, write


class Watched:
    """A portal that works, and what it said."""

    def __init__(self, portal: Portal, location: str, said: list[str]) -> None:
        self.portal, self.location, self.said = portal, location, said

    def read(self) -> None:
        """Have its location read."""
        ticket = self.portal.work.request(ingest_key(self.location), Lane.PERSON)
        eventually(lambda: kept(self.portal, ticket), within=30)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    for name in ("basket", "orders"):
        write(tmp_path / "source" / name / "catalog-info.yaml", COMPONENT.format(name=name))
    settings = Settings(
        database=f"sqlite:///{tmp_path / 'portal.db'}",
        data_dir=tmp_path,
        sources=(ConfiguredSource("file", str(tmp_path / "source"), "command"),),
    )
    portal = open_portal(settings)
    (location,) = prepare(portal)
    pool, said = Pool(1), list[str]()
    engine = launch(
        tools_of(portal, pool),
        portal.work,
        EngineSettings(
            url=f"sqlite:///{tmp_path / 'jobs.db'}",
            executor="test",
            version="test",
            sweep=timedelta(hours=1),
        ),
        woken=portal.awake,
        report=said.append,
    )
    yield Watched(portal, location, said)
    engine.stop()
    pool.close()
    portal.database.close()


def test_what_changed_and_what_is_wrong_is_said_and_nothing_of_what_is_as_it_was(
    watched: Watched, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jobs: list[str] = []
    caplog.handler.addFilter(lambda _: jobs.append(logs.job.get()) or True)
    watched.read()
    assert {line for line in watched.said if "added" in line} == {
        "[1/2] basket: 1 added",
        "[2/2] orders: 1 added",
    }
    del watched.said[:]
    write(tmp_path / "source" / "orders" / "catalog-info.yaml", COMPONENT.format(name="invoices"))
    watched.read()
    assert [line for line in watched.said if line.startswith("[")] == [
        "[2/2] orders: 1 added, 1 removed"
    ]
    shutil.rmtree(tmp_path / "source")
    with caplog.at_level(logging.WARNING):
        watched.read()
    [record] = [record for record in caplog.records if "cannot be listed" in record.message]
    assert str(tmp_path / "source") in record.message
    assert ingest_key(watched.location) in jobs
