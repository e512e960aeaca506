"""Plain requests: those that say what they want in the plainest form of HTTP/1.1, read at one look.

Most programs write their requests so. Whatever is not plain is gunicorn's to understand: here no form is
taken of which two readers could think differently where a request ends (RFC 9112, 11.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gunicorn.util import http_date

LARGEST = 16_384
"""Bytes of a request, its body included; a larger one is not plain."""

_HEAD = re.compile(
    rb"(GET|POST) (/[A-Za-z0-9/._~:@!$&'()*+,;=-]*)(?:\?([!\"$-~]*))? HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]+:[\t -~]*\r\n)+)\r\n"
)
"""A path of letters that mean themselves, a query without a fragment, headers of printable ASCII."""

_NOT_PLAIN = frozenset({"transfer-encoding", "expect", "upgrade", "http2-settings", "trailer"})
"""Headers by which more comes, or something else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainRequest:
    """A whole request."""

    method: str
    """GET or POST."""
    path: str
    query: str
    """As it was sent; '' also where there is none."""
    headers: Mapping[str, str]
    """By names in lower case, each of which is there once."""
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainAnswer:
    """A whole answer, after which the connection goes on."""

    status: str
    """With its phrase."""
    headers: Iterable[tuple[str, str]]
    """Besides those of the connection and the length."""
    body: bytes = b""

    def written(self) -> bytes:
        """The bytes to send."""
        length = "" if self.status.startswith("304") else f"Content-Length: {len(self.body)}\r\n"
        headers = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        head = (
            f"HTTP/1.1 {self.status}\r\nServer: gunicorn\r\nDate: {http_date()}\r\n"
            f"Connection: keep-alive\r\n{length}{headers}\r\n"
        )
        return head.encode("latin-1") + self.body


def read_plain(said: bytes) -> PlainRequest | None:
    """The request that `said` is, if it is a single one, whole and plain."""
    head = _HEAD.match(said)
    if head is None:
        return None
    method, path, query, lines = (part.decode("ascii") for part in head.groups(default=b""))
    parted = [line.split(":", 1) for line in lines[:-2].split("\r\n")]
    headers = {name.lower(): value.strip("\t ") for name, value in parted}
    if len(headers) < len(parted) or not _NOT_PLAIN.isdisjoint(headers) or "host" not in headers:
        return None
    if headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    body = said[head.end() :]
    length = headers.get("content-length", "")
    if method == "GET" or not re.fullmatch(r"[0-9]{1,5}", length):
        if body or length:
            return None
    elif int(length) != len(body):
        return None
    return PlainRequest(method=method, path=path, query=query, headers=headers, body=body)
