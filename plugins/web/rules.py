"""Reading rules: which hosts and paths may be read over HTTP.

Semantics of Backstage's `backend.reading.allow` (reference 4.10): a rule without a port is for URLs
without one, `*.` in front is any name below, and a path is allowed with all that is below it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from plugins.contract import ReadingRule
from plugins.web.urls import PORTS, WebUrl, normal_path

_PATTERN = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+)(?:-(\d+))?)?")


def is_allowed(rules: Sequence[ReadingRule], url: WebUrl) -> bool:
    """Whether a rule allows to read `url`."""
    return any(_fits(rule, url) for rule in rules)


def is_named(rules: Sequence[ReadingRule], url: WebUrl) -> bool:
    """Whether a rule that allows `url` names its very host, and not just a domain above it."""
    return any(_fits(rule, url) and not rule.host.startswith("*.") for rule in rules)


def _fits(rule: ReadingRule, url: WebUrl) -> bool:
    pattern = _PATTERN.fullmatch(rule.host.lower())
    return (
        pattern is not None
        and _fits_host(pattern[1].strip("[]"), url)
        and _fits_port(pattern[2], pattern[3], url)
        and (not rule.paths or any(_fits_path(path, url.path) for path in rule.paths))
    )


def _fits_host(pattern: str, url: WebUrl) -> bool:
    if url.is_address:
        # Nobody owns a domain of addresses, so `*.0.0.1` is none.
        return _shortest(pattern) == url.host
    return url.host.endswith(pattern[1:]) if pattern.startswith("*.") else url.host == pattern


def _shortest(address: str) -> str:
    try:
        return ipaddress.ip_address(address).compressed
    except ValueError:
        return ""


def _fits_port(first: str | None, last: str | None, url: WebUrl) -> bool:
    if first is None:
        return url.port is None
    return int(first) <= (url.port or PORTS[url.scheme]) <= int(last or first)


def _fits_path(allowed: str, path: str) -> bool:
    normal = normal_path("/" + allowed.removeprefix("/"))
    if normal is None:
        return False
    return path == normal or path.startswith(normal.removesuffix("/") + "/")
