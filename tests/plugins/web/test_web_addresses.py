"""Which addresses a request may connect to."""

from __future__ import annotations

import pytest

from plugins.web.addresses import Reach, may_connect, reach_of


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::5db8:d822", "100.128.0.1"],
)
def test_the_internet_is_public(address: str) -> None:
    assert reach_of(address) is Reach.PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.5",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fd12:3456::1",
    ],
)
def test_what_is_the_operators_own_is_internal(address: str) -> None:
    assert reach_of(address) is Reach.INTERNAL


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "2002:7f00:1::",
        "2001:0:1234::1",
        "::127.0.0.1",
        "::",
        "fec0::1",
        "fe80::1",
        "fe80::1%lo",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "0.0.0.0",
        "192.88.99.1",
        "198.18.0.1",
        "not an address",
        "",
    ],
)
def test_metadata_neighbors_and_disguises_are_reserved(address: str) -> None:
    assert reach_of(address) is Reach.RESERVED
    assert not may_connect([address], named=True)


def test_an_internal_host_has_to_be_named() -> None:
    assert may_connect(["10.0.0.5", "::1"], named=True)
    assert not may_connect(["10.0.0.5"], named=False)


@pytest.mark.parametrize("named", [True, False])
def test_a_host_that_is_public_and_internal_is_refused(named: bool) -> None:
    assert may_connect(["93.184.216.34", "2606:4700::1"], named=named)
    assert not may_connect(["93.184.216.34", "10.0.0.5"], named=named)
    assert not may_connect([], named=named)
