"""How a URL is taken apart, and which ones are refused before anything else is looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.contract import Problem
from plugins.web.urls import WebUrl, join_url, parse_url


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://example.org/catalog-info.yaml", None),
        ("HTTPS://Example.ORG/A", "https://example.org/A"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org:443/x", "https://example.org/x"),
        ("http://example.org:443/x", None),
        ("http://127.0.0.1:7070/x", None),
        ("http://[0:0::0001]:7070/x", "http://[::1]:7070/x"),
        ("https://example.org/x?at=main&path=%2Fa#top", "https://example.org/x?at=main&path=%2Fa"),
        ("https://example.org/a/./b/../c/%2e%2E/d/..", "https://example.org/a/"),
        ("https://example.org/../../x", "https://example.org/x"),
        ("https://example.org/%61%7e%2f%c3%a9", "https://example.org/a~%2F%C3%A9"),
        ("https://example.org/my file é 100%", "https://example.org/my%20file%20%C3%A9%20100%25"),
    ],
)
def test_a_url_has_one_normal_form(text: str, normal: str | None) -> None:
    url = parse_url(text)
    assert isinstance(url, WebUrl)
    assert str(url) == (normal or text)


@pytest.mark.parametrize(
    "text",
    [
        "http://good@169.254.169.254/",
        "http://good\\@169.254.169.254/",
        "http://good:80@127.0.0.1:22/",
        "http://127.0.0.1\t.good/",
        "https:127.0.0.1",
        "http:///127.0.0.1/",
        "http:\\\\127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://ⓛocalhost/",
        "http://[fe80::1%25lo]/",
        "http://[::1/",
        "http://good:0/",
        "http://good:65536/",
        "http://good:port/",
        "http://good..example/",
        "http://-good/",
        "https://good/%0d%0aX-Evil:1",
        "https://good/\r\nX-Evil: 1",
        "https://good/a\\..\\b",
        "https://good/a/..%2fsecret",
        "https://good/a/%252e%252e/secret",
        "https://good/a/%2e%2e%5csecret",
        "https://good/" + "x" * 9000,
        "good.example/x",
        "",
    ],
)
def test_what_two_readers_may_read_differently_is_refused(text: str) -> None:
    refused = parse_url(text)
    assert isinstance(refused, Problem)
    assert refused.code == "BAD_URL"


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_SET",
        "ftp://good/x",
        "data:text/plain,x",
        "ldap://good",
        "ext::sh -c id",
        "unix:/run/docker.sock",
    ],
)
def test_other_schemes_are_not_read(text: str) -> None:
    refused = parse_url(text)
    assert isinstance(refused, Problem)
    assert refused.code == "SCHEME_NOT_ALLOWED"


def test_what_is_no_url_is_shown_without_the_secrets_that_it_may_hold() -> None:
    refused = parse_url("https://bot:s3cret@good/x?token=t0ken")
    assert isinstance(refused, Problem)
    assert "s3cret" not in str(refused)
    assert "t0ken" not in str(refused)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/x", "https://example.org/x"),
        ("x?y=1", "https://example.org/a/x?y=1"),
        ("../../x", "https://example.org/x"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example", "http://other.example/"),
        ("", "https://example.org/a/b"),
    ],
)
def test_a_reference_is_resolved_where_it_stands(reference: str, expected: str) -> None:
    base = parse_url("https://example.org/a/b")
    assert isinstance(base, WebUrl)
    assert str(join_url(base, reference)) == expected


@given(st.text() | st.from_regex(r"https?://[a-z0-9.\[\]:@%-]{1,12}/[ -~é]{0,20}", fullmatch=True))
def test_no_text_raises_and_a_normal_form_is_its_own(text: str) -> None:
    url = parse_url(text)
    if isinstance(url, WebUrl):
        assert parse_url(str(url)) == url
        assert str(url).isascii()
        assert ".." not in url.path.split("/")
