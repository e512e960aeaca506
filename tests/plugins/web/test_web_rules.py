"""What `backend.reading.allow` lets be read."""

from __future__ import annotations

import pytest

from plugins.contract import ReadingRule
from plugins.web.rules import is_allowed, is_named
from plugins.web.urls import WebUrl, parse_url


def url(text: str) -> WebUrl:
    found = parse_url(text)
    assert isinstance(found, WebUrl), text
    return found


@pytest.mark.parametrize(
    ("host", "allowed", "refused"),
    [
        (
            "example.com",
            ["https://example.com/x", "http://example.com", "https://EXAMPLE.com:443/x"],
            [
                "https://example.com:8443/x",
                "https://www.example.com",
                "https://example.com.evil.org",
                "https://notexample.com",
            ],
        ),
        (
            "*.example.org",
            ["https://a.example.org", "https://a.b.example.org/x"],
            ["https://example.org", "https://evilexample.org", "https://a.example.org:8080"],
        ),
        (
            "example.net:8080",
            ["http://example.net:8080/x"],
            ["http://example.net/x", "http://example.net:8081/x"],
        ),
        (
            "example.net:440-8090",
            ["https://example.net/x", "http://example.net:8080/x", "http://example.net:8090/"],
            ["http://example.net/x", "http://example.net:8091/x"],
        ),
        (
            "*.example.net:80",
            ["http://a.example.net/"],
            ["https://a.example.net/", "http://example.net/"],
        ),
        ("127.0.0.1:7070", ["http://127.0.0.1:7070/x"], ["http://127.0.0.1/x"]),
        ("[::1]:7070", ["http://[0::1]:7070/x"], ["http://[::1]/x", "http://[::2]:7070/x"]),
        ("*.0.0.1", [], ["http://127.0.0.1/"]),
    ],
)
def test_a_rule_is_for_its_hosts_and_ports(
    host: str, allowed: list[str], refused: list[str]
) -> None:
    rules = [ReadingRule(host="other.example"), ReadingRule(host=host)]
    assert [text for text in allowed if not is_allowed(rules, url(text))] == []
    assert [text for text in refused if is_allowed(rules, url(text))] == []


@pytest.mark.parametrize(
    ("path", "allowed", "refused"),
    [
        ("/api/", ["/api/x", "/api/", "/api/x/../y"], ["/api", "/apix", "/api/../x", "/x"]),
        ("/api", ["/api", "/api/", "/api/x", "/%61pi/x"], ["/apix", "/api%2Fx", "/a/api"]),
        ("/x.yaml", ["/x.yaml", "/x.yaml?y"], ["/x.yamls"]),
        ("/", ["/", "/x"], []),
        ("api", ["/api/x"], ["/x"]),
        ("/..%2f", [], ["/", "/x"]),
    ],
)
def test_a_path_is_allowed_with_what_is_below_it(
    path: str, allowed: list[str], refused: list[str]
) -> None:
    rules = [ReadingRule(host="example.com", paths=("/nothing", path))]
    assert [p for p in allowed if not is_allowed(rules, url(f"https://example.com{p}"))] == []
    assert [p for p in refused if is_allowed(rules, url(f"https://example.com{p}"))] == []


def test_without_rules_nothing_is_read() -> None:
    assert not is_allowed([], url("https://example.com/"))


def test_a_domain_does_not_name_the_hosts_in_it() -> None:
    rules = [ReadingRule(host="*.corp"), ReadingRule(host="wiki.corp", paths=("/raw",))]
    assert is_named(rules, url("https://wiki.corp/raw/x"))
    assert not is_named(rules, url("https://wiki.corp/x"))
    assert not is_named(rules, url("https://git.corp/raw/x"))
