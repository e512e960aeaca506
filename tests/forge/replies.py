"""Requests and replies of the forge server, whichever forge it plays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson


@dataclass
class Request:
    method: str
    path: str
    """Without query, and still escaped."""
    query: str
    headers: dict[str, str]
    body: bytes
    origin: str
    """Scheme, host and port that it was sent to."""
    token: str
    """What it signs in with; '': nothing."""

    def asked(self, name: str, default: str = "") -> str:
        return parse_qs(self.query).get(name, [default])[0]


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    lost: int = 0
    """Bytes at the end that never arrive."""


def said(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(status=status, body=orjson.dumps(data), headers={**kind, **(headers or {})})


def validated(request: Request, reply: Reply, *, weak: bool = True, tag: str = "") -> Reply:
    """With an ETag of its body, and without the body where the client has it already.

    The other headers stay, also those that count: they may change where the body does not.
    """
    if reply.status != 200:
        return reply
    digest = tag or hashlib.sha256(reply.body).hexdigest()[:32]
    etag = f'W/"{digest}"' if weak else f'"{digest}"'
    reply.headers["ETag"] = etag
    if request.headers.get("if-none-match", "").removeprefix("W/") == etag.removeprefix("W/"):
        del reply.headers["Content-Type"]
        return Reply(status=304, headers=reply.headers)
    return reply


def paged(
    request: Request, items: list[Any], *, size: str, most: int, default: int
) -> tuple[list[Any], int, int, dict[str, str]]:
    """Items of the page that is asked for, its number, how many there are, and the `Link` header."""
    per = max(1, min(int(request.asked(size, str(default))), most))
    page = int(request.asked("page", "1"))
    pages = max(1, -(-len(items) // per))
    links = []
    for rel, number in (("next", page + 1), ("prev", page - 1), ("first", 1), ("last", pages)):
        if 0 < number <= pages and not (rel == "next" and page >= pages):
            query = "&".join(
                part for part in request.query.split("&") if part and not part.startswith("page=")
            )
            address = f"{request.origin}{request.path}?{query}&page={number}"
            links.append(f'<{address}>; rel="{rel}"')
    return items[(page - 1) * per : page * per], page, pages, {"Link": ", ".join(links)}
