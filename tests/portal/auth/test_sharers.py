"""Which pages of other sites may ask, and what their browser is told."""

import pytest

from portal.auth import Sharers
from portal.config import Sharing

APP = "https://app.example.com"


@pytest.mark.parametrize(
    ("pattern", "origin", "may"),
    [
        (APP, APP, True),
        (APP, "https://APP.example.com", True),
        (APP, "http://app.example.com", False),
        (APP, "https://app.example.com:8443", False),
        (APP, "https://app.example.com.evil.example", False),
        ("https://*.example.com", APP, True),
        ("https://*.example.com", "https://example.com", False),
        ("https://*.example.com", "https://evil.example/.example.com", False),
        ("https://{app,www}.example.com", APP, True),
        ("http://localhost:*", "http://localhost:3000", True),
        ("*", APP, False),
        ("*", "null", False),
        ("", "", False),
        (APP, None, False),
    ],
)
def test_an_origin_has_to_be_named(pattern: str, origin: str | None, may: bool) -> None:
    sharers = Sharers(Sharing(origins=(pattern,)))
    assert sharers.may_ask(origin, "/api/catalog/entities") is may
    assert not sharers.may_ask(origin, "/locations"), "pages are not shared"


def test_without_origins_nobody_may_ask_and_nothing_is_said() -> None:
    assert not Sharers(None).may_ask(APP, "/api/catalog/entities")
    assert Sharers(None).headers(APP, "/api/catalog/entities") == []
    assert Sharers(None).permission("authorization") == []


def test_an_answer_is_for_its_origin_alone() -> None:
    sharers = Sharers(Sharing(origins=(APP,), exposed=("Link", "ETag")))
    assert sharers.headers(APP, "/api/x") == [
        ("Vary", "Origin"),
        ("Access-Control-Allow-Origin", APP),
        ("Access-Control-Expose-Headers", "Link,ETag"),
    ]
    assert sharers.headers("https://evil.example", "/api/x") == [("Vary", "Origin")]
    assert sharers.headers(None, "/api/x") == [("Vary", "Origin")]
    assert sharers.headers(APP, "/") == []


def test_a_browser_that_asks_beforehand_is_told_what_may_be_sent() -> None:
    plain = Sharers(Sharing(origins=(APP,)))
    assert dict(plain.permission("authorization,content-type")) == {
        "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        "Access-Control-Allow-Headers": "authorization,content-type",
    }
    assert "Access-Control-Allow-Headers" not in dict(plain.permission(""))
    strict = Sharing(origins=(APP,), methods=("GET",), headers=("Authorization",), seconds=600)
    assert dict(Sharers(strict).permission("x-other")) == {
        "Access-Control-Allow-Methods": "GET",
        "Access-Control-Allow-Headers": "Authorization",
        "Access-Control-Max-Age": "600",
    }
