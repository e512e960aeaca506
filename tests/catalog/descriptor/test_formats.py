"""Formats of the envelope, value by value (reference 2.2 and 2.3)."""

from __future__ import annotations

import pytest

from catalog.descriptor.formats import (
    is_api_version,
    is_key,
    is_kind,
    is_label_value,
    is_name,
    is_namespace,
    is_tag,
)
from catalog.urls import is_url


@pytest.mark.parametrize("text", ["a", "A1", "a..b", "a--b", "a_b.c-d", "x" * 63])
def test_name_is_accepted(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", ".a", "a_", "a b", "pаyments", "x" * 64, "a\n"])
def test_name_is_refused(text: str) -> None:
    assert not is_name(text)


def test_namespace_is_lower_case() -> None:
    assert is_namespace("shop-2")
    assert is_namespace("a--b")
    assert not any(map(is_namespace, ["Foo", "a.b", "a_b", "-a", "a-", ""]))


def test_tag_takes_a_colon_and_single_hyphens() -> None:
    assert all(map(is_tag, ["c#", "c++", "ns:x", "a-b", "x" * 63]))
    assert not any(map(is_tag, ["a--b", "Java", "a.b", "a_b", "", "-a", "x" * 64]))


def test_key_has_at_most_one_lower_case_domain() -> None:
    assert all(map(is_key, ["a", "A_b.c", "example.com/A", "a-b.c/x", f"{'a' * 63}.b/x"]))
    assert not any(map(is_key, ["Example.com/a", "a/b/c", "/a", "a/", "a b", f"{'a' * 64}/x"]))
    assert not is_key(f"{'.'.join(['a' * 50] * 6)}/x")


def test_label_value_may_be_empty() -> None:
    assert is_label_value("")
    assert not is_label_value("a b")


def test_kind_and_version() -> None:
    assert is_kind("MyKind2")
    assert not any(map(is_kind, ["2Kind", "My-Kind", "", "x" * 64]))
    assert all(map(is_api_version, ["v1", "backstage.io/v1alpha1"]))
    assert not any(map(is_api_version, ["backstage.io", "a/b/c", "A/v1", "", "x/"]))


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com",
        "http://localhost:3000/a?b#c",
        "HTTPS://EXAMPLE.COM",
        "http:example.com",
        " https://example.com ",
        "https://user:pw@example.com:65535",
        "https://[::1]/x",
        "https://1.2.3",
        "https://bücher.example",
        "https://a..b",
        "https://exa%6Dple.com",
        "mailto:x",
        "urn:x",
        "a:b",
        "javascript:alert(1)",
        "file:///etc/hosts",
        "foo://",
    ],
)
def test_url_is_accepted_as_browsers_do(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "/x",
        "",
        "www.example.com",
        "//example.com",
        "http://",
        "https://?x",
        "https://exa mple.com",
        "https://example.com:65536",
        "https://example.com:100000000080",
        "https://example.com:8a",
        "https://[::1",
        "https://[x]",
        "https://1.2.3.4.5",
        "https://1.2.3.256",
        "https://a.08",
        "https://a<b",
        "https://xn--a",
        "foo://a b",
        "1a:b",
    ],
)
def test_url_is_refused_as_browsers_do(text: str) -> None:
    assert not is_url(text)
