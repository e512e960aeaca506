"""Every failure that the API can answer, walked through: each code once, in one shape."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.exceptions import ImATeapot, RequestTimeout, UnsupportedMediaType
from werkzeug.test import TestResponse

from portal.api.errors import CODES
from portal.app import create_app
from portal.config import Auth
from portal.config.hooking import Hook
from portal.db.engine import open_database
from portal.rationing import FOR_ONE
from portal.wiring import Portal
from tests.plugins.deliveries import SECRET as SIGNING
from tests.plugins.deliveries import hub

MakePortal = Callable[..., Portal]
SECRET = "S3CR3T-of-the-inside"


def chunked(client: FlaskClient, size: int) -> TestResponse:
    return client.open(
        "/api/v1/plugins",
        method="POST",
        input_stream=io.BytesIO(b"x" * size),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )


def short(client: FlaskClient) -> TestResponse:
    return client.open(
        "/api/v1/plugins",
        method="POST",
        input_stream=io.BytesIO(b"x"),
        environ_overrides={"CONTENT_LENGTH": "2"},
    )


def plan(client: FlaskClient) -> TestResponse:
    """A campaign for the first check there is."""
    name = client.get("/api/v1/scorecards").json["items"][0]["name"]
    card = client.get(f"/api/v1/scorecards/{name}").json
    asked = {
        "name": "describe",
        "title": "Everyone says what they are",
        "owner": "platform",
        "scorecard": name,
        "checks": [card["checks"][0]["id"]],
        "startsOn": date.today().isoformat(),
        "targetOn": (date.today() + timedelta(days=30)).isoformat(),
    }
    return client.post("/api/v1/campaigns", json=asked)


def start(client: FlaskClient, **headers: str) -> TestResponse:
    assert plan(client).status_code == 201
    return client.post("/api/v1/campaigns/describe/start", json={}, headers=headers)


def flood(client: FlaskClient) -> TestResponse:
    """More than anybody may ask for at once."""
    asked = {"type": "url", "target": "https://git.example.org/acme/shop"}
    location = client.post("/api/catalog/locations", json=asked).json["location"]["id"]
    path = f"/api/v1/locations/{location}/refresh"
    *first, last = (client.post(path) for _ in range(FOR_ONE.most + 1))
    assert {one.status_code for one in first} == {202}
    return last


def unreadable(client: FlaskClient) -> TestResponse:
    delivery = hub("push", None, body=b"{")
    return client.post(
        "/api/v1/webhooks/github", data=delivery.body, headers=dict(delivery.headers)
    )


FAILURES: dict[str, Callable[[FlaskClient], TestResponse]] = {
    "BAD_REQUEST": short,
    "BAD_DELIVERY": unreadable,
    "UNKNOWN_PARAMETER": lambda client: client.get("/api/v1/plugins?x=1"),
    "BAD_FILTER": lambda client: client.get("/api/v1/entities?filter==x"),
    "BAD_CURSOR": lambda client: client.get("/api/v1/entities?cursor=x"),
    "BAD_HOST": lambda client: client.get("/api/v1/plugins", headers={"Host": "x.example"}),
    "UNAUTHENTICATED": lambda client: client.get(
        "/api/v1/plugins", headers={"Authorization": "Bearer wrong-token"}
    ),
    "FORBIDDEN": lambda client: client.post(
        "/api/v1/plugins", headers={"Sec-Fetch-Site": "cross-site"}
    ),
    "NOT_FOUND": lambda client: client.get("/api/v1/nowhere"),
    "METHOD_NOT_ALLOWED": lambda client: client.delete("/api/v1/plugins"),
    "CONFLICT": lambda client: [plan(client), plan(client)][-1],
    "GONE": lambda client: client.get("/api/v1/events?after=9.1"),
    "PRECONDITION_FAILED": lambda client: start(client, **{"If-Match": '"another"'}),
    "PRECONDITION_REQUIRED": start,
    "BODY_TOO_LARGE": lambda client: chunked(client, 1024 * 1024 + 1),
    "BODY_TOO_SLOW": lambda client: client.get("/api/v1/test/slow"),
    "UNSUPPORTED_MEDIA_TYPE": lambda client: client.get("/api/v1/test/media"),
    "INVALID_VALUE": lambda client: client.get("/api/v1/problems?limit=0&severity=x"),
    "TOO_OFTEN": flood,
    "INTERNAL": lambda client: client.get("/api/v1/test/broken"),
    "UNAVAILABLE": lambda client: client.get("/api/v1/test/unavailable"),
}


def add_broken_views(app: Flask, portal: Portal) -> None:
    """Views that fail as nothing should."""

    @app.get("/api/v1/test/<how>")
    @app.get("/test/<how>")
    def fail(how: str) -> Any:
        match how:
            case "slow":
                raise RequestTimeout
            case "media":
                raise UnsupportedMediaType
            case "teapot":
                raise ImATeapot
            case "unavailable":
                gone = replace(portal, database=open_database(f"sqlite:////nowhere/{SECRET}"))
                with gone.database.read():
                    return "it is there"
        raise RuntimeError(f"{SECRET} {request.args.get('x', '')}")


@pytest.fixture
def broken(make_portal: MakePortal) -> FlaskClient:
    hook = Hook(name="github", type="github", url="https://github.com", secrets=(SIGNING,))
    portal = make_portal(hooks=(hook,))
    app = create_app(portal)
    add_broken_views(app, portal)
    return app.test_client()


def test_every_code_can_be_had() -> None:
    assert FAILURES.keys() == CODES.keys()


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_is_problem_details(broken: FlaskClient, code: str) -> None:
    answer = FAILURES[code](broken)
    assert answer.status_code == CODES[code][0]
    assert answer.content_type == "application/problem+json"
    body = answer.json
    assert body.keys() == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "errors",
    }
    assert (body["code"], body["status"]) == (code, answer.status_code)
    assert body["type"] == f"/api/docs#error-{code}"
    assert body["instance"].startswith("/api/v1/")
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert SECRET not in answer.text


def test_each_bad_value_is_named(broken: FlaskClient) -> None:
    errors = FAILURES["INVALID_VALUE"](broken).json["errors"]
    assert {error["pointer"] for error in errors} == {"/limit", "/severity"}
    assert {error["code"] for error in errors} == {"INVALID_VALUE"}


def test_the_methods_that_are_served_are_named(broken: FlaskClient) -> None:
    allowed = FAILURES["METHOD_NOT_ALLOWED"](broken).headers["Allow"]
    assert {"GET", "HEAD"} <= set(allowed.split(", "))


def test_a_database_that_is_away_says_when_to_come_back(broken: FlaskClient) -> None:
    assert FAILURES["UNAVAILABLE"](broken).headers["Retry-After"] == "5"


def test_too_much_in_a_short_time_says_when_to_come_back(broken: FlaskClient) -> None:
    answer = FAILURES["TOO_OFTEN"](broken)
    assert 0 < int(answer.headers["Retry-After"]) <= FOR_ONE.every.total_seconds()
    assert f"{FOR_ONE.most} things" in answer.json["detail"]


def test_a_status_without_a_code_of_its_own_is_answered_too(broken: FlaskClient) -> None:
    answer = broken.get("/api/v1/test/teapot")
    assert (answer.status_code, answer.json["code"]) == (418, "BAD_REQUEST")


def test_the_documentation_explains_every_code(broken: FlaskClient) -> None:
    page = broken.get("/api/docs")
    assert page.status_code == 200
    for code in CODES:
        assert f'id="error-{code}"' in page.text


def test_a_browser_is_answered_with_a_page(broken: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path, status in (
        ("/nowhere", 404),
        ("/test/broken", 500),
        ("/test/unavailable", 503),
        ("/test/media", 415),
    ):
        page = broken.get(path, headers=browser)
        assert page.status_code == status
        assert page.content_type == "text/html; charset=utf-8"
        assert page.headers["X-Request-Id"] in page.text
        assert SECRET not in page.text
    machine = broken.get("/nowhere", headers={"Accept": "application/json"})
    assert machine.content_type == "application/problem+json"


@pytest.mark.parametrize("payload", ["<script>alert(1)</script>", '"><img src=x onerror=a>'])
def test_nothing_of_a_request_is_reflected_as_markup(broken: FlaskClient, payload: str) -> None:
    for path in (f"/{payload}", f"/test/broken?x={payload}", f"/catalog?{payload}={payload}"):
        page = broken.get(path)
        assert payload not in page.text
        assert not re.search(r"<(script|img)[^>]*(alert|onerror)", page.text)


def test_backstage_paths_fail_in_backstages_form(broken: FlaskClient) -> None:
    answer = broken.get("/api/catalog/nowhere")
    assert answer.json["error"]["name"] == "NotFoundError"
    assert answer.json["response"] == {"statusCode": 404}
    assert answer.json["request"]["method"] == "GET"


def test_a_failure_before_signing_in_has_the_same_shape(make_portal: MakePortal) -> None:
    client = create_app(make_portal(auth=Auth.REQUIRED)).test_client()
    answer = client.get("/api/v1/nowhere")
    assert (answer.status_code, answer.json["code"]) == (401, "UNAUTHENTICATED")
    assert answer.json["detail"] == "Missing credentials"
