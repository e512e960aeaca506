"""Answers: what a call comes to, as data, and how an HTTP response becomes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from typing import TypeAlias

from plugins.contract import Problem
from plugins.web import problems
from plugins.web.bodies import read_body
from plugins.web.connection import Broken, RequestFailed
from plugins.web.urls import WebUrl, join_url

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, kw_only=True, slots=True)
class Validators:
    """What an answer says about its content, so as to ask later only for what is newer."""

    url: str
    """Where the content came from, after redirects: no other place is asked with these."""
    etag: str = ""
    modified: str = ""
    """Its `Last-Modified`."""

    def conditions(self) -> dict[str, str]:
        """The headers of a conditional request; none where nothing was said."""
        found = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """An answer of 200."""

    content: bytes
    headers: Mapping[str, str]
    """Names in lower case; of several with one name the last."""
    validators: Validators


@dataclass(frozen=True, kw_only=True, slots=True)
class NotModified:
    """What the validators stand for is still the content."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """As in `Fetched`: what is said about more than the content may have changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """There is no content, and why."""

    problem: Problem
    status: int = 0
    """Of the answer; 0: none was asked for, or none came whole."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the answer; as in `Fetched`."""
    said: bytes = b""
    """The begin of its body, where the caller wanted to know."""


Answer: TypeAlias = Fetched | NotModified | Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """The answer is elsewhere; nothing is known about that place yet."""

    to: WebUrl


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An answer of which only the begin was looked at."""

    status: int
    to: WebUrl | None = None
    """Where a redirect leads; None: it is none, or one that leads to no URL."""


def seen_of(url: WebUrl, response: HTTPResponse) -> Seen:
    """What a response says before its body. A part of the content is content, and so is an empty one."""
    there = None
    if response.status in _REDIRECTS:
        there = join_url(url, _text(response.getheader("location", "")))
    status = 200 if response.status == 416 else response.status
    return Seen(status=status, to=None if isinstance(there, Problem) else there)


def answer_of(
    url: WebUrl, response: HTTPResponse, *, max_bytes: int, is_conditional: bool, hear: int = 0
) -> Answer | Moved:
    """What a response says; of a body that is not the content at most `hear` bytes are read.

    Raises `RequestFailed` where it is no whole response.
    """
    status = response.status
    if status in _REDIRECTS:
        there = join_url(url, _text(response.getheader("location", "")))
        if isinstance(there, Problem):
            return Refused(problem=problems.redirect_not_allowed(there.found), status=status)
        return Moved(to=there)
    if status == 200:
        headers = _headers(response)
        validators = Validators(
            url=str(url),
            etag=_plain(headers.get("etag", "")),
            modified=_plain(headers["last-modified"]) if _is_settled(headers) else "",
        )
        content = read_body(response, max_bytes=max_bytes)
        return Fetched(content=content, headers=headers, validators=validators)
    if status == 304:
        if not is_conditional:
            raise Broken("a 304 that was not asked for")
        return NotModified(headers=_headers(response))
    return _refused(url, response, hear)


def taken(
    url: WebUrl, response: HTTPResponse, *, max_bytes: int = 0, hear: int = 0
) -> Answer | Moved:
    """What a response to a POST says; without `max_bytes` nothing of its body is read."""
    status = response.status
    if 200 <= status < 300:
        content = read_body(response, max_bytes=max_bytes) if max_bytes else b""
        validators = Validators(url=str(url))
        return Fetched(content=content, headers=_headers(response), validators=validators)
    if status in _REDIRECTS:
        there = join_url(url, _text(response.getheader("location", "")))
        if not isinstance(there, Problem):
            return Moved(to=there)
    return _refused(url, response, hear)


def _refused(url: WebUrl, response: HTTPResponse, hear: int) -> Refused:
    said = b""
    if hear:
        try:
            said = read_body(response, max_bytes=hear)
        except RequestFailed:
            pass  # the status is clear without it
    return Refused(
        problem=problems.of_status(url, response.status),
        status=response.status,
        headers=_headers(response),
        said=said,
    )


def _headers(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _is_settled(headers: Mapping[str, str]) -> bool:
    """Whether the time of the last change tells this content from the next.

    It has whole seconds: what changed just before it was sent may change again within the same one
    (RFC 9110, 8.8.2.2).
    """
    try:
        changed, sent = (parsedate_to_datetime(headers[name]) for name in ("last-modified", "date"))
        return (sent - changed).total_seconds() >= 2
    except (KeyError, ValueError, TypeError, OverflowError, IndexError):
        return False


def _text(header: str) -> str:
    """A header that is UTF-8, as people write it; `http.client` takes it for Latin-1."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def _plain(header: str) -> str:
    """The header where it may be sent back: a hostile one may hold anything."""
    return header if header.isascii() and header.isprintable() and len(header) <= 1000 else ""
