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
