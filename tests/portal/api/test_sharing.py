"""Pages of other sites ask the APIs, where the operator named them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import Auth, Sharing, StaticToken
from portal.db.access import sessions
from portal.wiring import Portal

APP = "https://app.example.com"
TOKEN = {"Authorization": "Bearer a-long-token"}
COUNT = "/api/catalog/entities/by-query"


def shared(filled: Portal, *, auth: Auth = Auth.REQUIRED, named: bool = True) -> FlaskClient:
    changes: dict[str, Any] = {
        "auth": auth,
        "tokens": (StaticToken(token="a-long-token", subject="ci"),),
        "sharing": Sharing(origins=(APP,)) if named else None,
    }
    return create_app(replace(filled, settings=replace(filled.settings, **changes))).test_client()


ASKS = {
    "Origin": APP,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def test_a_browser_asks_beforehand_without_a_token(filled: Portal) -> None:
    answer = shared(filled).options(COUNT, headers=ASKS)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert set(answer.vary) == {"Origin", "Access-Control-Request-Headers"}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (COUNT, {**ASKS, "Origin": "https://evil.example"}),
        (COUNT, {"Access-Control-Request-Method": "POST"}),
        ("/locations", ASKS),
    ],
)
def test_nobody_else_is_permitted_anything(
    filled: Portal, path: str, headers: dict[str, str]
) -> None:
    answer = shared(filled).options(path, headers=headers)
    assert answer.status_code != 204
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


def test_answers_and_errors_may_be_read_by_the_page_that_asked(filled: Portal) -> None:
    client = shared(filled)
    for headers, path, status in (
        (TOKEN, f"{COUNT}?limit=0", 200),
        (TOKEN, f"{COUNT}?limit=x", 400),
        (TOKEN, "/api/tech-insights/checks", 200),
        (TOKEN, "/api/v1/scorecards", 200),
        ({}, f"{COUNT}?limit=0", 401),
    ):
        answer = client.get(path, headers={**headers, "Origin": APP})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == APP
        assert "Origin" in answer.vary
        other = client.get(path, headers=headers)
        assert "Access-Control-Allow-Origin" not in other.headers
        assert "Origin" in other.vary


def _post(client: FlaskClient, origin: str, path: str = COUNT) -> int:
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    return client.post(path, json={"limit": 0}, headers=headers).status_code


def test_where_everybody_may_ask_a_named_page_may_ask_for_what_is_unsafe(filled: Portal) -> None:
    client = shared(filled, auth=Auth.OPEN)
    assert _post(client, APP) == 200
    assert _post(client, "https://evil.example") == 403
    assert _post(client, APP, "/signin/out") in (403, 404), "pages are not shared"
    assert _post(shared(filled, auth=Auth.OPEN, named=False), APP) == 403


def test_the_cookie_of_who_signed_in_speaks_for_our_own_pages_alone(filled: Portal) -> None:
    client = shared(filled)
    assert _post(client, APP) == 401
    with filled.database.write() as connection:
        code = sessions.create_link(connection, now=filled.now())
        session = sessions.sign_in(connection, code, now=filled.now())
    client.set_cookie("plumbline", str(session))
    assert client.post(COUNT, json={"limit": 0}).status_code == 200
    assert _post(client, APP) == 403
