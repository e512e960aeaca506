"""Addresses: which of them a request may connect to.

Python's `is_global` lets too much through (NAT64, 6to4, multicast, the metadata services of
clouds), so what is reserved is listed here, and of IPv6 only what is known to be public is public
(hostile-input rows S01, S03 to S06). Addresses are tested, never texts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, IPv6Network


class Reach(Enum):
    """Who is behind an address."""

    PUBLIC = "public"
    """Anyone on the internet."""
    INTERNAL = "internal"
    """This machine, or a network of the operator's own."""
    RESERVED = "reserved"
    """Metadata services, neighbors on the link, groups, and addresses that hide another one."""


_INTERNAL = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
_SHARED = ipaddress.ip_network("100.64.0.0/10")  # carriers' and overlay networks
_RESERVED = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "100.100.100.200/32",  # metadata: Alibaba Cloud
            "168.63.129.16/32",  # metadata: Azure
            "169.254.0.0/16",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
            "2001::/23",  # Teredo and others that hide an address
            "2001:db8::/32",
            "2002::/16",  # 6to4 hides one, too
            "3fff::/20",
            "fd00:ec2::/32",  # metadata: Amazon
            "fd20:ce::/32",  # metadata: Google
        ),
    )
)
_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def reach_of(text: str) -> Reach:
    """Who is behind an address, as a resolver writes it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return Reach.RESERVED
    if isinstance(address, IPv6Address) and address in _NAT64:
        # Where there is no IPv4, every public IPv4 host looks like this, and no other should.
        inner = reach_of(str(IPv4Address(int(address) & 0xFFFFFFFF)))
        return inner if inner is Reach.PUBLIC else Reach.RESERVED
    if any(address in network for network in _RESERVED):
        return Reach.RESERVED
    if address in _SHARED or any(address in network for network in _INTERNAL):
        return Reach.INTERNAL
    is_public = isinstance(address, IPv4Address) or address in _UNICAST
    return Reach.PUBLIC if is_public else Reach.RESERVED


def may_connect(addresses: Sequence[str], *, named: bool) -> bool:
    """Whether a host with these addresses may be connected to.

    `named` says that the operator has named this very host: then it may be an internal one. A host
    that is both, public and internal, is how a stranger's name would point at what is inside.
    """
    reaches = {reach_of(address) for address in addresses}
    return reaches == {Reach.PUBLIC} or (named and reaches == {Reach.INTERNAL})
