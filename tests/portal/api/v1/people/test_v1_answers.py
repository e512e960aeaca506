"""Answers to manual checks through the API, to the results that follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import ConfiguredSource, Settings
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import deadlines, jobs
from portal.worker.assessment import assessing
from portal.worker.tools import Tools
from tests.portal.at_once import shared_pool

CARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: drills, title: Drills}
spec:
  levels: [Start, Drilled]
  checks:
    - id: restore
      title: A restore was rehearsed
      level: Drilled
      rule: {manual: {question: Was it?, expires: 30d}}
      why: w
      fix: f
    - id: described
      title: It says what it is
      level: Drilled
      rule: "entity.metadata.name != ''"
      why: w
      fix: f
"""
DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: basket}
spec: {type: service, lifecycle: production, owner: web}
"""
BASKET = "/api/v1/entities/component/default/basket"
ANSWER = f"{BASKET}/checks/drills/restore/answer"


@pytest.fixture
def working(database_url: str, tmp_path: Path) -> Iterator[tuple[Portal, Tools]]:
    (tmp_path / "source" / "basket").mkdir(parents=True)
    (tmp_path / "source" / "basket" / "catalog-info.yaml").write_text(DESCRIPTOR)
    (tmp_path / "drills.yaml").write_text(CARD)
    portal = open_portal(
        Settings(
            database=database_url,
            data_dir=tmp_path / "data",
            sources=(ConfiguredSource("file", str(tmp_path / "source"), "command"),),
            scorecards=(tmp_path / "drills.yaml",),
        )
    )
    (location,) = prepare(portal)
    tools = tools_of(portal, shared_pool())
    for repository in jobs.list_repositories(tools, location):
        jobs.ingest(tools, location, repository)
    assessing.assess_round(tools)
    yield portal, tools
    portal.database.close()


def restore(client: FlaskClient) -> dict[str, Any]:
    (card,) = [c for c in client.get(f"{BASKET}/scorecards").json if c["scorecard"] == "drills"]
    (check,) = [c for c in card["checks"] if c["check"] == "restore"]
    return {**check, "proven": card["proven"]["rank"]}


def test_an_answer_holds_until_it_expires_by_itself(working: tuple[Portal, Tools]) -> None:
    portal, tools = working
    client = create_app(portal).test_client()
    assert (restore(client)["outcome"], restore(client)["unknown"]) == (
        "unknown",
        {"answer": "not_collected"},
    )
    body = {"answer": "fail", "comment": "Not yet."}
    assert client.post(ANSWER, json=body).status_code == 201
    assert assessing.assess_round(tools) == 1
    assert (restore(client)["outcome"], restore(client)["reason"]) == (
        "fail",
        "somebody says no: Not yet.",
    )
    body = {"answer": "pass", "comment": "Done.", "evidence": "https://wiki.example.com/7"}
    assert client.post(ANSWER, json=body).json["evidence"] == "https://wiki.example.com/7"
    assert assessing.assess_round(tools) == 1
    assert (restore(client)["outcome"], restore(client)["proven"]) == ("pass", 1)

    later = portal.now() + timedelta(days=30)
    aged = replace(tools, now=lambda: later)
    assert not deadlines.meet(tools)
    assert deadlines.meet(aged)
    assert not deadlines.meet(aged)
    assert assessing.assess_round(aged) == 1
    found = restore(client)
    assert (found["outcome"], found["unknown"], found["proven"]) == (
        "unknown",
        {"answer": "stale"},
        0,
    )
    answers = client.get(ANSWER).json["items"]
    assert [one["answer"] for one in answers] == ["pass", "fail"]
    first = client.get(f"{ANSWER}?limit=1").json
    rest = client.get(f"{ANSWER}?limit=1&cursor={first['nextCursor']}").json
    assert [*first["items"], *rest["items"]] == answers


def test_only_what_is_asked_can_be_answered(working: tuple[Portal, Tools]) -> None:
    portal, _ = working
    client = create_app(portal).test_client()
    good = {"answer": "pass", "comment": "c"}

    def status(path: str, **changes: Any) -> int:
        return client.post(path, json=good | changes).status_code

    assert status(ANSWER) == 201
    assert status(f"{BASKET}/checks/drills/described/answer") == 409
    assert status(f"{BASKET}/checks/drills/nope/answer") == 404
    assert status(f"{BASKET}/checks/nope/restore/answer") == 404
    assert status(ANSWER.replace("basket", "nope")) == 404
    assert status(ANSWER, answer="perhaps") == 422
    assert status(ANSWER, comment="") == 422
    assert status(ANSWER, evidence="javascript:alert(1)") == 422
    assert status(ANSWER, colour="red") == 400
    assert status(ANSWER, comment="a\0b") == 422
    assert client.get(f"{BASKET}/checks/drills/described/answer").status_code == 409
