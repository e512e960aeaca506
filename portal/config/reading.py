"""`backend.reading.allow`: the hosts that plain URLs may be read from (reference 4.10)."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, post_load

from plugins.contract import ReadingRule
from portal.config.fields import Strict, parse_port

_PATTERN = re.compile(
    r"(?:\*\.)?(?P<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<ports>.*))?",
    re.IGNORECASE,
)


def _is_host(pattern: str) -> None:
    found = _PATTERN.fullmatch(pattern)
    if found is None or ".." in pattern or (pattern[0] == "*" and found["name"][0] == "["):
        raise ValidationError(
            "must be a host, with * at most for its first part: example.com, *.example.com"
        )
    if found["ports"] is None:
        return
    first, dash, last = found["ports"].partition("-")
    low, high = parse_port(first), parse_port(last if dash else first)
    if low is None or high is None or low > high:
        raise ValidationError("must have a port, or a range of ports: host:8080, host:8080-8090")


def _is_path(path: str) -> None:
    if not path.startswith("/") or re.search(r"[?#\s]", path):
        raise ValidationError("must be a path that begins with /")


class _Allowed(Strict):
    host = fields.String(required=True, validate=_is_host)
    paths = fields.List(fields.String(validate=_is_path), load_default=list)

    @post_load
    def _rule(self, data: dict[str, Any], **_: Any) -> ReadingRule:
        return ReadingRule(host=data["host"].lower(), paths=tuple(data["paths"]))


class AllowedHost(fields.Nested):
    """One entry of the list, as a `ReadingRule`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(_Allowed, **options)
