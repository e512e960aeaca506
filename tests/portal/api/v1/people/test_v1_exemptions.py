"""Exemptions through the API, to the results that follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.config import Auth, ConfiguredSource, Settings, StaticToken
from portal.config.access import Restriction
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import deadlines, jobs
from portal.worker.assessment import assessing
from scorecards.people.exemptions import Budget, Policy
from tests.portal.at_once import shared_pool

EXEMPTIONS = "/api/v1/exemptions"
BASKET = "/api/v1/entities/component/default/basket/scorecards"
DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME}
spec: {type: service, lifecycle: production, owner: team-a}
"""
ASKER, DECIDER = (
    StaticToken(token="asker-token", subject="may"),
    StaticToken(token="decider-token", subject="bob"),
)
NO_DECIDER = StaticToken(
    token="restricted-token",
    subject="ci",
    restrictions=(Restriction(plugin="plumbline", permissions=("plumbline.update",)),),
)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return shared_pool()


@pytest.fixture
def portal(database_url: str, tmp_path: Path, pool: Pool) -> Iterator[Portal]:
    source = tmp_path / "source"
    for name in ("basket", "orders"):
        (source / name).mkdir(parents=True)
        (source / name / "catalog-info.yaml").write_text(DESCRIPTOR.replace("NAME", name))
    opened = open_portal(
        Settings(
            database=database_url,
            data_dir=tmp_path / "data",
            sources=(ConfiguredSource("file", str(source), "command"),),
            auth=Auth.REQUIRED,
            tokens=(ASKER, DECIDER, NO_DECIDER),
            exemptions=Policy(per_owner=Budget(most=1)),
        )
    )
    (location,) = prepare(opened)
    tools = tools_of(opened, pool)
    for repository in jobs.list_repositories(tools, location):
        jobs.ingest(tools, location, repository)
    look(opened, pool)
    yield opened
    opened.database.close()


def look(portal: Portal, pool: Pool) -> int:
    return assessing.assess_round(tools_of(portal, pool))


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def send(
    client: FlaskClient, path: str, body: Any = None, *, by: StaticToken = ASKER, tag: str = ""
) -> TestResponse:
    headers = {"Authorization": f"Bearer {by.token}"} | ({"If-Match": tag} if tag else {})
    return client.post(path, json={} if body is None else body, headers=headers)


def get(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, headers={"Authorization": f"Bearer {ASKER.token}"})


def failing(client: FlaskClient) -> tuple[str, str]:
    """A scorecard and a check that basket fails."""
    for card in get(client, BASKET).json:
        for check in card["checks"]:
            if check["outcome"] == "fail":
                return card["scorecard"], check["check"]
    pytest.fail("basket fails nothing")


def wanted(portal: Portal, scorecard: str, check: str | None, **more: Any) -> dict[str, Any]:
    return {
        "scorecard": scorecard,
        "check": check,
        "ref": "component:default/basket",
        "reason": {"ground": "not_feasible_yet", "text": "Next quarter."},
        "expiresAt": (portal.now() + timedelta(days=20)).isoformat().replace("+00:00", "Z"),
    } | more


def check_of(client: FlaskClient, scorecard: str, check: str) -> dict[str, Any]:
    (card,) = [c for c in get(client, BASKET).json if c["scorecard"] == scorecard]
    (found,) = [c for c in card["checks"] if c["check"] == check]
    return dict(found)


def test_an_exemption_changes_the_result_until_it_ends(
    client: FlaskClient, portal: Portal, pool: Pool
) -> None:
    card, check = failing(client)
    made = send(client, EXEMPTIONS, wanted(portal, card, check))
    assert made.status_code == 201, made.json
    one = f"{EXEMPTIONS}/{made.json['id']}"
    assert look(portal, pool) == 0
    done = send(client, f"{one}/approve", by=DECIDER, tag=made.headers["ETag"])
    assert (done.status_code, done.json["state"]) == (200, "approved")
    assert done.headers["ETag"] != made.headers["ETag"]
    assert look(portal, pool) == 1
    found = check_of(client, card, check)
    assert found["outcome"] == "exempt"
    assert found["exemption"]["id"] == made.json["id"]
    assert found["exemption"]["outcome"] == "fail"
    why = get(client, f"{BASKET}/{card}/checks/{check}/explain").json
    assert (why["outcome"], why["exemption"]) == ("exempt", found["exemption"])
    assert any(line.startswith("Without the exemption: fail, ") for line in why["words"])
    counts = get(client, f"/api/v1/scorecards/{card}").json
    (counted,) = [c["counts"] for c in counts["checks"] if c["id"] == check]
    assert (counted["exempt"], counted["passed"]) == (1, 0)

    end = datetime.fromisoformat(done.json["expiresAt"])
    tools = replace(tools_of(portal, pool), now=lambda: end)
    assert deadlines.meet(tools)
    assert not deadlines.meet(tools)
    assert assessing.assess_round(tools) == 1
    found = check_of(client, card, check)
    assert (found["outcome"], found["exemption"]) == ("fail", None)
    steps = get(client, one).json["steps"]
    assert [(step["state"], step["actor"]) for step in steps] == [
        ("requested", "may"),
        ("approved", "bob"),
        ("expired", ""),
    ]


def test_a_revoked_one_is_over_at_the_next_look(
    client: FlaskClient, portal: Portal, pool: Pool
) -> None:
    card, check = failing(client)
    made = send(client, EXEMPTIONS, wanted(portal, card, check))
    one = f"{EXEMPTIONS}/{made.json['id']}"
    done = send(client, f"{one}/approve", by=DECIDER, tag=made.headers["ETag"])
    look(portal, pool)
    ended = send(
        client, f"{one}/revoke", {"reason": "mended"}, by=DECIDER, tag=done.headers["ETag"]
    )
    assert ended.json["state"] == "revoked"
    look(portal, pool)
    assert check_of(client, card, check)["outcome"] == "fail"


def test_a_write_has_to_say_what_it_has_seen(client: FlaskClient, portal: Portal) -> None:
    card, check = failing(client)
    made = send(client, EXEMPTIONS, wanted(portal, card, check))
    one = f"{EXEMPTIONS}/{made.json['id']}"
    for action in ("approve", "deny", "revoke", "withdraw"):
        body = {"reason": "because"}
        assert send(client, f"{one}/{action}", body, by=DECIDER).status_code == 428
        assert send(client, f"{one}/{action}", body, by=DECIDER, tag='"x"').status_code == 412
    seen = made.headers["ETag"]
    assert send(client, f"{one}/withdraw", tag=seen).status_code == 200
    late = send(client, f"{one}/approve", by=DECIDER, tag=seen)
    assert (late.status_code, late.json["code"]) == (412, "PRECONDITION_FAILED")
    again = send(client, f"{one}/approve", by=DECIDER, tag=get(client, one).headers["ETag"])
    assert (again.status_code, again.json["errors"][0]["code"]) == (409, "EXEMPTION_STATE")


def test_who_may_do_what(client: FlaskClient, portal: Portal) -> None:
    card, check = failing(client)
    made = send(client, EXEMPTIONS, wanted(portal, card, check))
    one, tag = f"{EXEMPTIONS}/{made.json['id']}", made.headers["ETag"]
    own = send(client, f"{one}/approve", tag=tag)
    assert (own.status_code, own.json["errors"][0]["code"]) == (403, "EXEMPTION_OWN")
    other = send(client, f"{one}/withdraw", by=DECIDER, tag=tag)
    assert (other.status_code, other.json["errors"][0]["code"]) == (403, "EXEMPTION_NOT_YOURS")
    limited = send(client, f"{one}/approve", by=NO_DECIDER, tag=tag)
    assert (limited.status_code, limited.json["code"]) == (403, "FORBIDDEN")
    second = send(
        client,
        EXEMPTIONS,
        wanted(portal, card, check, ref=None, filter="kind=component"),
        by=NO_DECIDER,
    )
    assert second.status_code == 201
    over = send(
        client,
        f"{EXEMPTIONS}/{second.json['id']}/approve",
        by=DECIDER,
        tag=second.headers["ETag"],
    )
    assert (over.status_code, over.json["errors"][0]["code"]) == (409, "EXEMPTION_BUDGET")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"scorecard": "nope"}, 422),
        ({"check": "nope"}, 422),
        ({"check": None}, 201),
        ({"ref": None}, 422),
        ({"filter": "kind=component"}, 422),
        ({"ref": None, "filter": ","}, 422),
        ({"ref": None, "filter": "=x"}, 422),
        ({"ref": "component:/"}, 422),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, 422),
        ({"expiresAt": "2999-01-01T00:00:00Z"}, 422),
        ({"expiresAt": "0001-01-01T00:00:00+14:00"}, 422),
        ({"expiresAt": "tomorrow"}, 422),
        ({"expiresAt": None}, 422),
        ({"reason": {"ground": "lazy", "text": "x"}}, 422),
        ({"reason": {"ground": "compensated", "text": "x"}}, 422),
        ({"reason": {"ground": "false_positive", "text": "x"}}, 201),
        ({"colour": "blue"}, 400),
    ],
)
def test_a_request_is_checked(
    client: FlaskClient, portal: Portal, changes: dict[str, Any], status: int
) -> None:
    card, check = failing(client)
    answer = send(client, EXEMPTIONS, wanted(portal, card, check) | changes)
    assert answer.status_code == status, answer.json


def test_lists_are_filtered(client: FlaskClient, portal: Portal) -> None:
    card, check = failing(client)
    made = [send(client, EXEMPTIONS, wanted(portal, card, check)).json["id"] for _ in range(3)]
    first = get(client, f"{EXEMPTIONS}?limit=2&state=requested&scorecard={card}&requestedBy=may")
    assert [item["id"] for item in first.json["items"]] == made[:0:-1]
    cursor = first.json["nextCursor"]
    rest = get(client, f"{EXEMPTIONS}?limit=2&state=requested&cursor={cursor}").json
    assert [item["id"] for item in rest["items"]] == made[:1]
    assert get(client, f"{EXEMPTIONS}?state=approved").json["items"] == []
    assert get(client, f"{EXEMPTIONS}?ref=component:basket&check={check}").json["items"]
    assert get(client, f"{EXEMPTIONS}?state=happy").status_code == 422
    assert get(client, f"{EXEMPTIONS}/999").status_code == 404
    one = f"{EXEMPTIONS}/{made[0]}"
    known = get(client, one).headers["ETag"]
    headers = {"Authorization": f"Bearer {ASKER.token}", "If-None-Match": known}
    assert client.get(one, headers=headers).status_code == 304
