"""Simulations over the API, against assessing everybody with both definitions."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.db import tables
from portal.db.evaluation import quarantine, results
from portal.version import EDITION
from portal.wiring import Portal
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.assessment import Assessor
from scorecards.scorecard import Scorecard
from tests.portal.worker.hostile_rules import ENDLESS, scorecard
from tests.result_rows import ResultRows

MATURITY = (files("scorecards") / "library/service-maturity.yaml").read_text("utf-8")
PATH = "/api/v1/scorecards/simulate"

CHANGES: dict[str, Callable[[str], str]] = {
    "a stricter rule": lambda text: text.replace(
        "repo.readme.bytes >= 500", "repo.readme.bytes >= 1"
    ),
    "a rule over the entity": lambda text: text.replace(
        "- catalog.owner_exists", "- has(entity.metadata.tags)", 1
    ),
    "nothing but texts": lambda text: text.replace("title: ", "title: New ", 1),
    "another condition": lambda text: text.replace(
        "entity.kind == 'Component'", "entity.kind in ['Component', 'Group']", 1
    ),
    "a narrower condition": lambda text: text.replace(
        "entity.kind == 'Component'", "entity.kind == 'Component' && has(entity.metadata.tags)", 1
    ),
    "another condition of a check": lambda text: text.replace(
        "rule: catalog.owner_exists", "rule: has(entity.metadata.tags)", 1
    ),
    "a new scorecard": lambda text: text.replace("name: service-maturity", "name: brand-new", 1),
    "a lower level": lambda text: text.replace("level: Defined", "level: Managed", 1),
}


@pytest.fixture(autouse=True)
def nobody_waits(filled: Portal) -> None:
    """Other tests ask for everybody to be assessed again, which nobody does meanwhile."""
    with filled.database.write() as connection:
        connection.execute(tables.unassessed.delete())


def loaded(portal: Portal, text: str) -> Scorecard:
    (card,), problems = load_scorecards(text, file="x.yaml", schemas=portal.schemas)
    assert problems == ()
    return card


def stored_levels(portal: Portal, name: str) -> dict[str, int]:
    with portal.database.read() as connection:
        ids = connection.execute(select(tables.entities.c.id)).scalars().all()
        return {
            stored.result.ref: stored.result.proven
            for entity in ids
            for stored in results.for_entity(connection, entity)
            if stored.result.scorecard == name
        }


def levels_with(portal: Portal, card: Scorecard) -> dict[str, int]:
    """Everybody assessed with this definition, one by one."""
    with portal.database.read() as connection:
        ids = connection.execute(select(tables.entities.c.id)).scalars().all()
    assessor = Assessor([card], portal.schemas)
    return {
        result.ref: result.proven
        for subject in ResultRows(database=portal.database).assessable(ids)
        for result in assessor.assess(subject, now=portal.now())
    }


def moves_of(answer: dict[str, Any]) -> dict[tuple[int | None, int | None], int]:
    return {
        (
            move["before"] and move["before"]["rank"],
            move["after"] and move["after"]["rank"],
        ): move["entities"]
        for move in answer["moves"]
    }


@pytest.mark.parametrize("change", CHANGES)
def test_a_simulation_foretells_what_assessing_will_say(
    filled: Portal, client: FlaskClient, change: str
) -> None:
    text = CHANGES[change](MATURITY)
    assert text != MATURITY
    card = loaded(filled, text)
    answer = client.post(PATH, json={"definition": text})
    assert answer.status_code == 200, answer.json
    before, after = stored_levels(filled, card.name), levels_with(filled, card)
    expected = Counter((before.get(ref), after.get(ref)) for ref in before.keys() | after.keys())
    assert moves_of(answer.json) == expected
    assert answer.json["entities"] == sum(expected.values())
    risen = {ref for ref in before.keys() & after.keys() if after[ref] > before[ref]}
    fallen = {ref for ref in before.keys() & after.keys() if after[ref] < before[ref]}
    assert {example["ref"] for example in answer.json["rising"]} == risen
    assert {example["ref"] for example in answer.json["falling"]} == fallen
    assert answer.json["replay"] is None


def test_only_what_asks_something_else_is_evaluated(client: FlaskClient) -> None:
    def evaluated(change: str) -> list[str]:
        answer = client.post(PATH, json={"definition": CHANGES[change](MATURITY)}).json
        found: list[str] = answer["evaluated"]
        return found

    assert evaluated("nothing but texts") == []
    assert evaluated("a lower level") == []
    assert len(evaluated("a stricter rule")) == 1
    assert len(evaluated("a new scorecard")) > 10


def test_who_changes_is_told_by_team_and_by_check(client: FlaskClient) -> None:
    text = MATURITY.replace("- catalog.owner_exists", "- has(entity.metadata.nothing)", 1)
    answer = client.post(PATH, json={"definition": text}).json
    (check,) = [c for c in answer["checks"] if c["newlyFailing"]]
    assert {team["owner"] for team in answer["teams"]} >= {"group:default/team-a"}
    assert sum(team["newlyFailing"] for team in answer["teams"]) == check["newlyFailing"] > 0


def test_a_simulation_can_be_of_some_entities(client: FlaskClient) -> None:
    text = CHANGES["a new scorecard"](MATURITY)
    asked = {"definition": text, "filter": ["metadata.name=basket"]}
    assert client.post(PATH, json=asked).json["entities"] == 1
    asked["filter"] = ["metadata.name=nobody"]
    assert client.post(PATH, json=asked).json["entities"] == 0


def test_facts_that_are_not_there_are_named(client: FlaskClient) -> None:
    text = CHANGES["a new scorecard"](MATURITY)
    for fact in client.post(PATH, json={"definition": text}).json["missing"]:
        assert fact["entities"] > 0
        assert fact["reason"] in ("not_collected", "source_failed", "stale")


def test_nothing_is_stored(filled: Portal, client: FlaskClient) -> None:
    def counted() -> list[int]:
        with filled.database.read() as connection:
            return [
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in tables.metadata.sorted_tables
            ]

    before = counted()
    client.post(PATH, json={"definition": CHANGES["a new scorecard"](MATURITY)})
    assert counted() == before


def test_a_replay_says_what_is_not_kept_of_the_past(filled: Portal, client: FlaskClient) -> None:
    text = CHANGES["a stricter rule"](MATURITY)
    now = filled.now()
    asked = {"definition": text, "replay": {"from": (now - timedelta(days=2)).isoformat()}}
    answer = client.post(PATH, json=asked).json
    first, *_, last = answer["replay"]["points"]
    # Two days ago there was nothing; now there is what the simulation itself has seen.
    assert first["entities"] == 0
    assert last["entities"] == answer["entities"]
    assert moves_of(last) == moves_of(answer)
    assert last["uncollected"] <= last["entities"]
    assert answer["replay"]["from"] < answer["replay"]["to"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"definition": ""}, 422),
        ({"definition": "kind: Scorecard"}, 422),
        ({"definition": MATURITY.replace("catalog.owner_exists", "catalog.owner_exist", 1)}, 422),
        ({"definition": MATURITY + "---\n" + CHANGES["a new scorecard"](MATURITY)}, 422),
        ({"definition": MATURITY, "filter": ["=x"]}, 400),
        ({"definition": MATURITY, "replay": {"from": "yesterday"}}, 422),
        (
            {
                "definition": MATURITY,
                "replay": {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
            },
            422,
        ),
        ({"definition": MATURITY, "dryRun": True}, 400),
    ],
)
def test_what_cannot_be_simulated_is_refused(
    client: FlaskClient, asked: dict[str, Any], status: int
) -> None:
    answer = client.post(PATH, json=asked)
    assert answer.status_code == status, answer.json


def test_problems_of_a_definition_have_their_place(client: FlaskClient) -> None:
    text = MATURITY.replace("catalog.owner_exists", "catalog.owner_exist", 1)
    (error,) = client.post(PATH, json={"definition": text}).json["errors"]
    assert error["code"] == "UNKNOWN_FACT"
    assert error["line"] > 1


def test_what_a_definition_is_warned_of_is_told_beside_what_it_would_do(
    client: FlaskClient,
) -> None:
    text = scorecard("new", slip="has(entity.spec.lifecycl)")
    answered = client.post(PATH, json={"definition": text})
    assert answered.status_code == 200, answered.json
    assert answered.json["entities"] > 0
    (warning,) = answered.json["problems"]
    assert (warning["code"], warning["severity"]) == ("FIELD_NEAR_MISS", "warning")
    assert "lifecycle" in warning["hint"]


def test_a_definition_that_takes_too_long_is_simulated_without_the_rule(
    client: FlaskClient, filled: Portal
) -> None:
    text = scorecard("new", fine="entity.kind == 'Component'", hostile=ENDLESS)
    answered = client.post("/api/v1/scorecards/simulate", json={"definition": text})
    assert answered.status_code == 200
    assert answered.json["entities"] > 0
    (stopped,) = answered.json["stopped"]
    assert (stopped["code"], stopped["file"], stopped["line"]) == ("RULE_STOPPED", "definition", 7)
    assert "took longer than " in stopped["message"]
    changes = {change["check"]: change for change in answered.json["checks"]}
    assert changes["fine"]["newlyPassing"] > 0
    with filled.database.read() as connection:
        assert quarantine.refused(connection, EDITION) == {}  # nothing of a proposal is stored


def test_a_definition_may_begin_as_a_published_one(client: FlaskClient) -> None:
    text = (
        "apiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {name: ours, title: Ours}\n"
        "spec: {extends: service-maturity, remove: [doc.readme]}\n"
    )
    answer = client.post(PATH, json={"definition": text})
    assert answer.status_code == 200, answer.json
    checks = {change["check"] for change in answer.json["checks"]}
    assert "own.owner_group" in checks
    assert "doc.readme" not in checks
