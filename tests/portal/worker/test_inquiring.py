"""Inquiries: somebody has other systems asked about one entity, now."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from portal.app import create_app
from portal.db.work import pending
from portal.rationing import ABOUT_ONE
from portal.worker import inquiring
from portal.worker.engine import EngineSettings, launch
from portal.worker.requests import Lane
from scorecards.facts import FailedFact, Known, Unknown
from tests.portal.processes import eventually
from tests.portal.worker.remote_calls import Calls, World, WorldOf

FACTS = "/api/v1/entities/component/default/NAME/facts/refresh"


def asked_for(world: World, name: str = "a", *, method: str = "POST") -> list[dict[str, Any]]:
    """What the API says."""
    answer = create_app(world.portal).test_client().open(FACTS.replace("NAME", name), method=method)
    assert answer.status_code == (202 if method == "POST" else 200)
    found: list[dict[str, Any]] = answer.json["items"]  # type: ignore[index]
    return found


def work(world: World) -> list[str]:
    """Do what is asked for, as the engine does; returns what came of each."""
    with world.portal.database.read() as connection:
        claimed = [one for one in pending.waiting(connection) if one.key.startswith("inquire:")]
    assert all(one.lane == Lane.PERSON for one in claimed)
    said = []
    for one in claimed:
        said.append(str(inquiring.inquire(world.tools, one.key.removeprefix("inquire:"))))
        with world.portal.database.write() as connection:
            pending.done(connection, one.key, one.ticket)
    return said


def test_only_this_entity_is_asked_about_and_only_of_its_system(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a", "b": "east/b", "c": "west/c"}, calls)
    world.fetch()
    calls.asked.clear()
    calls.states = {"alerts.open": Known(value=0)}
    world.later(minutes=5)
    (item,) = asked_for(world)
    assert (item["name"], item["system"], item["pending"]) == ("calls@east", "east", True)
    assert (item["askedAt"], item["said"]) == (None, None)
    with world.portal.database.read() as connection:
        hosts = {one.host for one in pending.waiting(connection) if "inquire" in one.key}
    assert hosts == {"east"}
    assert work(world) == ["learned"]
    assert calls.asked == ["a"]
    record = world.record("a", "alerts")
    assert record is not None
    assert (record.facts["alerts.open"], record.observed_at) == (Known(value=0), world.now)
    (item,) = asked_for(world, method="GET")
    assert (item["pending"], item["said"], item["problem"]) == (False, "learned", None)
    assert world.fetch() == []  # the next run is neither put off nor brought forward


def test_a_person_may_use_what_is_kept_for_people(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a"}, calls)
    world.fetch()
    assert calls.urgent == [False]
    asked_for(world)
    work(world)
    assert calls.urgent == [False, True]


def test_a_system_that_wants_to_be_left_alone_says_so_and_what_is_known_stays(
    world_of: WorldOf,
) -> None:
    calls = Calls()
    world = world_of({"a": "east/a"}, calls)
    world.fetch()
    calls.left = 0
    world.later(minutes=1)
    asked_for(world)
    assert work(world) == ["paused"]
    (item,) = asked_for(world, method="GET")
    assert (item["said"], item["problem"]["code"]) == ("paused", "RATE_LIMITED")
    record = world.record("a", "oncall")
    assert record is not None
    assert record.facts == {"oncall.people": Known(value=1)}


def test_what_could_not_be_learned_is_said(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a"}, calls)
    refused = FailedFact(reason=Unknown.NOT_PERMITTED, detail="No.")
    calls.states = {"alerts.open": refused, "oncall.people": refused}
    asked_for(world)
    assert work(world) == ["failed"]
    record = world.record("a", "alerts")
    assert record is not None
    assert record.facts == {"alerts.open": refused}


def test_nobody_floods_a_system_with_a_button(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a"}, calls)
    for _ in range(5):
        asked_for(world)
    assert work(world) == ["learned"]  # what is promised is promised once
    asked_for(world)
    world.later(seconds=9)
    assert work(world) == ["None"]
    asked_for(world)
    world.later(seconds=2)
    assert work(world) == ["learned"]
    assert calls.asked == ["a", "a"]


def test_a_system_is_asked_about_so_many_entities_whoever_asks(world_of: WorldOf) -> None:
    names = [f"a{number}" for number in range(ABOUT_ONE.most + 1)]
    world = world_of({name: f"east/{name}" for name in names}, Calls())
    client = create_app(world.portal).test_client()

    def ask(name: str, number: int) -> int:
        there = {"REMOTE_ADDR": f"198.51.100.{number}"}
        return client.post(FACTS.replace("NAME", name), environ_overrides=there).status_code

    codes = [ask(name, number) for number, name in enumerate(names)]
    assert codes == [202] * ABOUT_ONE.most + [429]
    assert ask(names[0], 200) == 202, "what is still to come is no more work"
    assert len(work(world)) == ABOUT_ONE.most


def test_a_clock_that_was_set_back_keeps_nobody_from_asking(world_of: WorldOf) -> None:
    world = world_of({"a": "east/a"}, Calls())
    asked_for(world)
    assert work(world) == ["learned"]
    world.later(minutes=-30)
    asked_for(world)
    assert work(world) == ["learned"]


def test_what_no_system_knows_is_not_asked(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "nobody", "b": "north/b"}, calls)
    assert asked_for(world, "a") == asked_for(world, "b") == []
    assert work(world) == []
    client = create_app(world.portal).test_client()
    assert client.post(FACTS.replace("NAME", "other")).status_code == 404
    assert client.post("/catalog/component/default/other/facts").status_code == 404
    assert "other system" not in client.get("/catalog/component/default/a?tab=facts").text


def test_what_went_meanwhile_is_not_asked_about(world_of: WorldOf) -> None:
    world = world_of({"a": "east/a"}, Calls())
    assert inquiring.inquire(world.tools, "component:default/gone:calls@east") is None
    assert inquiring.inquire(world.tools, "component:default/a:calls@gone") is None


def test_the_page_of_the_entity_has_a_button_and_says_what_came_of_it(world_of: WorldOf) -> None:
    calls = Calls()
    world = world_of({"a": "east/a"}, calls)
    client = create_app(world.portal).test_client()
    page = "/catalog/component/default/a?tab=facts"
    assert "On its schedule" in client.get(page).text
    answer = client.post("/catalog/component/default/a/facts")
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    text = client.get(page).text
    assert "Being asked" in text
    assert 'data-refresh="1500"' in text
    work(world)
    text = client.get(page).text
    assert "Answered" in text
    assert "data-refresh" not in text
    calls.left = 0
    world.later(minutes=1)
    client.post("/catalog/component/default/a/facts")
    work(world)
    text = client.get(page).text
    assert "Left alone for now" in text
    assert "That is enough." in text


def test_the_engine_asks_and_assesses_what_was_said(world_of: WorldOf, tmp_path: Path) -> None:
    world = world_of({"a": "east/a"}, Calls())
    url = str(world.portal.database.engine.url.render_as_string(hide_password=False))
    on_file = world.portal.database.is_sqlite
    engine = launch(
        world.tools,
        world.portal.work,
        EngineSettings(
            url=f"sqlite:///{tmp_path / 'jobs.db'}" if on_file else url,
            executor="test",
            version="test",
            sweep=timedelta(hours=1),
        ),
        woken=world.portal.awake,
        report=lambda _: None,
    )
    try:
        asked_for(world)
        eventually(
            lambda: [one["said"] for one in asked_for(world, method="GET")] == ["learned"],
            within=30,
        )
        eventually(lambda: not waits_for_assessment(world), within=30)
    finally:
        engine.stop()


def waits_for_assessment(world: World) -> bool:
    with world.portal.database.read() as connection:
        return bool(pending.waiting(connection))
