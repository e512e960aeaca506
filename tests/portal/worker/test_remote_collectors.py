"""Remote collectors: each subject is asked about once, and a run goes on where a limit stopped it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import pytest

from catalog.problems import JsonValue
from plugins.contract import (
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    Known,
    Observation,
    Observed,
    Paused,
    Plugin,
    Problem,
    RemoteSubject,
    Unknown,
)
from portal.app import create_app
from portal.config import ConfiguredSource, Settings
from portal.db import entities, facts, fetched, locations, marks
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import assessing, fetching, jobs

SERVICES = 250
"""More than are asked about between two commits."""

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME, annotations: {call: CALL}}
spec: {type: service, lifecycle: production, owner: team-a}
"""


def schema(name: str) -> FactSchema:
    return FactSchema(name=name, type=FactType.INT, description="x", when_absent=0)


@dataclass
class Calls:
    """A collector as somebody else writes one: who is on call in two systems."""

    name: str = "calls"
    version: str = "1"
    schemas: tuple[FactSchema, ...] = (schema("oncall.people"), schema("alerts.open"))
    kinds: tuple[str, ...] = ("component",)
    every: timedelta = timedelta(hours=6)
    ttl: timedelta = timedelta(hours=24)
    systems: tuple[str, ...] = ("east", "west")
    asked: list[str] = field(default_factory=list)
    left: int = 1_000_000
    """Questions that it answers before a limit."""
    down: set[str] = field(default_factory=set)
    """Systems that keep failing."""
    states: dict[str, FactState] = field(default_factory=dict)
    guard: Lock = field(default_factory=Lock)

    def subject_of(self, entity: Mapping[str, JsonValue]) -> RemoteSubject | FailedFact:
        metadata = entity["metadata"]
        assert isinstance(metadata, dict)
        annotations = metadata["annotations"]
        assert isinstance(annotations, dict)
        system, _, name = str(annotations["call"]).partition("/")
        if not name:
            return FailedFact(reason=Unknown.NOT_CONFIGURED, detail="Nobody is named.")
        return RemoteSubject(system=system, name=name)

    def observe(self, subject: RemoteSubject, *, now: datetime) -> Observed:
        with self.guard:
            if subject.system in self.down:
                return Paused(problem=Problem(code="UPSTREAM_PAUSED", message="It is down."))
            if not self.left:
                problem = Problem(code="RATE_LIMITED", message="That is enough.")
                return Paused(problem=problem, wait=timedelta(minutes=30))
            self.left -= 1
            self.asked.append(subject.name)
            states = {one.name: Known(value=len(subject.name)) for one in self.schemas}
            return Observation(facts={**states, **self.states}, url=f"https://{subject.system}/x")


class World:
    """A portal with such a collector, whose clock a test sets."""

    def __init__(self, portal: Portal, pool: Pool) -> None:
        self.now = portal.now()
        self.portal = replace(portal, now=lambda: self.now)
        self.tools = tools_of(self.portal, pool)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def fetch(self) -> list[str]:
        """Do what is due; returns what that was."""
        keys = fetching.due(self.tools)
        for key in keys:
            fetching.fetch(self.tools, key.removeprefix("fetch:"))
        return keys

    def record(self, name: str, collector: str) -> FactRecord | None:
        with self.portal.database.read() as connection:
            row = entities.by_ref(connection, f"component:default/{name}")
            assert row is not None
            found = {one.collector: one for one in facts.for_entity(connection, row.id)}
        return found.get(collector)

    def run(self, system: str) -> fetched.Fetch:
        with self.portal.database.read() as connection:
            return fetched.listed(connection)[f"calls@{system}"]


@pytest.fixture
def make(
    database_url: str, tmp_path: Path, pool: Pool
) -> Iterator[Callable[[Mapping[str, str], Calls], World]]:
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


Make = Callable[[Mapping[str, str], Calls], World]


def test_what_several_entities_share_is_asked_about_once(make: Make) -> None:
    services = {f"part{n}": "east/monorepo" for n in range(SERVICES)}
    calls = Calls()
    world = make({**services, "lone": "west/lone", "none": "x"}, calls)
    world.fetch()
    assert sorted(calls.asked) == ["lone", "monorepo"]
    for name in ("part0", f"part{SERVICES - 1}"):
        record = world.record(name, "oncall")
        assert record is not None
        assert record.facts == {"oncall.people": Known(value=8)}
        assert (record.url, record.version) == ("https://east/x", "1")
        assert record.valid_until == world.now + timedelta(hours=24)
    none = world.record("none", "alerts")
    assert none is not None
    assert none.valid_until is None
    assert [world.run(system).entities for system in calls.systems] == [SERVICES, 1]
    assert world.fetch() == []
    world.later(hours=6)
    world.fetch()
    assert len(calls.asked) == 4


def test_a_run_goes_on_where_a_limit_stopped_it(make: Make) -> None:
    calls = Calls(left=120)
    world = make({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
    assert "fetch:calls@east" in world.fetch()
    run = world.run("east")
    assert (run.entities, run.failed, run.until) == (120, 0, world.now + timedelta(minutes=30))
    assert run.problem is not None
    assert run.problem.code == "RATE_LIMITED"
    calls.left = 1000
    world.later(minutes=29)
    assert world.fetch() == []
    world.later(minutes=1)
    assert world.fetch() == ["fetch:calls@east"]
    # Each has had its turn, and none of the first ones twice.
    assert len(calls.asked) == len(set(calls.asked)) == SERVICES
    run = world.run("east")
    assert (run.entities, run.place, run.until, run.problem) == (SERVICES, None, None, None)
    assert world.fetch() == []


def test_a_limit_that_is_lower_than_the_catalog_is_large_starves_nobody(make: Make) -> None:
    calls = Calls(every=timedelta(minutes=40))
    world = make({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
    for _ in range(5):
        calls.left = 60
        world.fetch()
        world.later(minutes=30)
    assert len(set(calls.asked)) == SERVICES


def test_a_process_that_is_killed_leaves_the_place_behind(make: Make) -> None:
    calls = Calls()
    world = make({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
    observe, dead = calls.observe, False

    def killed(subject: RemoteSubject, *, now: datetime) -> Observed:
        if dead or len(calls.asked) >= 150:
            raise KeyboardInterrupt
        return observe(subject, now=now)

    calls.observe = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        fetching.fetch(world.tools, "calls@east")
    calls.observe = observe  # type: ignore[method-assign]
    calls.asked.clear()
    fetching.fetch(world.tools, "calls@east")
    assert len(calls.asked) == SERVICES - 140
    assert world.run("east").entities == SERVICES


def test_a_portal_that_ends_goes_on_when_it_starts_again(make: Make) -> None:
    calls = Calls()
    world = make({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
    fetching.fetch(world.tools, "calls@east", stopping=lambda: True)
    assert 0 < len(calls.asked) < SERVICES
    assert "fetch:calls@east" in world.fetch()
    assert len(calls.asked) == len(set(calls.asked)) == SERVICES
    assert world.run("east").entities == SERVICES
    assert world.fetch() == []


def test_a_system_that_is_down_keeps_no_other_waiting(make: Make) -> None:
    calls = Calls(down={"west"})
    world = make({"a": "west/a", "b": "east/b"}, calls)
    world.fetch()
    assert world.record("b", "oncall") is not None
    assert world.record("a", "oncall") is None
    assert (world.run("east").problem, world.run("east").place) == (None, None)
    run = world.run("west")
    assert run.problem is not None
    assert run.problem.code == "UPSTREAM_PAUSED"
    calls.down.clear()
    world.later(minutes=1)
    assert world.fetch() == ["fetch:calls@west"]
    assert world.record("a", "oncall") is not None


def test_a_namespace_of_which_nothing_was_learned_keeps_what_it_has(make: Make) -> None:
    calls = Calls()
    world = make({"a": "east/a"}, calls)
    world.fetch()
    refused = FailedFact(reason=Unknown.NOT_PERMITTED, detail="No.")
    calls.states = {"alerts.open": refused, "oncall.people": Known(value=7)}
    world.later(hours=6)
    world.fetch()
    alerts, oncall = world.record("a", "alerts"), world.record("a", "oncall")
    assert alerts is not None
    assert oncall is not None
    assert alerts.facts == {"alerts.open": Known(value=1)}
    assert oncall.facts == {"oncall.people": Known(value=7)}
    world.later(hours=18, minutes=1)
    world.fetch()
    alerts = world.record("a", "alerts")
    assert alerts is not None
    assert alerts.facts == {"alerts.open": refused}


def test_a_collector_that_fails_over_one_subject_goes_on_with_the_others(make: Make) -> None:
    calls = Calls()
    world = make({"a": "east/a", "b": "east/b"}, calls)
    observe = calls.observe

    def broken(subject: RemoteSubject, *, now: datetime) -> Observed:
        if subject.name == "a":
            raise RuntimeError("No.")
        return observe(subject, now=now)

    calls.observe = broken  # type: ignore[method-assign]
    world.fetch()
    run = world.run("east")
    assert (run.entities, run.failed, run.place) == (2, 1, None)
    assert run.problem is not None
    assert run.problem.code == "COLLECTOR_FAILED"
    assert world.record("b", "oncall") is not None


def test_a_collector_that_fails_over_one_entity_asks_about_the_others(make: Make) -> None:
    calls = Calls()
    world = make({"a": "east/a", "b": "east/b"}, calls)
    subject_of = calls.subject_of

    def broken(entity: Mapping[str, JsonValue]) -> RemoteSubject | FailedFact:
        subject = subject_of(entity)
        assert isinstance(subject, RemoteSubject)
        return {"b": subject}[subject.name]

    calls.subject_of = broken  # type: ignore[method-assign]
    world.fetch()
    assert calls.asked == ["b"]
    record = world.record("a", "oncall")
    assert record is not None
    state = record.facts["oncall.people"]
    assert isinstance(state, FailedFact)
    assert (state.reason, "KeyError" in state.detail) == (Unknown.SOURCE_FAILED, True)


def test_what_was_wrong_before_a_limit_is_still_told_after_it(make: Make) -> None:
    calls = Calls(left=60)
    world = make({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
    observe = calls.observe

    def hidden(subject: RemoteSubject, *, now: datetime) -> Observed:
        observed = observe(subject, now=now)
        if subject.name != "n0" or not isinstance(observed, Observation):
            return observed
        return replace(observed, problem=Problem(code="NOT_PERMITTED", message="No."))

    calls.observe = hidden  # type: ignore[method-assign]
    world.fetch()
    calls.left = 1000
    world.later(minutes=31)
    world.fetch()
    run = world.run("east")
    assert run.problem is not None
    assert (run.place, run.problem.code) == (None, "NOT_PERMITTED")


def test_entities_that_come_are_asked_about_in_turn(make: Make, tmp_path: Path) -> None:
    calls = Calls()
    world = make({"a": "east/a"}, calls)
    world.fetch()
    for n in range(6):
        folder = tmp_path / "source" / f"more{n}"
        folder.mkdir()
        text = COMPONENT.replace("NAME", f"more{n}").replace("CALL", f"east/more{n}")
        (folder / "catalog-info.yaml").write_text(text)
        with world.portal.database.read() as connection:
            (location,) = locations.list_locations(connection)
        for repository in jobs.list_repositories(world.tools, location.id):
            jobs.ingest(world.tools, location.id, repository)
    for left in (2, 2, 10):
        calls.left = left
        world.later(minutes=31)
        assert "fetch:calls@east:changed" in world.fetch()
    assert len(calls.asked) <= 9
    assert {f"more{n}" for n in range(6)} < set(calls.asked)


def test_how_it_went_is_told_as_of_recipes(make: Make) -> None:
    world = make({"a": "east/a"}, Calls(left=0))
    client = create_app(world.portal).test_client()
    world.fetch()
    answer = client.get("/api/v1/fetches").json
    assert answer is not None
    east = answer["items"][0]
    assert (east["name"], east["system"], east["facts"]) == (
        "calls@east",
        "east",
        ["oncall.people", "alerts.open"],
    )
    assert east["goesOnAt"] is not None
    assert client.post("/api/v1/fetches/calls@east").status_code == 202
    page = client.get("/locations").text
    assert "oncall.*, alerts.*" in page
    assert "Waits to go on" in page
    found = client.get("/api/v1/facts").json
    assert found is not None


def test_what_is_learned_marks_whom_it_concerns(make: Make) -> None:
    world = make({"a": "east/a"}, Calls())
    world.tools = replace(world.tools, readers={"oncall.people": frozenset({"live"})})
    world.fetch()
    with world.portal.database.read() as connection:
        assert marks.count_marks(connection) == 1
