"""A check counts from its day on, in a portal that nobody touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.app import create_app
from portal.config import ConfiguredSource, Settings
from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.db.evaluation.results import StoredResult
from portal.db.sources import locations
from portal.db.work import marks
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import deadlines, jobs
from portal.worker.assessment import assessing
from portal.worker.tools import Tools

BEFORE = datetime(2030, 8, 31, 12, tzinfo=UTC)
AFTER = datetime(2030, 9, 1, 12, tzinfo=UTC)

BASKET = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: basket}
spec: {type: service, lifecycle: production, owner: team-a}
"""
SCORECARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: ours, title: Ours}
spec:
  checks:
    - id: typed
      title: It says its type
      level: Managed
      rule: catalog.type != ''
      why: w
      fix: f
    - id: tagged
      title: It has a tag
      level: Managed
      lifecycle: {stage: preview, from: 2030-09-01}
      rule: size(catalog.tags) > 0
      why: w
      fix: f
"""


@pytest.fixture
def portal(database_url: str, tmp_path: Path) -> Iterator[Portal]:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "catalog-info.yaml").write_text(BASKET)
    (tmp_path / "ours.yaml").write_text(SCORECARD)
    portal = open_portal(
        Settings(
            database=database_url,
            data_dir=tmp_path / "data",
            sources=(ConfiguredSource("file", str(tmp_path / "source"), "command"),),
            scorecards=(tmp_path / "ours.yaml",),
        )
    )
    yield replace(portal, now=lambda: BEFORE)
    portal.database.close()


def assess(tools: Tools) -> None:
    while assessing.assess_round(tools):
        pass


def stored(portal: Portal) -> StoredResult:
    with portal.database.read() as connection:
        row = entities.by_ref(connection, "component:default/basket")
        assert row is not None
        (found,) = [
            r for r in results.for_entity(connection, row.id) if r.result.scorecard == "ours"
        ]
    return found


def test_it_counts_when_its_day_has_come(portal: Portal, pool: Pool) -> None:
    prepare(portal)
    tools = tools_of(portal, pool)
    with portal.database.read() as connection:
        (location,) = locations.list_locations(connection)
    for repository in jobs.list_repositories(tools, location.id):
        jobs.ingest(tools, location.id, repository)
    assess(tools)
    assert not deadlines.meet(tools)
    early = stored(portal)
    assert [r.counts for r in early.result.results] == [True, False]
    assert early.result.proven == 3

    later = replace(tools, now=lambda: AFTER)
    assert deadlines.meet(later)
    assert not deadlines.meet(later)
    with portal.database.read() as connection:
        assert marks.count_marks(connection) == 1
    assess(later)
    found = stored(portal)
    assert [r.counts for r in found.result.results] == [True, True]
    assert found.result.proven == 0


def test_pages_and_api_say_from_when_on_it_counts(portal: Portal, pool: Pool) -> None:
    prepare(portal)
    tools = tools_of(portal, pool)
    with portal.database.read() as connection:
        (location,) = locations.list_locations(connection)
    for repository in jobs.list_repositories(tools, location.id):
        jobs.ingest(tools, location.id, repository)
    assess(tools)
    client = create_app(portal).test_client()
    page = client.get("/catalog/component/default/basket?tab=scorecards").get_data(as_text=True)
    assert "Will count from 2030-09-01" in page
    assert "1 of 1 met" in page
    said = client.get("/api/v1/entities/component/default/basket/scorecards").json
    (ours,) = [card for card in said if card["scorecard"] == "ours"]
    tagged = next(c for c in ours["checks"] if c["check"] == "tagged")
    assert (tagged["outcome"], tagged["counts"]) == ("fail", False)
    assert tagged["lifecycle"] == {"stage": "preview", "from": "2030-09-01"}
    assert (ours["passed"], ours["failed"]) == (1, 0)
    checks = client.get("/api/v1/scorecards/ours").json["checks"]
    assert [c["lifecycle"] for c in checks] == ["active", tagged["lifecycle"]]
    assert checks[1]["counts"]["failed"] == 1
