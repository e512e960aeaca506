"""Campaigns through the API, from the plan to the checks in another scorecard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.config import ConfiguredSource, Settings
from portal.db.people import campaigns as store
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import deadlines, jobs
from portal.worker.assessment import assessing
from tests.portal.at_once import shared_pool

CAMPAIGNS = "/api/v1/campaigns"
CARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: NAME, title: T}
spec:
  levels: [Start, Wanted]
  checks:
    - id: NAME-described
      title: It says what it is
      level: Wanted
      rule: "'description' in entity.metadata"
      why: w
      fix: f
"""
DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAMEMORE}
spec: {type: service, lifecycle: production, owner: OWNER}
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("campaigns")
    for name, more, owner in (
        ("a", ", description: d", "web"),
        ("b", "", "web"),
        ("c", "", "pay"),
    ):
        (folder / "source" / name).mkdir(parents=True)
        text = DESCRIPTOR.replace("NAME", name).replace("MORE", more).replace("OWNER", owner)
        (folder / "source" / name / "catalog-info.yaml").write_text(text)
    for name in ("push", "standing"):
        (folder / f"{name}.yaml").write_text(CARD.replace("NAME", name))
    opened = open_portal(
        Settings(
            database=f"sqlite:///{folder / 'portal.db'}",
            data_dir=folder / "data",
            sources=(ConfiguredSource("file", str(folder / "source"), "command"),),
            scorecards=(folder / "push.yaml", folder / "standing.yaml"),
        )
    )
    (location,) = prepare(opened)
    tools = tools_of(opened, shared_pool())
    for repository in jobs.list_repositories(tools, location):
        jobs.ingest(tools, location, repository)
    while assessing.assess_round(tools):
        pass
    yield opened
    opened.database.close()


@pytest.fixture(scope="module")
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def wanted(portal: Portal, **changes: Any) -> dict[str, Any]:
    today = portal.now().date()
    return {
        "name": "describe",
        "title": "Everyone says what they are",
        "owner": "platform",
        "scorecard": "push",
        "checks": ["push-described"],
        "filter": "kind=component",
        "startsOn": (today + timedelta(days=1)).isoformat(),
        "targetOn": (today + timedelta(days=90)).isoformat(),
        "milestones": [
            {"title": "A third", "on": (today + timedelta(days=9)).isoformat(), "share": 0.3}
        ],
        "remindEveryDays": 7,
    } | changes


def send(
    client: FlaskClient, path: str, tag: str, method: str = "POST", body: Any = None
) -> TestResponse:
    return client.open(
        f"{CAMPAIGNS}/{path}", method=method, json=body or {}, headers={"If-Match": tag}
    )


def test_a_campaign_is_planned_runs_and_is_put_away(client: FlaskClient, portal: Portal) -> None:
    made = client.post(CAMPAIGNS, json=wanted(portal))
    assert made.status_code == 201, made.json
    assert (made.json["state"], made.json["owner"]) == ("planned", "group:default/platform")
    assert client.post(CAMPAIGNS, json=wanted(portal)).status_code == 409
    assert client.post(f"{CAMPAIGNS}/describe/start", json={}).status_code == 428
    assert send(client, "describe/start", '"x"').status_code == 412

    plan = {key: value for key, value in wanted(portal, title="Other").items() if key != "name"}
    changed = send(client, "describe", made.headers["ETag"], "PUT", plan)
    assert (changed.status_code, changed.json["title"]) == (200, "Other")
    assert send(client, "describe/start", made.headers["ETag"]).status_code == 412
    refused = send(client, "describe/archive", changed.headers["ETag"])
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (409, "CAMPAIGN_STATE")

    started = send(client, "describe/start", changed.headers["ETag"], body={"reason": "why wait"})
    assert started.json["state"] == "active"
    assert started.json["steps"][-1]["reason"] == "why wait"
    assert send(client, "describe", started.headers["ETag"], "DELETE").status_code == 409
    said = client.get(f"{CAMPAIGNS}/describe/progress").json
    assert said["total"] == {"done": 1, "open": 2, "unknown": 0, "excused": 0, "share": 0.3333}
    assert [(one["owner"], one["done"], one["open"]) for one in said["owners"]] == [
        ("group:default/pay", 0, 1),
        ("group:default/web", 1, 1),
    ]
    assert [(day["day"], day["open"], day["ideal"]) for day in said["days"]] == [
        (portal.now().date().isoformat(), 2, 2.0)
    ]
    (post,) = said["milestones"]
    assert (post["reachedOn"], post["late"]) == (portal.now().date().isoformat(), False)

    listed = client.get(f"{CAMPAIGNS}?state=active&state=planned").json["items"]
    assert [one["name"] for one in listed] == ["describe"]
    assert client.get(f"{CAMPAIGNS}?state=ended").json["items"] == []
    tag = started.headers["ETag"]
    for word, state in (("end", "ended"), ("archive", "archived")):
        done = send(client, f"describe/{word}", tag)
        assert (done.status_code, done.json["state"]) == (200, state)
        tag = done.headers["ETag"]
    assert len(client.get(f"{CAMPAIGNS}/describe/progress").json["days"]) == 1
    assert send(client, "describe", tag, "DELETE").status_code == 200
    assert client.get(f"{CAMPAIGNS}/describe").status_code == 404


def test_days_are_kept_by_the_schedule(client: FlaskClient, portal: Portal) -> None:
    client.post(CAMPAIGNS, json=wanted(portal, name="days"))
    tools = tools_of(portal, shared_pool())
    assert deadlines.keep_days(tools) == 0
    tomorrow = (portal.now() + timedelta(days=1)).replace(hour=12)
    deadlines.meet(replace(tools, now=lambda: tomorrow))
    assert deadlines.keep_days(replace(tools, now=lambda: tomorrow)) == 1
    assert deadlines.keep_days(replace(tools, now=lambda: tomorrow + timedelta(hours=1))) == 1
    with portal.database.read() as connection:
        kept = dict(store.days(connection, "days"))
    assert list(kept) == [tomorrow.date()]
    assert (kept[tomorrow.date()].done, kept[tomorrow.date()].open) == (1, 2)


def test_its_checks_can_become_checks_of_another_scorecard(
    client: FlaskClient, portal: Portal
) -> None:
    client.post(CAMPAIGNS, json=wanted(portal, name="promote"))
    one = f"{CAMPAIGNS}/promote/promotion"
    done = client.get(f"{one}?scorecard=standing&level=Wanted").json
    assert done["file"].endswith("standing.yaml")
    assert "+    - id: push-described" in done["diff"].splitlines()
    assert done["text"].count("- id:") == 2
    assert client.get(f"{one}?scorecard=push").status_code == 409
    assert client.get(f"{one}?scorecard=nope").status_code == 422


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "Not a name"}, 422),
        ({"scorecard": "nope"}, 422),
        ({"checks": ["nope"]}, 422),
        ({"checks": []}, 422),
        ({"level": "Wanted"}, 422),
        ({"checks": None}, 422),
        ({"owner": "a:b:c/"}, 422),
        ({"filter": "=x"}, 422),
        ({"targetOn": "2020-01-01"}, 422),
        ({"targetOn": "soon"}, 422),
        ({"milestones": [{"title": "x", "on": "2020-01-01", "share": 0.5}]}, 422),
        ({"milestones": [{"title": "x", "on": "2020-01-01", "share": 2}]}, 422),
        ({"remindEveryDays": 0}, 422),
        ({"colour": "red"}, 400),
        ({"filter": ""}, 201),
    ],
)
def test_a_plan_is_checked(
    client: FlaskClient, portal: Portal, changes: dict[str, Any], status: int
) -> None:
    answer = client.post(CAMPAIGNS, json=wanted(portal, name="checked") | changes)
    assert answer.status_code == status, answer.json
