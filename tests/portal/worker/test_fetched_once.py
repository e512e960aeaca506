"""Workers with copies of their own fetch each revision of a repository once, however they share the work."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal.config.settings import ConfiguredSource, Settings
from portal.db.sources import locations, repositories
from portal.db.work import claims, marks
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs, listings
from portal.worker.assessment import assessing, collecting
from portal.worker.holding import Holding
from portal.worker.requests import Lane, Requests, part_key
from portal.worker.tools import Tools
from tests.forge.running import RunningForge
from tests.portal.worker.forgesweeps import component, integration, provider

NAMES = ("shop", "cart", "site")


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    forge_process.reset()
    for name in NAMES:
        files = {"catalog-info.yaml": component(name), "README.md": f"# {name}\n"}
        forge_process.create(f"acme/{name}", files)
    return forge_process


@pytest.fixture
def workers(
    forge: RunningForge, database_url: str, tmp_path: Path, pool: Pool
) -> Iterator[tuple[Tools, Tools]]:
    """Two that have nothing in common but the database."""
    opened: list[Portal] = []
    for name in ("one", "two"):
        finder = provider("github", forge.host)
        settings = Settings(
            database=database_url,
            data_dir=tmp_path / name,
            integrations=(integration(forge.forge("github")),),
            providers=(finder,),
            sources=(ConfiguredSource("url", finder.target, "config"),),
            rules=(),
        )
        portal = open_portal(settings)
        opened.append(replace(portal, settings=replace(settings, rules=None)))
        prepare(opened[-1])
    one, two = (tools_of(portal, pool) for portal in opened)
    while assessing.assess_round(one):  # the entity of the location
        pass
    yield one, two
    for portal in opened:
        portal.database.close()


def test_what_one_reads_no_other_fetches_to_assess_it(
    workers: tuple[Tools, Tools], forge: RunningForge
) -> None:
    one, two = workers
    with one.database.read() as connection:
        (location,) = locations.list_locations(connection)
    found = jobs.list_repositories(one, location.id)
    (part,) = listings.parts_due(one, location.id)
    ids = repositories.part_of(part)
    holding = Holding(database=one.database, worker="one")
    key = part_key(location.id, part)
    assert requests_of(one).request(key, Lane.SWEEP)
    (claim,) = holding.claim([key])
    reading = [jobs.ingest(one, location.id, repository) for repository in found]
    assert [done.added for done in reading] == [1, 1, 1]
    assert assessing.assess_round(two) == 0, "it has not been collected yet"
    collecting.collect_within(one, ids)
    holding.settle(claim)
    while assessing.assess_round(two):
        pass
    assert fetched(forge) == dict.fromkeys(NAMES, 1)
    assert left(two) == 0


def test_a_reader_that_died_keeps_nobody_from_its_repositories(
    workers: tuple[Tools, Tools], forge: RunningForge
) -> None:
    one, two = workers
    with one.database.read() as connection:
        (location,) = locations.list_locations(connection)
    for repository in jobs.list_repositories(one, location.id):
        jobs.ingest(one, location.id, repository)
    key = part_key(location.id, 0)
    requests_of(one).request(key, Lane.SWEEP)
    (claim,) = Holding(database=one.database, worker="one").claim([key])
    assert assessing.assess_round(two) == 0
    with one.database.write() as connection:
        past = claims.clock(connection) - timedelta(seconds=1)
        connection.execute(claims.pending.update().values(leased_until=past))
        assert claims.held(connection, "one") == [replace(claim, former="")]
    assert assessing.assess_round(two) == len(NAMES)
    # What the dead one has fetched is where nobody else can read it.
    assert fetched(forge) == dict.fromkeys(NAMES, 2)


def requests_of(tools: Tools) -> Requests:
    return Requests(database=tools.database, now=tools.now, wake=lambda: None)


def fetched(forge: RunningForge) -> dict[str, int]:
    """How often each repository was asked for its files."""
    lines = [one["line"] for one in forge.asked() if one["kind"] == "git"]
    return Counter(re.findall(r"/acme/(\w+)\.git/git-upload-pack", "\n".join(lines)))


def left(tools: Tools) -> int:
    with tools.database.read() as connection:
        return marks.count_marks(connection)
