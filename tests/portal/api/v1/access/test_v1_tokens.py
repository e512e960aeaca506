"""Tokens over HTTP: making one, being let in with it, and revoking it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.app import create_app
from portal.config import Auth, StaticToken
from portal.config.access import Restriction
from portal.db.access.token_memory import BELIEVED
from portal.use_cases.issuing import LASTS, SOON
from portal.wiring import Portal, open_portal
from scorecards.collection.pushed import Declared
from scorecards.facts import FactSchema, FactType
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import entity

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPS = StaticToken(token="ops-token", subject="ops")
ADMIN = StaticToken(
    token="admin-token",
    subject="admin",
    restrictions=(
        Restriction(
            plugin="plumbline", permissions=("plumbline.admin.read", "plumbline.admin.update")
        ),
    ),
)
READER = StaticToken(
    token="reader-token",
    subject="reader",
    restrictions=(Restriction(plugin="plumbline", permissions=("plumbline.read",)),),
)
PUSHING = {
    "plugin": "plumbline",
    "permission": ["plumbline.facts.push"],
    "facts": ["coverage"],
    "entities": ["component:default/a*"],
}


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


class Served:
    """A portal that asks for tokens, on each database, with a clock of the test's."""

    def __init__(self, portal: Portal) -> None:
        self.clock = Clock()
        self.portal = replace(portal, now=self.clock)
        self.client = create_app(self.portal).test_client()

    def ask(self, method: str, path: str, token: str = OPS.token, **more: Any) -> Any:
        shown = {"Authorization": f"Bearer {token}"}
        return self.client.open(f"/api/v1{path}", method=method, headers=shown, **more)

    def make(self, subject: str = "ci", *limits: dict[str, Any], **more: Any) -> Any:
        body = {"subject": subject, "accessRestrictions": list(limits), **more}
        made = self.ask("POST", "/tokens", json=body)
        assert made.status_code == 201, made.json
        return made.json


@pytest.fixture
def served(make_portal: Callable[..., Portal], database_url: str) -> Iterator[Served]:
    portal = make_portal(database=database_url, auth=Auth.REQUIRED, tokens=(OPS, ADMIN, READER))
    yield Served(portal)
    portal.database.close()


@pytest.fixture
def edge(make_portal: Callable[..., Portal]) -> Served:
    """The same on SQLite alone, for what no database has a part in."""
    return Served(make_portal(auth=Auth.REQUIRED, tokens=(OPS, ADMIN, READER)))


def test_a_token_lets_in_for_what_it_may_and_no_longer_once_it_is_revoked(served: Served) -> None:
    made = served.make("ci", {"plugin": "plumbline", "permission": ["plumbline.read"]})
    assert served.ask("GET", "/plugins", made["secret"]).status_code == 200
    refused = served.ask("POST", "/assessments", made["secret"])
    assert (refused.status_code, refused.json["code"]) == (403, "FORBIDDEN")
    assert served.client.get("/api/catalog/entities").status_code == 401
    ended = served.ask("DELETE", f"/tokens/{made['id']}")
    assert (ended.status_code, ended.json["state"], ended.json["revokedBy"]) == (
        200,
        "revoked",
        "ops",
    )
    again = served.ask("GET", "/plugins", made["secret"])
    assert (again.status_code, again.json["detail"]) == (401, "Illegal token")
    known = served.ask("DELETE", f"/tokens/{made['id']}").json
    # When it was used last is noted a little later.
    assert known == {**ended.json, "usedAt": known["usedAt"]}
    assert served.ask("DELETE", "/tokens/77").status_code == 404


def test_the_secret_is_told_once_and_is_in_no_list_log_or_cache(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"subject": "ci", "accessRestrictions": []}
    answer = served.ask("POST", "/tokens", json=body)
    secret = answer.json["secret"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    served.ask("GET", "/plugins", secret)
    listed = served.ask("GET", "/tokens")
    served.ask("DELETE", f"/tokens/{answer.json['id']}")
    served.ask("GET", "/plugins", secret)
    assert listed.json["items"][0]["subject"] == "ci"
    for text in (listed.text, served.ask("GET", "/decisions").text, caplog.text):
        assert secret not in text
        assert secret[4:20] not in text


def test_tokens_are_listed_with_who_made_them_and_how_they_stand(served: Served) -> None:
    soon = (NOW + SOON).isoformat()
    served.make("one", PUSHING, description="Of <payments>.", expiresAt=soon)
    served.make("two", expiresAt=None)
    served.make("three")
    first = served.ask("GET", "/tokens?limit=2").json
    assert [one["subject"] for one in first["items"]] == ["three", "two"]
    three, two = first["items"]
    assert three["expiresAt"] == "2026-07-30T12:00:00.000Z"
    assert (two["expiresAt"], two["state"], two["restrictions"]) == (None, "active", [])
    [one] = served.ask("GET", f"/tokens?cursor={first['nextCursor']}").json["items"]
    assert one == {
        "id": one["id"],
        "subject": "one",
        "description": "Of <payments>.",
        "state": "expires_soon",
        "restrictions": [
            {
                "plugin": "plumbline",
                "permissions": ["plumbline.facts.push"],
                "actions": [],
                "facts": ["coverage"],
                "entities": ["component:default/a*"],
            }
        ],
        "madeBy": "ops",
        "madeAt": "2026-05-01T12:00:00.000Z",
        "expiresAt": "2026-05-15T12:00:00.000Z",
        "usedAt": None,
        "revokedBy": None,
        "revokedAt": None,
    }
    served.clock.now += SOON
    states = {one["subject"]: one["state"] for one in served.ask("GET", "/tokens").json["items"]}
    assert states == {"one": "expired", "two": "active", "three": "active"}


def test_a_token_ends_by_itself_after_its_time(edge: Served) -> None:
    made = edge.make("ci")
    edge.clock.now += LASTS - timedelta(seconds=1)
    assert edge.ask("GET", "/plugins", made["secret"]).status_code == 200
    edge.clock.now += timedelta(seconds=1)
    assert edge.ask("GET", "/plugins", made["secret"]).status_code == 401


def test_another_process_refuses_within_seconds_what_was_revoked(served: Served) -> None:
    made = served.make("ci")
    other = Served(open_portal(served.portal.settings))
    assert other.ask("GET", "/plugins", made["secret"]).status_code == 200
    served.ask("DELETE", f"/tokens/{made['id']}")
    other.clock.now += BELIEVED
    assert other.ask("GET", "/plugins", made["secret"]).status_code == 401
    other.portal.database.close()


def test_facts_are_pushed_with_a_token_for_these_facts_and_entities(
    make_portal: Callable[..., Portal],
) -> None:
    declared = tuple(
        Declared(
            schema=FactSchema(name=name, type=FactType.DOUBLE, description="x", when_absent=0.0)
        )
        for name in ("coverage.line_pct", "deploy.count")
    )
    portal = make_portal(auth=Auth.REQUIRED, tokens=(OPS,), pushed_facts=declared)
    put(new_store(portal.database), reading("1", entity("a"), entity("b")))
    served = Served(portal)
    secret = served.make("ci", PUSHING)["secret"]
    items = [
        {"entity": "a", "facts": {"coverage.line_pct": 91.5}},
        {"entity": "b", "facts": {"coverage.line_pct": 91.5}},
        {"entity": "a", "facts": {"deploy.count": 1.0}},
    ]
    told = served.ask("POST", "/facts", secret, json={"items": items}).json
    assert [one["outcome"] for one in told["items"]] == ["stored", "refused", "refused"]
    codes = {problem["code"] for one in told["items"][1:] for problem in one["problems"]}
    assert codes == {"FACT_NOT_PERMITTED"}


def test_a_token_that_may_everything_makes_and_revokes_none(edge: Served) -> None:
    made = edge.make("all")
    assert edge.ask("GET", "/tokens", made["secret"]).status_code == 200
    body = {"subject": "more", "accessRestrictions": []}
    for refused in (
        edge.ask("POST", "/tokens", made["secret"], json=body),
        edge.ask("DELETE", f"/tokens/{made['id']}", made["secret"]),
        edge.ask("POST", "/tokens", ADMIN.token, json=body),
        edge.ask("DELETE", f"/tokens/{made['id']}", ADMIN.token),
        edge.ask("POST", "/tokens", READER.token, json=body),
        edge.ask("GET", "/tokens", READER.token),
    ):
        assert (refused.status_code, refused.json["code"]) == (403, "FORBIDDEN")
    assert [one["subject"] for one in edge.ask("GET", "/tokens").json["items"]] == ["all"]
    assert edge.ask("GET", "/plugins", made["secret"]).status_code == 200


@pytest.mark.parametrize(
    ("more", "status", "pointer"),
    [
        ({"subject": "two words"}, 422, "/subject"),
        ({"subject": "x" * 101}, 422, "/subject"),
        ({"subject": "ümlaut"}, 422, "/subject"),
        ({"description": "x" * 501}, 422, "/description"),
        ({"description": "\0"}, 422, "/"),
        ({"expiresAt": "2026-05-01T12:00:00Z"}, 422, "/expiresAt"),
        ({"expiresAt": "tomorrow"}, 422, "/expiresAt"),
        ({"secret": "plb_mine"}, 400, "/secret"),
        ({"accessRestrictions": None}, 422, "/accessRestrictions"),
        ({"accessRestrictions": [{"plugin": "katalog"}]}, 422, "/accessRestrictions/0/plugin"),
        (
            {"accessRestrictions": [{"plugin": "catalog", "permission": ["catalog.entity.raed"]}]},
            422,
            "/accessRestrictions/0/permission",
        ),
        (
            {"accessRestrictions": [{"plugin": "catalog"}, {"plugin": "catalog"}]},
            422,
            "/accessRestrictions",
        ),
        (
            {"accessRestrictions": [{"plugin": "catalog", "facts": ["coverage"]}]},
            422,
            "/accessRestrictions/0",
        ),
        (
            {
                "accessRestrictions": [
                    {"plugin": "catalog", "permissionAttribute": {"action": ["look"]}}
                ]
            },
            422,
            "/accessRestrictions/0/permissionAttribute/action",
        ),
        (
            {"accessRestrictions": [{"plugin": "catalog", "permission": []}]},
            422,
            "/accessRestrictions/0/permission",
        ),
        (
            {"accessRestrictions": [{"plugin": "catalog", "permissions": ["x"]}]},
            400,
            "/accessRestrictions/0/permissions",
        ),
    ],
)
def test_what_a_token_cannot_be_is_said_with_its_place(
    edge: Served, more: dict[str, Any], status: int, pointer: str
) -> None:
    body = {"subject": "ci", "accessRestrictions": [], **more}
    refused = edge.ask("POST", "/tokens", json=body)
    assert refused.status_code == status, refused.json
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert edge.ask("GET", "/tokens").json["items"] == []


def test_a_misspelled_permission_is_told_what_it_may_have_been(edge: Served) -> None:
    limits = {"plugin": "plumbline", "permission": ["plumbline.fact.push"]}
    body = {"subject": "ci", "accessRestrictions": [limits]}
    [error] = edge.ask("POST", "/tokens", json=body).json["errors"]
    assert error["detail"].endswith("Did you mean `plumbline.facts.push`?")


def test_who_made_and_revoked_a_token_is_among_the_decisions(edge: Served) -> None:
    made = edge.make("ci")
    edge.ask("DELETE", f"/tokens/{made['id']}")
    found = edge.ask("GET", "/decisions").json["items"]
    assert [(one["actor"], one["token"]["step"]) for one in found] == [
        ("ops", "revoked"),
        ("ops", "made"),
    ]
    assert found[0]["token"] == {"id": made["id"], "subject": "ci", "step": "revoked"}
    assert found[0]["removed"] == []


def test_only_who_shows_a_made_token_has_it_looked_for_and_only_once_in_a_moment(
    edge: Served,
) -> None:
    made = edge.make("ci")
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(edge.portal.database.engine, "before_cursor_execute", note)

    def looked(client: FlaskClient, token: str | None) -> int:
        asked.clear()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client.get("/api/v1/entities", headers=headers)
        return sum("FROM tokens" in statement for statement in asked)

    assert looked(edge.client, None) == 0
    assert looked(edge.client, OPS.token) == 0
    assert looked(edge.client, "plb_of-no-form") == 0
    assert looked(edge.client, made["secret"]) == 1
    assert looked(edge.client, made["secret"]) == 0
