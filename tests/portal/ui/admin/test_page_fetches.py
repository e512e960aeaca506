"""Facts from other systems are among the locations: how they were fetched, and a button."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from catalog.problems import Problem
from plugins.budgets import Budget, Left
from portal.app import create_app
from portal.db.collection import fetched
from portal.db.tables import meta
from portal.db.tables import pending as work
from portal.db.work import budgets, pending
from portal.rationing import OF_ALL
from portal.ui.filters import lasts
from portal.wiring import Portal
from scorecards.collection.pushed import Declared
from scorecards.collection.recipes import FetchedFact, Recipe
from scorecards.facts import FactSchema, FactType

SCHEMA = FactSchema(name="argo.synced", type=FactType.BOOL, description="x", when_absent=False)
RECIPE = Recipe(
    name="argo",
    url="https://argo.example.com/<apps>?key=secret",
    headers=(("Authorization", "Bearer a-secret"),),
    every=timedelta(minutes=15),
    kinds=(),
    facts=(FetchedFact(declared=Declared(schema=SCHEMA), value="answer.synced"),),
)
PAST = "2026-01-01T00:00:00+00:00"
PROBLEM = Problem(code="UPSTREAM_ERROR", message="It answers <500>.")


@pytest.fixture
def portal(make_portal: Callable[..., Portal]) -> Portal:
    return make_portal(recipes=(RECIPE,))


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def ran(
    portal: Portal,
    *,
    entities: int = 2,
    failed: int,
    problem: Problem | None,
    place: int | None = None,
) -> None:
    with portal.database.write() as connection:
        fetched.begin(connection, "argo", seq=1, now=portal.now())
        fetched.came_to(connection, "argo", place=place, entities=entities, failed=failed)
        fetched.end(connection, "argo", now=portal.now(), problem=problem)


def test_each_state_of_a_run_has_its_words(portal: Portal, client: FlaskClient) -> None:
    page = client.get("/locations").text
    assert "Not fetched yet" in page
    assert "15 min" in page
    assert "https://argo.example.com/&lt;apps&gt;" in page
    assert "secret" not in page
    with portal.database.write() as connection:
        fetched.begin(connection, "argo", seq=1, now=portal.now())
    assert "Being fetched" in client.get("/locations").text
    ran(portal, failed=0, problem=None)
    assert "Fetched</span>" in client.get("/locations").text
    ran(portal, failed=1, problem=PROBLEM)
    page = client.get("/locations").text
    assert "Partly fetched" in page
    assert "It answers &lt;500&gt;." in page
    ran(portal, failed=0, problem=PROBLEM, place=7)
    assert "Waits to go on" in client.get("/locations").text
    ran(portal, failed=2, problem=PROBLEM)
    assert "Failed</span>" in client.get("/locations").text


def test_it_can_be_asked_for_and_that_is_said(portal: Portal, client: FlaskClient) -> None:
    answer = client.post("/fetches/argo")
    assert answer.status_code == 303
    assert "Asked for" in client.get(answer.headers["Location"].partition("#")[0]).text
    with portal.database.read() as connection:
        assert [one.key for one in pending.waiting(connection)] == ["fetch:argo"]
    assert client.post("/fetches/other").status_code == 404
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/fetches/argo", headers=foreign).status_code == 403


def test_runs_are_not_asked_for_without_end_whoever_asks(
    portal: Portal, client: FlaskClient
) -> None:
    def ask(number: int) -> int:
        there = {"REMOTE_ADDR": f"198.51.100.{number}"}
        return client.post("/fetches/argo", environ_overrides=there).status_code

    def begin() -> None:
        """Let a worker have begun what was asked for."""
        with portal.database.write() as connection:
            connection.execute(update(work).values(claim="a-worker's"))

    assert [ask(number) for number in range(9)] == [303] * 9, "it is asked for once"
    for _ in range(OF_ALL.most - 1):
        begin()
        assert ask(1) == 303
    begin()
    refused = client.post("/fetches/argo", headers={"Accept": "text/html"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= OF_ALL.every.total_seconds()
    assert f"argo has been asked about everything {OF_ALL.most} times" in refused.text
    by_api = client.post("/api/v1/fetches/argo")
    assert by_api.json is not None
    assert (by_api.status_code, by_api.json["code"]) == (429, "TOO_OFTEN")
    with portal.database.write() as connection:
        connection.execute(update(meta).where(meta.c.key == "ration:run:argo").values(value=PAST))
    assert ask(1) == 303


def test_nothing_is_said_where_nothing_is_fetched(make_portal: Callable[..., Portal]) -> None:
    page = create_app(make_portal()).test_client().get("/locations").text
    assert "other systems" not in page


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(minutes=15), "15 min"),
        (timedelta(seconds=30), "0.5 min"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_times_are_told_in_the_largest_unit_that_fits(time: timedelta, words: str) -> None:
    assert lasts(time) == words


def test_what_a_forge_lets_us_ask_is_shown_while_it_holds(
    portal: Portal, client: FlaskClient
) -> None:
    assert "What forges let us ask" not in client.get("/locations").text
    now = portal.now().timestamp()
    left = {"core": Left(0.155, now + 600), "graphql": Left(0.9, now + 600)}
    with portal.database.write() as connection:
        budgets.tell(connection, "git.example.com", Budget(left=left), now=now)
        budgets.tell(connection, "<b>", Budget(until=now + 60), now=now)
    page = client.get("/locations").text
    assert "Kept for people and events" in page
    assert "15 %" in page
    assert re.search(r">(10|9) min<", page), "until the reset"
    assert "Enough" in page
    assert "Refuses; nothing is asked" in page
    assert "&lt;b&gt;" in page
    told, refusing = client.get("/api/v1/budgets").json["items"][::-1]  # type: ignore[index]
    assert (told["system"], told["pausedUntil"]) == ("git.example.com", None)
    assert [(one["name"], one["left"]) for one in told["limits"]] == [
        ("core", 0.155),
        ("graphql", 0.9),
    ]
    assert refusing["system"] == "<b>"
    assert refusing["pausedUntil"] is not None
    line = 'plumbline_forge_limit_left_ratio{limit="core",system="git.example.com"} 0.155'
    assert line in client.get("/metrics").text
