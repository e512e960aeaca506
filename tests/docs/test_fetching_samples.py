"""Every example of how facts are fetched, run against answers of the form that the systems document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from portal.config import ConfiguredSource, Settings, load_settings
from portal.db.catalog import entities
from portal.db.collection import facts
from portal.db.sources import locations
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import fetching, jobs
from portal.worker.tools import Tools
from scorecards.facts import FactState, Known
from tests.docs.test_samples import ROOT, samples
from tests.plugins.webserver import WebServer, answer, serve_web

PAGE = ROOT / "docs" / "how-to" / "fetch-facts.md"

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  labels: {runtime: python, runtime-version: "3.11"}
  annotations:
    sonarqube.org/project-key: acme:shop
    argocd/app-name: shop-production
    snyk.io/project-id: 6d5813be-7e6d-4ab8-80c2-1e3e2a454545
    github.com/project-slug: acme/shop
spec: {type: service, lifecycle: production, owner: team-a}
"""

APPLICATION = {
    "metadata": {"name": "shop-production"},
    "status": {"sync": {"status": "Synced"}, "health": {"status": "Degraded"}},
}

ANSWERS: dict[str, object] = {
    "/api/measures/component": {
        "component": {
            "key": "acme:shop",
            "qualifier": "TRK",
            "measures": [{"metric": "coverage", "value": "81.5", "bestValue": False}],
        }
    },
    "/api/v1/applications": {"metadata": {}, "items": [APPLICATION]},
    "/api/v1/provisioning/alert-rules": [
        {"uid": "a", "title": "Errors", "labels": {"service": "shop"}, "isPaused": False},
        {"uid": "b", "title": "Latency", "labels": {"service": "shop"}, "isPaused": False},
        {"uid": "c", "title": "Old", "labels": {"service": "shop"}, "isPaused": True},
        {"uid": "d", "title": "Other", "labels": {}, "isPaused": False},
    ],
    "/rest/orgs/the-organization/issues": {
        "jsonapi": {"version": "1.0"},
        "data": [
            {"id": "1", "type": "issue", "attributes": {"ignored": False}},
            {"id": "2", "type": "issue", "attributes": {"ignored": True}},
        ],
    },
    "/api/v1/slo": {"data": [{"id": "x", "name": "Availability", "type": "metric"}], "errors": []},
    "/api/v1/products/python/releases/3.11": {
        "schema_version": "1.2.0",
        "result": {"name": "3.11", "isEol": False, "eolFrom": "2027-10-31"},
    },
    "/projects/github.com/acme/shop": {
        "date": "2026-02-23",
        "score": 7.4,
        "checks": [
            {"name": "Branch-Protection", "score": 8, "reason": "-"},
            {"name": "Code-Review", "score": 10, "reason": "-"},
        ],
    },
    "/api/tech-insights/facts/latest": {
        "entityOwnershipFactRetriever": {
            "timestamp": "2026-02-28T10:00:00.000+00:00",
            "version": "0.1.2",
            "facts": {"hasOwner": True, "hasGroupOwner": False},
        }
    },
}

EXPECTED = {
    "sonar.coverage": 81.5,
    "argo.synced": True,
    "argo.healthy": False,
    "grafana.alert_rules": 2,
    "snyk.critical": 1,
    "datadog.slos": 1,
    "eol.reached": False,
    "eol.from": "2027-10-31",
    "ossf.score": 7.4,
    "ossf.branch_protection": 8,
    "backstage.has_owner": True,
}

QUERIES = {
    "/api/measures/component": "component=acme%3Ashop",
    "/api/v1/slo": "tags_query=service:shop",
    "/api/tech-insights/facts/latest": "entity=Component:default/shop",
}


@pytest.fixture
def systems() -> Iterator[WebServer]:
    with serve_web() as server:
        for path, said in ANSWERS.items():
            server.replies[path] = answer(json.dumps(said).encode())
        yield server


def local(config: str, tmp_path: Path, systems: WebServer) -> Settings:
    """The settings of a sample, whose recipes ask `systems`."""
    file = tmp_path / "app-config.yaml"
    file.write_text(config)
    loaded = load_settings(configs=[file], environ={"HOME": str(tmp_path)})
    assert isinstance(loaded, Settings), loaded
    asking = []
    for recipe in loaded.recipes:
        here = recipe.url.replace(recipe.host, systems.url, 1)
        asking.append(replace(recipe, url=here))
    return replace(loaded, recipes=tuple(asking))


@contextmanager
def fetched(
    settings: Settings, descriptor: str, tmp_path: Path, database_url: str
) -> Iterator[tuple[Portal, Tools]]:
    """A portal that has read the descriptor and asked once for all that it fetches."""
    folder = tmp_path / "source" / "shop"
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(descriptor)
    source = ConfiguredSource("file", str(tmp_path / "source"), "command")
    portal = open_portal(
        replace(settings, database=database_url, data_dir=tmp_path / "data", sources=(source,))
    )
    with closing(Pool(1)) as pool, closing(portal.database):
        prepare(portal)
        tools = tools_of(portal, pool)
        with portal.database.read() as connection:
            (location,) = locations.list_locations(connection)
        for repository in jobs.list_repositories(tools, location.id):
            jobs.ingest(tools, location.id, repository)
        for one in tools.scheduled:
            fetching.fetch(tools, one.name)
        yield portal, tools


def states(portal: Portal, ref: str) -> dict[str, FactState]:
    """What was learned about an entity, by name of the fact."""
    with portal.database.read() as connection:
        row = entities.by_ref(connection, ref)
        assert row is not None
        records = facts.for_entity(connection, row.id)
    return {name: state for record in records for name, state in record.facts.items()}


def test_every_example_comes_to_the_facts_that_it_promises(
    tmp_path: Path, systems: WebServer, database_url: str
) -> None:
    found = [s.text for s in samples(PAGE) if s.language == "yaml"]
    settings = [local(text, tmp_path, systems) for text in found]
    together = replace(settings[0], recipes=tuple(r for one in settings for r in one.recipes))
    with fetched(together, DESCRIPTOR, tmp_path, database_url) as (portal, _):
        learned = states(portal, "component:default/shop")
    known = {
        name: state.value if isinstance(state, Known) else state for name, state in learned.items()
    }
    assert known == EXPECTED
    asked = {path.partition("?")[0]: path.partition("?")[2] for path, _ in systems.asked}
    assert asked.keys() == ANSWERS.keys()
    for path, query in QUERIES.items():
        assert query in asked[path]
