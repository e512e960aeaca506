"""What lasts is collected of many repositories at once, and one of them harms no other."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.sources import Failed, Repository, Snapshot
from plugins.contract import Known, Plugin
from portal.config import ConfiguredSource, Settings
from portal.db.catalog import entities
from portal.db.collection import documentation, facts
from portal.db.ingest import registrations
from portal.db.sources import locations
from portal.db.work import marks
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, store_of, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing, collecting
from portal.worker.children.tasks import Collected, Collection
from portal.worker.children.tasks import collect as collect_in_child
from portal.worker.tools import Tools
from scorecards.collection.stored_facts import pack_record

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec: {{type: service, lifecycle: production, owner: team}}
"""
CHILD = "tests.portal.worker.assessment.test_collecting"
NAMES = ("one", "two", "deadly", "three", "four")


def collect(task: Collection) -> Collected:
    """In a child, which one of the repositories kills."""
    if any(place.snapshot.repository.name == "deadly" for place in task.places):
        os.kill(os.getpid(), signal.SIGKILL)
    return collect_in_child(task)


class Deadly:
    """A pool whose children die of one repository when they collect."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self.size, self.asked = pool, pool.size, 0

    def submit(self, task: str, payload: Any, **how: Any) -> Future[Any]:
        if task == "portal.worker.children.tasks:collect":
            task, self.asked = f"{CHILD}:collect", self.asked + 1
        return self._pool.submit(task, payload, **how)


@pytest.fixture
def portal(database_url: str, tmp_path: Path) -> Iterator[Portal]:
    for name in NAMES:
        folder = tmp_path / "source" / name
        folder.mkdir(parents=True)
        (folder / "catalog-info.yaml").write_text(COMPONENT.format(name=name))
        (folder / "README.md").write_text(f"# {name}\n")
    settings = Settings(
        database=database_url,
        data_dir=tmp_path / "data",
        sources=(ConfiguredSource("file", str(tmp_path / "source"), "command"),),
    )
    portal = open_portal(settings)
    prepare(portal)
    yield portal
    portal.database.close()


def read(tools: Tools) -> None:
    for repository in jobs.list_repositories(tools, location(tools)):
        jobs.ingest(tools, location(tools), repository)


def location(tools: Tools) -> str:
    with tools.database.read() as connection:
        return locations.list_locations(connection)[0].id


def known(portal: Portal) -> dict[str, bool]:
    """By name of each component, whether facts of its files are known and its pages are read."""
    found = {}
    with portal.database.read() as connection:
        for name in NAMES:
            row = entities.by_ref(connection, f"component:default/{name}")
            assert row is not None
            records = facts.for_entities(connection, [row.id], ["repo"]).get(row.id, ())
            readme = records[0].facts["repo.readme.path"] if records else None
            pages = documentation.for_entity(connection, row.id)
            assert isinstance(readme, Known) == (pages is not None)
            found[name] = pages is not None
    return found


def test_one_over_which_children_die_keeps_nothing_from_the_others(
    portal: Portal, pool: Pool
) -> None:
    deadly = Deadly(pool)
    tools = replace(tools_of(portal, pool), pool=deadly)  # type: ignore[arg-type]
    read(tools)
    collecting.collect_within(tools, range(10_000))
    assert known(portal) == {name: name != "deadly" for name in NAMES}
    assert deadly.asked > 1
    # Nothing of it is lost for good: the assessment looks at each by itself.
    while assessing.assess_round(tools):
        pass
    with portal.database.read() as connection:
        assert marks.count_marks(connection) == 0


def test_what_is_believed_for_a_time_is_collected_again_after_it(
    portal: Portal, pool: Pool
) -> None:
    tools = tools_of(portal, pool)
    read(tools)
    while assessing.assess_round(tools):
        pass
    ends = tools.now() + timedelta(hours=1)
    with portal.database.write() as connection:
        row = entities.by_ref(connection, "component:default/one")
        assert row is not None
        (record,) = facts.for_entities(connection, [row.id], ["repo"])[row.id]
        facts.save(connection, [pack_record(replace(record, valid_until=ends))])

    def until() -> Any:
        with portal.database.write() as connection:
            marks.mark_one(connection, "component:default/one")
        while assessing.assess_round(tools):
            pass
        with portal.database.read() as connection:
            (record,) = facts.for_entities(connection, [row.id], ["repo"])[row.id]
        return record.valid_until

    assert until() == ends
    tools = replace(tools, now=lambda: ends + timedelta(seconds=1))
    assert until() is None, "as the collector says it"


class Strict:
    """A source that may not be asked any more."""

    name, checked = "strict", False

    def accepts(self, target: str) -> bool:
        return True

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        raise AssertionError("nobody may say any more with what this is read")


def test_nothing_is_read_of_a_location_that_is_gone(portal: Portal, pool: Pool) -> None:
    tools = tools_of(portal, pool)
    this = location(tools)
    found = jobs.list_repositories(tools, this)
    assert len(found) == len(NAMES)
    with portal.database.write() as connection:
        registrations.unregister(
            store_of(portal), connection, [this], now=portal.now(), actor="ann"
        )
    strict = Plugin(name="strict", version="1", summary="", sources=(Strict(),))  # type: ignore[arg-type]
    tools = replace(tools, plugins=(strict,))
    assert all(done.unchanged for _, done in jobs.ingest_all(tools, [(this, one) for one in found]))
