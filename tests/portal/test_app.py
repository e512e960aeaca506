import io
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from catalog.ingest.store import Listed
from catalog.problems import Problem, Severity
from catalog.sources import Repository
from portal.api import envelope
from portal.api.envelope import POLICY
from portal.app import create_app
from portal.config import Auth, StaticToken
from portal.db.access import sessions
from portal.db.engine import open_database
from portal.db.ingest import registrations
from portal.wiring import Portal, store_of

MakePortal = Callable[..., Portal]

TOKEN = {"Authorization": "Bearer a-long-token"}
GUARDED: dict[str, Any] = {
    "auth": Auth.REQUIRED,
    "tokens": (StaticToken(token="a-long-token", subject="ci"),),
}


@pytest.fixture
def app(make_portal: MakePortal) -> Flask:
    return create_app(make_portal())


@pytest.fixture
def guarded(make_portal: MakePortal) -> Flask:
    return create_app(make_portal(**GUARDED))


def signed_in(portal: Portal, app: Flask) -> Any:
    with portal.database.write() as connection:
        code = sessions.create_link(connection, now=portal.now())
    client = app.test_client()
    assert client.get(f"/login?once={code}").status_code == 303
    return client


def test_every_answer_has_the_headers_that_keep_browsers_honest(app: Flask) -> None:
    for path in ("/livez", "/metrics", "/nope", "/api/v1/plugins", "/api/v1/nope", "/api/docs"):
        headers = app.test_client().get(path).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, no-cache"
        assert "Strict-Transport-Security" not in headers
        assert "Set-Cookie" not in headers
    assert "unsafe" not in POLICY


def test_a_status_is_spelled_as_people_are_shown_it(app: Flask) -> None:
    client = app.test_client()
    statuses = [
        client.open(f"/api/catalog{path}", method=method, json=body).status
        for method, path, body in (
            ("GET", "/entities", None),
            ("GET", "/entities/by-name/component/default/none", None),
            ("POST", "/locations", {}),
            ("PUT", "/entities", {}),
            ("POST", "/refresh", {"entityRef": "x" * 20_000_000}),
            ("DELETE", "/entities/by-uid/none", None),
        )
    ]
    assert statuses == [
        "200 OK",
        "404 Not Found",
        "400 Bad Request",
        "405 Method Not Allowed",
        "413 Payload Too Large",
        "204 No Content",
    ]


def test_an_answer_without_content_has_no_type(app: Flask) -> None:
    answer = app.test_client().delete("/api/catalog/entities/by-uid/none")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize(("public", "status"), [(False, 401), (True, 404)])
def test_badges_are_for_everybody_where_the_operator_says_so(
    make_portal: MakePortal, public: bool, status: int
) -> None:
    client = create_app(make_portal(**GUARDED, public_badges=public)).test_client()
    of = "/api/v1/entities/component/default/none/scorecards/service-maturity"
    assert {client.get(f"{of}/badge.{form}").status_code for form in ("svg", "json")} == {status}
    assert client.get(of).status_code == 401
    assert client.get("/api/v1/entities").status_code == 401


def test_a_request_id_comes_back_and_a_forged_one_does_not(app: Flask) -> None:
    client = app.test_client()
    given = client.get("/livez", headers={"X-Request-Id": "trace-1.2_3"})
    assert given.headers["X-Request-Id"] == "trace-1.2_3"
    for forged in ("a b", "x" * 65, "<script>", ""):
        made = client.get("/api/v1/nope", headers={"X-Request-Id": forged})
        assert len(made.headers["X-Request-Id"]) == 16
        assert made.json["request_id"] == made.headers["X-Request-Id"]


def test_liveness_reads_nothing(make_portal: MakePortal) -> None:
    portal = make_portal(**GUARDED)
    client = create_app(
        replace(portal, database=open_database("sqlite:////nowhere/x.db"))
    ).test_client()
    assert client.get("/livez").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["database"]) == (503, "cannot be read")


def test_ready_means_database_schema_and_engine(make_portal: MakePortal) -> None:
    portal = make_portal()
    assert create_app(portal).test_client().get("/readyz").status_code == 200
    stopped = create_app(portal, beats=lambda: False).test_client().get("/readyz")
    assert (stopped.status_code, stopped.json["checks"]["engine"]) == (503, "stopped")
    empty = replace(portal, database=open_database("sqlite://"))
    schema = create_app(empty).test_client().get("/readyz")
    assert schema.json["checks"]["database"] == "has another schema"


def test_a_process_stays_ready_when_the_next_version_has_migrated(make_portal: MakePortal) -> None:
    portal = make_portal()
    client = create_app(portal).test_client()
    with portal.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    assert client.get("/readyz").status_code == 200
    with portal.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert client.get("/readyz").json["checks"]["database"] == "has another schema"


def test_every_metric_is_in_the_guide(app: Flask) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/how-to/watch-it.md").read_text()
    client = app.test_client()
    client.get("/livez")
    shown = re.findall(r"^# TYPE (plumbline_\w+)", client.get("/metrics").text, re.M)
    assert len(shown) > 5
    missing = [name for name in shown if f"| `{name}" not in guide and "_created" not in name]
    assert missing == []


def test_probes_that_find_all_well_leave_no_line_in_the_log(
    make_portal: MakePortal, caplog: pytest.LogCaptureFixture
) -> None:
    portal, lives = make_portal(), True
    client = create_app(portal, beats=lambda: lives).test_client()
    caplog.set_level(logging.INFO)
    for path in ("/livez", "/readyz", "/metrics", "/.backstage/health/v1/readiness"):
        assert client.get(path).status_code == 200
    client.get("/made/up")
    lives = False
    client.get("/readyz")
    said = [one.message for one in caplog.records if one.name == "portal.api.envelope"]
    assert said == ["GET /made/up 404", "GET /readyz 503"]


def test_an_answer_that_took_long_says_so_in_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    app.test_client().get("/made/up")
    monkeypatch.setattr(envelope, "LONG", 0.0)
    app.test_client().get("/made/up")
    quick, slow = (one.message for one in caplog.records if one.name == envelope.__name__)
    assert quick == "GET /made/up 404"
    assert re.fullmatch(r"GET /made/up 404 in \d+\.\d s", slow)


def test_metrics_say_what_an_alarm_needs(make_portal: MakePortal, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    portal = make_portal()
    with portal.database.write() as connection:
        there, gone = (
            registrations.register(
                connection, type="file", target=f"/srv/{name}", origin="command", now=portal.now()
            )
            for name in ("there", "gone")
        )
    store = store_of(portal)
    found = Repository(url="file:///srv/there", name="there")
    fault = Problem(code="SOURCE_FAILED", severity=Severity.ERROR, message="It is not there.")
    hour = portal.now() - timedelta(hours=1)
    store.note_listings([Listed(location=there, repositories=(found,), complete=True)], now=hour)
    store.note_failure(there, found, fault)
    store.note_failure(gone, None, fault)
    lives = True
    client = create_app(portal, beats=lambda: lives).test_client()

    def told(name: str) -> float:
        [line] = re.findall(rf"^{re.escape(name)} (.+)$", client.get("/metrics").text, re.M)
        return float(line)

    assert told('plumbline_locations{state="failed"}') == 1
    assert told('plumbline_locations{state="ok"}') == 1
    assert told("plumbline_failed_repositories") == 1
    assert 3599 <= told("plumbline_last_listing_seconds") < 3700
    assert told("plumbline_held_removals") == 0
    assert told("plumbline_database_bytes") > 100_000
    assert 0 < told("plumbline_disk_free_ratio") < 1
    assert told("process_resident_memory_bytes") > 1e7
    assert told("plumbline_engine_up") == 1
    lives = False
    assert told("plumbline_engine_up") == 0


def test_metrics_count_requests_by_route_and_never_by_path(app: Flask) -> None:
    client = app.test_client()
    client.get("/api/v1/scorecards/made-up")
    client.get("/made/up")
    text = client.get("/metrics").text
    assert 'route="/api/v1/scorecards/<name>",status="404"' in text
    assert "made-up" not in text
    assert 'plumbline_problems{severity="error"} 0.0' in text
    assert "plumbline_pending_keys" in text
    assert 'plumbline_oldest_free_key_seconds{lane="person"} 0.0' in text


def test_metrics_go_on_while_the_database_does_not_answer(make_portal: MakePortal) -> None:
    portal = make_portal()
    assert "plumbline_database_up 1.0" in create_app(portal).test_client().get("/metrics").text
    gone = replace(portal, database=open_database("sqlite:////nowhere/portal.db"))
    client = create_app(gone).test_client()
    assert client.get("/api/catalog/entities").status_code == 503
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "plumbline_database_up 0.0" in answer.text
    assert 'route="/api/catalog/entities",status="503"} 1.0' in answer.text
    assert "plumbline_entities" not in answer.text  # none is not known


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example:80", ""])
def test_an_open_portal_answers_only_to_its_own_names(app: Flask, host: str) -> None:
    for path in ("/livez", "/api/v1/plugins", "/", "/nope"):
        assert app.test_client().get(path, headers={"Host": host}).status_code == 400


def test_a_foreign_page_cannot_post(app: Flask) -> None:
    client = app.test_client()
    path = "/api/v1/locations/00000000-0000-0000-0000-000000000000/refresh"
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
    ):
        refused = client.post(path, headers=headers)
        assert (refused.status_code, refused.json["code"]) == (403, "FORBIDDEN")
    assert client.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 404
    assert client.post(path).status_code == 404


def test_identity_and_forwarding_headers_are_ignored(guarded: Flask) -> None:
    forged = {
        "X-Forwarded-User": "admin",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "attacker.example",
        "X-Forwarded-Prefix": "/attacker",
    }
    refused = guarded.test_client().get("/api/v1/plugins", headers=forged)
    assert refused.status_code == 401
    assert "attacker" not in refused.text
    assert "attacker" not in guarded.test_client().get("/", headers=forged).headers["Location"]


def test_every_view_is_closed_but_the_named_ones(guarded: Flask) -> None:
    client = guarded.test_client()
    opened = {"/livez", "/readyz", "/login", "/static/<path:filename>"}
    signed = {"/api/v1/webhooks/<name>", "/api/events/http/<topic>"}
    opened |= {f"/.backstage/health/v1/{probe}" for probe in ("liveness", "readiness")}
    for rule in guarded.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            value = "00000000-0000-0000-0000-000000000000" if argument == "location_id" else "x"
            for form in (
                f"<{argument}>",
                f"<path:{argument}>",
                f"<uuid:{argument}>",
                f"<int:{argument}>",
            ):
                path = path.replace(form, value)
        for method in rule.methods or ():
            status = client.open(path, method=method).status_code
            expected = {200, 404} if rule.rule in opened else {401, 303, 308}
            if method == "POST" and rule.rule in signed:
                expected = {404}  # none is configured
            assert status in expected, (method, rule.rule, status)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1;x=/livez/entities",
        "//api/v1/entities",
        "/api/v1/entities/",
        "/API/v1/entities",
        "/livez/../api/v1/entities",
        "/livez/%2e%2e/api/v1/entities",
        "/livez%2F..%2Fapi",
        "/api/v1/entities?/livez",
        "/static/../api/v1/entities",
        "/livez/",
        "/.env",
        "/console",
    ],
)
def test_no_spelling_of_a_path_opens_it(guarded: Flask, path: str) -> None:
    assert guarded.test_client().get(path).status_code in {303, 308, 401, 404}


def test_a_token_opens_the_api_and_a_wrong_one_nothing(guarded: Flask) -> None:
    client = guarded.test_client()
    assert client.get("/api/v1/plugins", headers=TOKEN).status_code == 200
    assert client.get("/metrics", headers=TOKEN).status_code == 200
    for path in ("/api/v1/plugins", "/api/catalog/entities/by-query", "/", "/metrics", "/nope"):
        refused = client.get(path, headers={"Authorization": "Bearer wrong-token"})
        assert refused.status_code == 401, path


def test_backstage_clients_are_refused_in_their_own_words(guarded: Flask) -> None:
    client = guarded.test_client()
    for path in ("/api/catalog/entities/by-query", "/api/catalog/nope", "/api/nope"):
        missing = client.get(path).json
        assert missing["error"] == {"name": "AuthenticationError", "message": "Missing credentials"}
        assert missing["response"] == {"statusCode": 401}
        illegal = client.get(path, headers={"Authorization": "Bearer wrong-token"}).json
        assert illegal["error"]["message"] == "Illegal token"
        basic = client.get(path, headers={"Authorization": "Basic eDp5"}).json
        assert basic["error"]["message"] == "Missing credentials"


def test_an_open_portal_still_refuses_a_bad_token(app: Flask) -> None:
    refused = app.test_client().get(
        "/api/catalog/entities/by-query", headers={"Authorization": "Bearer wrong-token"}
    )
    assert refused.json["error"]["message"] == (
        "Could not resolve credentials; caused by AuthenticationError: Illegal token"
    )


def test_pages_ask_to_sign_in(guarded: Flask) -> None:
    client = guarded.test_client()
    for path in ("/", "/catalog", "/nope"):
        asked = client.get(path)
        assert (asked.status_code, asked.headers["Location"]) == (303, "/login")
    assert client.post("/").status_code == 401
    assert "portal login-link" in client.get("/login").text


def test_a_link_signs_in_once_and_signing_out_ends_it(make_portal: MakePortal) -> None:
    portal = make_portal(**GUARDED)
    app = create_app(portal)
    with portal.database.write() as connection:
        code = sessions.create_link(connection, now=portal.now())
    client = app.test_client()
    client.set_cookie("plumbline", "fixed-before")
    entered = client.get(f"/login?once={code}")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/")
    cookie = entered.headers["Set-Cookie"]
    assert "fixed-before" not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert client.get("/api/v1/plugins").status_code == 200
    again = app.test_client().get(f"/login?once={code}")
    assert again.status_code == 401
    kept = cookie.partition(";")[0]
    assert client.post("/logout", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    replayed = app.test_client().get("/api/v1/plugins", headers={"Cookie": kept})
    assert replayed.status_code == 401


def test_looking_at_a_link_without_following_it_does_not_use_it(make_portal: MakePortal) -> None:
    portal = make_portal(**GUARDED)
    client = create_app(portal).test_client()
    with portal.database.write() as connection:
        code = sessions.create_link(connection, now=portal.now())
    client.head(f"/login?once={code}")
    assert client.get(f"/login?once={code}").status_code == 303


def test_a_signed_in_browser_is_still_asked_where_a_write_comes_from(
    make_portal: MakePortal,
) -> None:
    portal = make_portal(**GUARDED)
    client = signed_in(portal, create_app(portal))
    path = "/api/v1/locations/00000000-0000-0000-0000-000000000000/refresh"
    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 404
    assert client.post(path, headers={**TOKEN, "Origin": "http://x.example"}).status_code == 404


def test_behind_tls_the_cookie_is_bound_to_host_and_transport(make_portal: MakePortal) -> None:
    portal = make_portal(**GUARDED, base_url="https://portal.example/base", base_path="/base")
    with portal.database.write() as connection:
        code = sessions.create_link(connection, now=portal.now())
    entered = create_app(portal).test_client().get(f"/base/login?once={code}")
    cookie = entered.headers["Set-Cookie"]
    assert cookie.startswith("__Host-plumbline=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert entered.headers["Location"] == "/base/"
    assert "max-age" in entered.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("prefix", ["/base", ""])
def test_a_proxy_may_take_the_base_path_away_or_leave_it(
    make_portal: MakePortal, prefix: str
) -> None:
    portal = make_portal(**GUARDED, base_url="http://portal.example/base", base_path="/base")
    client = create_app(portal).test_client()
    assert client.get(f"{prefix}/livez").status_code == 200
    assert client.get(f"{prefix}/").headers["Location"] == "/base/login"
    problem = client.get(f"{prefix}/api/v1/nope", headers=TOKEN).json
    assert problem["instance"] == "/base/api/v1/nope"
    assert problem["type"].startswith("/base/api/docs#")
    openapi = client.get(f"{prefix}/api/v1/openapi.json", headers=TOKEN).json
    assert openapi["servers"] == [{"url": "/base"}]
    assert client.get("/baseless", headers=TOKEN).status_code == 404


def test_a_chunked_body_over_the_limit_is_refused_and_never_cut(app: Flask) -> None:
    for size, status in ((1024 * 1024, 404), (1024 * 1024 + 1, 413)):
        answer = app.test_client().open(
            "/api/v1/nope",
            method="POST",
            input_stream=io.BytesIO(b"x" * size),
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        )
        assert answer.status_code == status


def test_a_body_is_as_long_as_it_says_and_not_too_long(app: Flask) -> None:
    client = app.test_client()
    short = client.open(
        "/api/v1/nope",
        method="POST",
        input_stream=io.BytesIO(b"abc"),
        environ_overrides={"CONTENT_LENGTH": "10"},
    )
    assert (short.status_code, short.json["code"]) == (400, "BAD_REQUEST")
    large = client.post("/api/v1/nope", data=b"x" * (1024 * 1024 + 1))
    assert (large.status_code, large.json["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError()])
def test_a_body_that_stops_coming_frees_its_thread(app: Flask, error: OSError) -> None:
    class Stalled(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise error

    answer = app.test_client().open(
        "/api/v1/nope",
        method="POST",
        input_stream=Stalled(),
        environ_overrides={"CONTENT_LENGTH": "10"},
    )
    assert answer.status_code in (400, 408)


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "DELETE"])
def test_methods_that_are_not_served_are_refused(app: Flask, method: str) -> None:
    refused = app.test_client().open("/api/v1/plugins", method=method)
    assert refused.status_code == 405
    overridden = app.test_client().get(
        "/api/v1/plugins", headers={"X-HTTP-Method-Override": "DELETE"}
    )
    assert overridden.status_code == 200


def test_no_other_origin_is_let_in(app: Flask) -> None:
    for origin in ("null", "https://attacker.example", "http://localhost.attacker.example"):
        answer = app.test_client().get("/api/v1/plugins", headers={"Origin": origin})
        assert not [name for name in dict(answer.headers) if name.startswith("Access-Control")]
