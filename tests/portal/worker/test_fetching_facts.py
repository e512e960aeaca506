"""Facts of other systems: fetched when they are due, kept while they are believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from portal.app import create_app
from portal.config import ConfiguredSource, Settings
from portal.db.catalog import entities
from portal.db.collection import facts, fetched
from portal.db.sources import locations
from portal.db.work import marks, pending
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import fetching, jobs
from portal.worker.assessment import assessing
from scorecards.collection.pushed import Declared
from scorecards.collection.recipes import FetchedFact, Further, Recipe
from scorecards.facts import (
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    Known,
    Missing,
    Unknown,
)
from tests.plugins.webserver import Reply, WebServer, answer, serve_web

CARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: live, title: Live}
spec:
  checks:
    - {id: synced, title: Synced, level: Managed, rule: argo.synced, why: W., fix: F.}
"""
COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME, annotations: {ANNOTATION}}
spec: {type: service, lifecycle: production, owner: team-a}
"""
APP = "entity.metadata.annotations['argocd/app']"
EVERY = timedelta(minutes=15)


@pytest.fixture
def system() -> Iterator[WebServer]:
    with serve_web() as server:
        yield server


class Clock:
    """A time that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class World:
    """A portal of two components, of which one says what it is called in the other system."""

    def __init__(self, portal: Portal, pool: Pool) -> None:
        self.clock = Clock(portal.now())
        self.portal = replace(portal, now=self.clock)
        self.tools = tools_of(self.portal, pool)

    def later(self, **time: float) -> None:
        self.clock.now += timedelta(**time)

    def fetch(self) -> int:
        """What the engine would do now; returns how many entities it makes a difference to."""
        for key in fetching.due(self.tools):
            fetching.fetch(self.tools, key.removeprefix("fetch:"))
        with self.portal.database.read() as connection:
            return marks.count_marks(connection)

    def assess(self) -> None:
        while assessing.assess_round(self.tools):
            pass

    def record(self, name: str) -> FactRecord | None:
        with self.portal.database.read() as connection:
            row = entities.by_ref(connection, f"component:default/{name}")
            assert row is not None
            found = {one.collector: one for one in facts.for_entity(connection, row.id)}
        return found.get("argo")

    def state(self, name: str) -> FactState:
        record = self.record(name)
        assert record is not None
        return record.facts["argo.synced"]

    def outcome(self, name: str) -> str:
        client = create_app(self.portal).test_client()
        cards = client.get(f"/api/v1/entities/component/default/{name}/scorecards").json
        (card,) = [one for one in cards if one["scorecard"] == "live"]
        outcome: str = card["checks"][0]["outcome"]
        return outcome

    def run(self) -> fetched.Fetch:
        with self.portal.database.read() as connection:
            return fetched.listed(connection)["argo"]


@pytest.fixture
def make(
    database_url: str, tmp_path: Path, pool: Pool, system: WebServer
) -> Iterator[Callable[..., World]]:
    opened: list[Portal] = []
    for name, annotation in (("basket", "argocd/app: shop/basket"), ("orders", "other: x")):
        folder = tmp_path / "source" / name
        folder.mkdir(parents=True)
        text = COMPONENT.replace("NAME", name).replace("ANNOTATION", annotation)
        (folder / "catalog-info.yaml").write_text(text)
    (tmp_path / "live.yaml").write_text(CARD)

    def made(**changes: Any) -> World:
        settings = Settings(
            database=database_url,
            data_dir=tmp_path / "data",
            sources=(ConfiguredSource("file", str(tmp_path / "source"), "command"),),
            scorecards=(tmp_path / "live.yaml",),
            recipes=(recipe(system, **changes),),
        )
        portal = open_portal(settings)
        opened.append(portal)
        prepare(portal)
        world = World(portal, pool)
        with portal.database.read() as connection:
            (location,) = locations.list_locations(connection)
        for repository in jobs.list_repositories(world.tools, location.id):
            jobs.ingest(world.tools, location.id, repository)
        world.assess()
        return world

    yield made
    for portal in opened:
        portal.database.close()


def recipe(system: WebServer, **changes: Any) -> Recipe:
    schema = FactSchema(name="argo.synced", type=FactType.BOOL, description="x", when_absent=False)
    fact = FetchedFact(
        declared=Declared(schema=schema, ttl=timedelta(hours=2)), value="answer.status == 'Synced'"
    )
    one = Recipe(
        name="argo",
        url=f"{system.url}/apps/{{{APP}}}?key=secret",
        headers=(("Authorization", "Bearer a-secret"),),
        every=EVERY,
        kinds=("component",),
        facts=(fact,),
    )
    return replace(one, **changes)


def says(value: Any) -> Reply:
    return answer(json.dumps(value).encode())


def test_each_entity_that_is_known_there_is_asked_about(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make()
    assert world.outcome("basket") == "unknown"
    system.replies["/apps/shop%2Fbasket"] = says({"status": "Synced"})
    assert world.fetch() == 2
    assert [path for path, _ in system.asked] == ["/apps/shop%2Fbasket?key=secret"]
    assert system.asked[0][1]["authorization"] == "Bearer a-secret"
    record = world.record("basket")
    assert record is not None
    assert record.facts == {"argo.synced": Known(value=True)}
    # Where it is from is said, without what may be a key.
    assert record.url == f"{system.url}/apps/shop%2Fbasket"
    assert record.valid_until == world.clock.now + timedelta(hours=2)
    assert world.state("orders") == FailedFact(
        reason=Unknown.NOT_CONFIGURED, detail=f"`{APP}` says nothing."
    )
    world.assess()
    assert (world.outcome("basket"), world.outcome("orders")) == ("pass", "unknown")
    run = world.run()
    assert (run.entities, run.failed, run.problem) == (2, 0, None)


def test_it_is_asked_again_when_it_is_due_and_marks_what_changed(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make()
    system.replies["/apps/shop%2Fbasket"] = says({"status": "Synced"})
    world.fetch()
    world.assess()
    assert world.fetch() == 0
    assert len(system.asked) == 1
    world.later(minutes=15)
    assert world.fetch() == 0
    assert len(system.asked) == 2
    record = world.record("basket")
    assert record is not None
    assert record.valid_until == world.clock.now + timedelta(hours=2)
    world.later(minutes=15)
    system.replies["/apps/shop%2Fbasket"] = says({"status": "OutOfSync"})
    assert world.fetch() == 1
    world.assess()
    assert world.outcome("basket") == "fail"


def test_what_failed_does_not_replace_what_is_still_believed(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make()
    system.replies["/apps/shop%2Fbasket"] = says({"status": "Synced"})
    world.fetch()
    system.replies["/apps/shop%2Fbasket"] = answer(status=500)
    world.later(minutes=15)
    world.fetch()
    assert world.state("basket") == Known(value=True)
    run = world.run()
    assert (run.entities, run.failed) == (2, 1)
    assert run.problem is not None
    assert run.problem.code == "UPSTREAM_ERROR"
    world.later(hours=3)
    world.fetch()
    state = world.state("basket")
    assert isinstance(state, FailedFact)
    assert state.reason is Unknown.SOURCE_FAILED
    world.assess()
    assert world.outcome("basket") == "unknown"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(status=404), Missing),
        (answer(status=401), Unknown.NOT_PERMITTED),
        (answer(status=403), Unknown.NOT_PERMITTED),
        (answer(status=500), Unknown.SOURCE_FAILED),
        (answer(b"<html>"), Unknown.SOURCE_FAILED),
        (answer(b"{}"), Missing),
        (answer(b'{"status": null}'), False),
    ],
)
def test_why_a_fact_is_not_known_is_told_apart(
    make: Callable[..., World], system: WebServer, reply: Reply, expected: Any
) -> None:
    world = make()
    system.replies["/apps/shop%2Fbasket"] = reply
    world.fetch()
    state = world.state("basket")
    match state:
        case FailedFact(reason=reason):
            assert reason is expected
        case Missing():
            assert expected is Missing
        case Known(value=value):
            assert value is expected


def test_a_system_that_asks_for_patience_is_not_asked_further(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make(url=f"{system.url}/apps/{{entity.metadata.name}}")
    asked = []

    def enough(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        answer(status=429, headers={"Retry-After": "600"})(handler)

    system.replies["/apps/basket"] = system.replies["/apps/orders"] = enough
    world.fetch()
    assert world.run().problem is not None
    world.fetch()
    assert len(asked) <= 2
    state = world.state("orders")
    assert isinstance(state, FailedFact)


def test_after_a_limit_a_run_goes_on_with_whom_it_had_not_come_to(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make(url=f"{system.url}/apps/{{entity.metadata.name}}")
    for name in ("basket", "orders"):
        system.replies[f"/apps/{name}"] = says({"status": "Synced"})
    system.replies["/apps/orders"] = answer(status=429, headers={"Retry-After": "600"})
    world.fetch()
    run = world.run()
    assert run.until is not None
    assert timedelta(minutes=9) < run.until - world.clock.now <= timedelta(minutes=10)
    system.replies["/apps/orders"] = says({"status": "Synced"})
    world.later(minutes=9)
    assert fetching.due(world.tools) == []
    system.asked.clear()
    world.later(minutes=2)
    world.fetch()
    assert [path for path, _ in system.asked] == ["/apps/orders"]
    assert world.state("orders") == Known(value=True)
    assert (world.run().entities, world.run().problem) == (2, None)


def test_who_comes_or_changes_is_asked_about_before_the_next_run(
    make: Callable[..., World], system: WebServer, tmp_path: Path
) -> None:
    world = make(every=timedelta(days=1))
    system.replies["/apps/shop%2Fbasket"] = says({"status": "Synced"})
    system.replies["/apps/shop%2Forders"] = says({"status": "Synced"})
    world.fetch()
    assert fetching.due(world.tools) == []
    file = tmp_path / "source" / "orders" / "catalog-info.yaml"
    file.write_text(file.read_text().replace("other: x", "argocd/app: shop/orders"))
    with world.portal.database.read() as connection:
        (location,) = locations.list_locations(connection)
    for repository in jobs.list_repositories(world.tools, location.id):
        jobs.ingest(world.tools, location.id, repository)
    assert fetching.due(world.tools) == []
    world.later(minutes=1)
    assert fetching.due(world.tools) == ["fetch:argo:changed"]
    orders = system.replies["/apps/shop%2Forders"]
    system.replies["/apps/shop%2Forders"] = answer(status=429, headers={"Retry-After": "1"})
    world.fetch()
    # What was not learned is still to be learned, though not at once.
    assert fetching.due(world.tools) == []
    world.later(minutes=1)
    assert fetching.due(world.tools) == ["fetch:argo:changed"]
    system.replies["/apps/shop%2Forders"] = orders
    system.asked.clear()
    world.fetch()
    assert [path.partition("?")[0] for path, _ in system.asked] == ["/apps/shop%2Forders"]
    assert world.state("orders") == Known(value=True)
    assert fetching.due(world.tools) == []
    assert world.run().entities == 2
    world.later(minutes=2)
    assert fetching.due(world.tools) == []


def test_one_answer_with_a_list_is_enough_for_all(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make(
        url=f"{system.url}/apps",
        items="items",
        item_key="item.name",
        entity_key=APP,
        facts=(replace(recipe(system).facts[0], value="item.status == 'Synced'"),),
    )
    items = [{"name": "shop/basket", "status": "Synced"}, {"name": "x", "status": "Synced"}]
    system.replies["/apps"] = says({"items": items})
    world.fetch()
    assert [path for path, _ in system.asked] == ["/apps"]
    assert world.state("basket") == Known(value=True)
    assert isinstance(world.state("orders"), FailedFact)
    system.replies["/apps"] = says({"items": items[1:]})
    world.later(minutes=15)
    world.fetch()
    assert world.state("basket") == Missing(looked_for="an item `shop/basket`")
    system.replies["/apps"] = answer(b"no JSON")
    world.later(minutes=15)
    world.fetch()
    problem = world.run().problem
    assert problem is not None
    assert problem.code == "ANSWER_NOT_UNDERSTOOD"


def test_a_list_that_is_not_there_says_nothing_about_anybody(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make(url=f"{system.url}/gone", items="items", item_key="item.name")
    world.fetch()
    for name in ("basket", "orders"):
        state = world.state(name)
        assert isinstance(state, FailedFact)
        assert state.reason is Unknown.SOURCE_FAILED


def test_no_answer_leads_to_another_host(make: Callable[..., World], system: WebServer) -> None:
    world = make()
    with serve_web() as other:
        system.replies["/apps/shop%2Fbasket"] = answer(
            status=302, headers={"Location": f"{other.url}/x"}
        )
        other.replies["/x"] = says({"status": "Synced"})
        world.fetch()
        assert other.asked == []
    assert isinstance(world.state("basket"), FailedFact)


def further(system: WebServer) -> dict[str, Any]:
    (fact,) = recipe(system).facts
    value = "answers.sync.status == 'Synced'"
    url = f"{system.url}/apps/{{{APP}}}"
    then = (Further(name="sync", path="/syncs/{answer.sync}"),)
    return {"url": url, "then": then, "facts": (replace(fact, value=value),)}


def test_a_further_request_is_made_of_the_answer_before_it(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make(**further(system))
    system.replies["/apps/shop%2Fbasket"] = says({"sync": "s/1"})
    world.fetch()
    # What the answer leads to is not there: looked for, and missing.
    assert world.state("basket") == Missing(looked_for="answers.sync.status == 'Synced'")
    system.replies["/syncs/s%2F1"] = says({"status": "Synced"})
    world.later(minutes=15)
    world.fetch()
    assert world.state("basket") == Known(value=True)
    assert [path for path, _ in system.asked[-2:]] == ["/apps/shop%2Fbasket", "/syncs/s%2F1"]
    assert all(headers["authorization"] == "Bearer a-secret" for _, headers in system.asked)
    record = world.record("basket")
    assert record is not None
    assert record.url == f"{system.url}/apps/shop%2Fbasket"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(answer(status=500), Unknown.SOURCE_FAILED), (answer(status=403), Unknown.NOT_PERMITTED)],
)
def test_a_further_request_that_fails_is_a_failure_and_no_absence(
    make: Callable[..., World], system: WebServer, reply: Reply, reason: Unknown
) -> None:
    world = make(**further(system))
    system.replies["/apps/shop%2Fbasket"] = says({"sync": "s"})
    system.replies["/syncs/s"] = reply
    world.fetch()
    found = world.state("basket")
    assert isinstance(found, FailedFact)
    assert found.reason is reason
    assert world.run().failed == 1


def test_who_waits_in_the_middle_is_asked_about_anew(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make(**further(system))
    system.replies["/apps/shop%2Fbasket"] = says({"sync": "s"})
    system.replies["/syncs/s"] = answer(status=429, headers={"Retry-After": "60"})
    world.fetch()
    assert world.run().place is not None
    system.replies["/syncs/s"] = says({"status": "Synced"})
    world.later(seconds=61)
    world.fetch()
    assert world.state("basket") == Known(value=True)


def test_what_is_posted_comes_with_its_type_and_headers(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make(url=f"{system.url}/query", body=f"{{'app': {APP}}}")
    system.replies["/query"] = says({"status": "Synced"})
    world.fetch()
    assert system.posted == [b'{"app":"shop/basket"}']
    ((_, headers),) = system.asked
    assert headers["content-type"] == "application/json"
    assert headers["authorization"] == "Bearer a-secret"
    assert world.state("basket") == Known(value=True)


def test_others_may_not_push_what_the_portal_fetches(make: Callable[..., World]) -> None:
    world = make()
    client = create_app(world.portal).test_client()
    item = {"entity": "basket", "facts": {"argo.synced": True}}
    pushed = client.post("/api/v1/facts", json={"items": [item]})
    assert pushed.json is not None
    assert pushed.json["items"][0]["problems"][0]["code"] == "FACT_UNDECLARED"


def test_how_it_went_is_told_and_it_can_be_asked_for(
    make: Callable[..., World], system: WebServer
) -> None:
    world = make()
    client = create_app(world.portal).test_client()

    def told() -> Any:
        return client.get("/api/v1/fetches").json["items"][0]

    assert (told()["name"], told()["every"], told()["beganAt"]) == ("argo", 900, None)
    system.replies["/apps/shop%2Fbasket"] = answer(status=403)
    world.fetch()
    assert (told()["entities"], told()["failed"]) == (2, 1)
    assert told()["problem"]["message"]
    assert client.post("/api/v1/fetches/nothing").status_code == 404
    assert client.post("/api/v1/fetches/argo").status_code == 202
    with world.portal.database.read() as connection:
        assert "fetch:argo" in {one.key for one in pending.waiting(connection)}
