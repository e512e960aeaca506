"""Which URLs git may be given, and what of them is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.git.addresses import parse_address


@pytest.mark.parametrize(
    ("target", "url", "protocol", "name"),
    [
        ("https://git.example.org/shop/pay.git", None, "https", "shop/pay"),
        (
            "https://git.example.org/shop/pay/",
            "https://git.example.org/shop/pay",
            "https",
            "shop/pay",
        ),
        (
            "HTTPS://git.example.org:8443/a/b/c",
            "https://git.example.org:8443/a/b/c",
            "https",
            "b/c",
        ),
        ("http://127.0.0.1:3000/pay", None, "http", "pay"),
        ("http://[::1]:3000/pay", None, "http", "pay"),
        ("ssh://git@git.example.org:2222/shop/pay", None, "ssh", "shop/pay"),
        ("ssh://git.example.org/pay", None, "ssh", "pay"),
        ("git@git.example.org:shop/pay.git", None, "ssh", "shop/pay"),
        ("https://git.example.org/shop/pay.js", None, "https", "shop/pay.js"),
        ("https://git.example.org/a/b/blob/c.git", None, "https", "blob/c"),
        ("https://git.example.org/a/b/c/src", None, "https", "c/src"),
    ],
)
def test_git_urls_are_accepted(target: str, url: str | None, protocol: str, name: str) -> None:
    address = parse_address(target)
    assert address is not None
    assert (address.url, address.protocol, address.name) == (url or target, protocol, name)


@pytest.mark.parametrize(
    "target",
    [
        "--upload-pack=touch /tmp/x;",
        "-x",
        "ext::sh -c id",
        "ext::https://x/y",
        "git://git.example.org/x",
        "ftp://git.example.org/x",
        "fd::17",
        "https://",
        "https:///x",
        "https://git.example.org",
        "https://git.example.org/",
        "https://git.example.org/x?y=1",
        "https://git.example.org/x#y",
        "https://git.example.org/x y",
        "https://git.example.org/x\r\nX-Evil: 1",
        "https://git.example.org:port/x",
        "https://[::1/x",
        "https://-oProxyCommand=id/x",
        "ssh://-oProxyCommand=id/x",
        "ssh://-oProxyCommand=id@host/x",
        "git@-oProxyCommand=id:x",
        "file:///srv/git/shop/pay.git",
        "file://host/share/x",
        "/srv/git/x",
        "",
        "relative/path",
    ],
)
def test_everything_else_is_refused(target: str) -> None:
    assert parse_address(target) is None


@pytest.mark.parametrize(
    "target",
    [
        "https://example.org/catalog-info.yaml",
        "https://example.org/catalog-info.yml/",
        "https://example.org/entities.JSON",
        "https://github.com/shop/pay/blob/main/catalog-info",
        "https://github.com/shop/pay/blob/main/**/catalog-info.yaml",
        "https://github.com/shop/pay/raw/main/x",
        "https://github.com/shop/pay/tree/main/services",
        "https://gitlab.com/shop/till/pay/-/blob/main/x",
        "https://gitea.example.org/shop/pay/src/branch/main/x",
        "https://dev.azure.com/shop/pay/_git/pay?path=/catalog-info.yaml",
    ],
)
def test_a_file_behind_a_url_is_left_to_others(target: str) -> None:
    assert parse_address(target) is None


def test_credentials_are_taken_out_and_not_shown() -> None:
    address = parse_address("https://bot:s3cr%40t@git.example.org/shop/pay")
    assert address is not None
    assert address.url == "https://git.example.org/shop/pay"
    assert (address.user, address.password) == ("bot", "s3cr@t")
    assert "s3cr" not in repr(address)


@given(st.text())
def test_no_text_raises_and_what_is_accepted_is_its_own_identity(target: str) -> None:
    address = parse_address(target)
    if address is not None:
        again = parse_address(address.url)
        assert again is not None
        assert (again.url, again.password) == (address.url, "")
        assert not address.url.startswith("-")
