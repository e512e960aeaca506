"""Remote collectors: each subject is asked about once, and a run goes on where a limit stopped it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from catalog.problems import JsonValue
from plugins.contract import (
    FailedFact,
    Known,
    Observation,
    Observed,
    Problem,
    RemoteSubject,
    Unknown,
)
from portal.app import create_app
from portal.db.sources import locations
from portal.db.work import marks
from portal.worker import fetching, jobs
from tests.portal.worker.remote_calls import COMPONENT, Calls, WorldOf

SERVICES = 250
"""More than are asked about between two commits."""


def test_what_several_entities_share_is_asked_about_once(world_of: WorldOf) -> None:
    services = {f"part{n}": "east/monorepo" for n in range(SERVICES)}
    calls = Calls()
    world = world_of({**services, "lone": "west/lone", "none": "x"}, calls)
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


def test_a_run_goes_on_where_a_limit_stopped_it(world_of: WorldOf) -> None:
    calls = Calls(left=120)
    world = world_of({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
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


def test_a_limit_that_is_lower_than_the_catalog_is_large_starves_nobody(world_of: WorldOf) -> None:
    calls = Calls(every=timedelta(minutes=40))
    world = world_of({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
    for _ in range(5):
        calls.left = 60
        world.fetch()
        world.later(minutes=30)
    assert len(set(calls.asked)) == SERVICES


def test_a_process_that_is_killed_leaves_the_place_behind(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
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


def test_a_portal_that_ends_goes_on_when_it_starts_again(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
    fetching.fetch(world.tools, "calls@east", stopping=lambda: True)
    assert 0 < len(calls.asked) < SERVICES
    assert "fetch:calls@east" in world.fetch()
    assert len(calls.asked) == len(set(calls.asked)) == SERVICES
    assert world.run("east").entities == SERVICES
    assert world.fetch() == []


def test_a_system_that_is_down_keeps_no_other_waiting(world_of: WorldOf) -> None:
    calls = Calls(down={"west"})
    world = world_of({"a": "west/a", "b": "east/b"}, calls)
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


def test_a_namespace_of_which_nothing_was_learned_keeps_what_it_has(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a"}, calls)
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


def test_a_collector_that_fails_over_one_subject_goes_on_with_the_others(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a", "b": "east/b"}, calls)
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


def test_a_collector_that_fails_over_one_entity_asks_about_the_others(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a", "b": "east/b"}, calls)
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


def test_what_was_wrong_before_a_limit_is_still_told_after_it(world_of: WorldOf) -> None:
    calls = Calls(left=60)
    world = world_of({f"s{n}": f"east/n{n}" for n in range(SERVICES)}, calls)
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


def test_entities_that_come_are_asked_about_in_turn(world_of: WorldOf, tmp_path: Path) -> None:
    calls = Calls()
    world = world_of({"a": "east/a"}, calls)
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


def test_how_it_went_is_told_as_of_recipes(world_of: WorldOf) -> None:
    world = world_of({"a": "east/a"}, Calls(left=0))
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


def test_what_is_learned_marks_whom_it_concerns(world_of: WorldOf) -> None:
    world = world_of({"a": "east/a"}, Calls())
    world.tools = replace(world.tools, readers={"oncall.people": frozenset({"live"})})
    world.fetch()
    with world.portal.database.read() as connection:
        assert marks.count_marks(connection) == 1
