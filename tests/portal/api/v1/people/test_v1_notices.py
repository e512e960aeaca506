"""Notices and mutes through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.app import create_app
from portal.db.people import notices, outbox
from portal.wiring import Portal
from scorecards.people.notices import Kind, Notice, message
from tests.portal.conftest import MakePortal

WEB, PAY = "group:default/web", "group:default/pay"


@pytest.fixture
def portal(make_portal: MakePortal) -> Portal:
    portal = make_portal()
    now = portal.now()
    found = [
        Notice(
            key=f"{kind}-{team}",
            kind=kind,
            team=team,
            ref="component:default/a" if kind is Kind.LEVEL_DROP else "",
            text=f"{kind} of {team}",
            at=now,
        )
        for kind in (Kind.LEVEL_DROP, Kind.CAMPAIGN_DUE)
        for team in (WEB, PAY)
    ]
    with portal.database.write() as connection:
        notices.put(connection, found, now=now)
        one = message(WEB, found[:1], channel="chat", address="")
        outbox.put(connection, one, channel="chat", now=now)
        notices.set_state(connection, [found[0].key], notices.SENT)
        outbox.note_failure(connection, one.id, "it is down", again_at=None)
    return portal


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def keys(client: FlaskClient, query: str = "") -> list[str]:
    return [item["key"] for item in client.get(f"/api/v1/notices{query}").json["items"]]


def test_notices_are_listed_narrowed_and_in_pages(client: FlaskClient) -> None:
    everything = keys(client)
    assert everything[0] == f"campaign_due-{PAY}"
    assert len(everything) == 4
    assert keys(client, "?team=web") == [f"campaign_due-{WEB}", f"level_drop-{WEB}"]
    assert keys(client, "?kind=level_drop&state=new") == [f"level_drop-{PAY}"]
    assert keys(client, "?ref=component:a&state=sent") == [f"level_drop-{WEB}"]
    first = client.get("/api/v1/notices?limit=3").json
    assert keys(client, f"?limit=3&cursor={first['nextCursor']}") == everything[3:]
    assert client.get("/api/v1/notices?kind=gossip").status_code == 422
    assert client.get("/api/v1/notices?cursor=eA==").status_code == 400
    assert client.get("/api/v1/notices?team=%00").status_code == 422


def test_notices_within_a_group_are_at_least_its_own(client: FlaskClient) -> None:
    """Those of what is below it are in `test_page_notices`, which compares them with the page."""
    assert keys(client, "?within=pay&kind=level_drop") == [f"level_drop-{PAY}"]
    assert keys(client, "?within=nobody") == []
    assert client.get("/api/v1/notices?within=%20:").status_code == 422


def test_what_was_given_up_can_be_sent_again(client: FlaskClient) -> None:
    (found,) = client.get("/api/v1/notices/messages?state=dead").json["items"]
    assert (found["channel"], found["problem"]) == ("chat", "it is down")
    again = f"/api/v1/notices/messages/{found['id']}/retry"
    assert client.post(again).status_code == 202
    (found,) = client.get("/api/v1/notices/messages").json["items"]
    assert (found["state"], found["attempts"]) == ("pending", 0)
    assert client.post(again).status_code == 404


def test_mutes_are_made_listed_and_taken_back(client: FlaskClient, portal: Portal) -> None:
    until = (portal.now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    made = client.post(
        "/api/v1/mutes",
        json={"team": "web", "kind": "level_drop", "until": until, "reason": "a move"},
    )
    assert made.status_code == 201, made.json
    assert (made.json["team"], made.json["ref"], made.json["kind"]) == (WEB, None, "level_drop")
    assert client.get("/api/v1/mutes").json["items"] == [made.json]
    one = f"/api/v1/mutes/{made.json['id']}"
    assert client.delete(one).json["items"] == []
    assert client.delete(one).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"until": "2999-01-01T00:00:00Z"},
        {"team": "web"},
        {"team": "web", "until": "2020-01-01T00:00:00Z"},
        {"team": "web", "until": "soon"},
        {"kind": "gossip", "until": "2999-01-01T00:00:00Z"},
        {"ref": "a", "until": "2999-01-01T00:00:00Z"},
    ],
)
def test_a_mute_that_cannot_be_meant_is_refused(client: FlaskClient, body: dict[str, Any]) -> None:
    assert client.post("/api/v1/mutes", json=body).status_code == 422
