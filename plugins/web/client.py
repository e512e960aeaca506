"""The client for all that is read over HTTP: it connects to the addresses that it checked.

A URL has to be allowed, its name is resolved once, every answer is looked at, and the connection
goes to one of these very addresses. Redirects are followed by hand, each checked like the first.
Nothing that the other side does raises (hostile-input rows S01 to S14 and S18).
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property, partial
from http.client import HTTPResponse
from typing import TypeAlias, TypeVar

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from plugins.contract import Problem, ReadingRule
from plugins.web import problems
from plugins.web.addresses import may_connect
from plugins.web.answers import (
    Answer,
    Moved,
    Refused,
    Seen,
    Validators,
    answer_of,
    seen_of,
    taken,
)
from plugins.web.bodies import TooLarge
from plugins.web.breaker import Breaker
from plugins.web.connection import (
    Deadline,
    RequestFailed,
    TooSlow,
    Unreachable,
    exchange,
    tls_context,
)
from plugins.web.rules import is_allowed, is_named
from plugins.web.urls import WebUrl, parse_url

DEADLINE = 20.0
"""Seconds for all of a call: looking up names, redirects and the body."""

MOST_REDIRECTS = 3

_OURS = {"accept": "*/*", "accept-encoding": "gzip", "user-agent": "Plumbline"}
"""Headers of every request, and the only ones that a second origin is sent."""

Said = TypeVar("Said")

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a host; raises `OSError` where it has none."""


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, by the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedClient:
    """Reads what the rules allow. Several threads may use it at once."""

    def __init__(
        self,
        rules: Sequence[ReadingRule],
        *,
        resolve: Resolve = resolve,
        seconds: float = DEADLINE,
        ca_file: str | None = None,
        breaker: Breaker | None = None,
        internal: bool = True,
    ) -> None:
        """`ca_file` holds the authorities to trust, in PEM; None: those that `requests` trusts.

        `internal` says whether a host that a rule names may be an internal one.
        """
        self._rules, self._resolve, self._internal = tuple(rules), resolve, internal
        self._seconds, self._ca_file = seconds, ca_file
        self._breaker = breaker or Breaker()

    def allowed(self, url: str) -> WebUrl | Problem:
        """The URL, or why nobody is asked for it; where its host is, is looked up by nobody yet."""
        there = parse_url(url)
        if isinstance(there, Problem) or is_allowed(self._rules, there):
            return there
        return problems.not_allowed(there)

    def get(
        self,
        url: str,
        *,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        known: Validators | None = None,
        hear: int = 0,
    ) -> Answer:
        """GET a URL. The caller's headers go to the URL's own origin and to no other.

        `NotModified` comes only where `known` is given; a status other than 200 is `Refused`, with
        at most `hear` bytes of what is said about it.
        """
        deadline = Deadline(self._seconds)
        here = self.allowed(url)
        if isinstance(here, Problem):
            return Refused(problem=here)
        sent = _OURS | {name.lower(): value for name, value in (headers or {}).items()}
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(here, sent, known, max_bytes, deadline, hear=hear)
            if not isinstance(answer, Moved):
                return answer
            if not self._may_follow(here, answer.to):
                there = str(answer.to).partition("?")[0]
                return Refused(problem=problems.redirect_not_allowed(there))
            if answer.to.origin != here.origin:
                sent = _OURS
            here = answer.to
        return Refused(problem=problems.too_many_redirects(here, MOST_REDIRECTS))

    def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        max_bytes: int = 0,
        hear: int = 0,
    ) -> Answer:
        """POST to a URL. What is answered with 200 to 299 was taken; a redirect is not followed.

        Without `max_bytes` nothing of the answer's body is read, and `Fetched` has no content.
        """
        deadline = Deadline(self._seconds)
        there = self.allowed(url)
        if isinstance(there, Problem):
            return Refused(problem=there)
        sent = _OURS | {name.lower(): value for name, value in headers.items()}
        answer = self._ask(there, sent, None, max_bytes, deadline, body=body, hear=hear)
        if isinstance(answer, Moved):
            where = str(answer.to).partition("?")[0]
            return Refused(problem=problems.redirect_not_allowed(where))
        return answer

    def status(self, url: str) -> int | Problem:
        """The status with which a URL answers, or why it cannot be asked or gives no answer.

        HEAD comes first; where that is refused, the first byte is asked for. No body is read. Where a
        redirect may not be followed, its own status is what is known.
        """
        deadline = Deadline(self._seconds)
        here = parse_url(url)
        if isinstance(here, Problem):
            return here
        if not is_allowed(self._rules, here):
            return problems.not_allowed(here)
        for _ in range(MOST_REDIRECTS + 1):
            seen = self._look(here, deadline)
            if isinstance(seen, Refused):
                return seen.problem
            if seen.to is None or not self._may_follow(here, seen.to):
                return seen.status
            here = seen.to
        return problems.too_many_redirects(here, MOST_REDIRECTS)

    def _look(self, url: WebUrl, deadline: Deadline) -> Seen | Refused:
        seen = self._exchange(url, _OURS, deadline, partial(seen_of, url), method="HEAD")
        if isinstance(seen, Seen) and seen.status >= 400 and seen.status not in (401, 429):
            # Some servers answer HEAD with anything, 404 among it.
            first = _OURS | {"range": "bytes=0-0", "accept-encoding": "identity"}
            return self._exchange(url, first, deadline, partial(seen_of, url))
        return seen

    def _may_follow(self, here: WebUrl, there: WebUrl) -> bool:
        is_downgrade = here.scheme == "https" and there.scheme == "http"
        return not is_downgrade and is_allowed(self._rules, there)

    def _ask(
        self,
        url: WebUrl,
        headers: Mapping[str, str],
        known: Validators | None,
        max_bytes: int,
        deadline: Deadline,
        body: bytes | None = None,
        hear: int = 0,
    ) -> Answer | Moved:
        """One request, with a body a POST."""
        conditions = known.conditions() if known and known.url == str(url) else {}

        def understood(response: HTTPResponse) -> Answer | Moved:
            if body is not None:
                return taken(url, response, max_bytes=max_bytes, hear=hear)
            is_conditional = bool(conditions)
            return answer_of(
                url, response, max_bytes=max_bytes, is_conditional=is_conditional, hear=hear
            )

        sent = {**headers, **conditions}
        return self._exchange(url, sent, deadline, understood, max_bytes=max_bytes, body=body)

    def _exchange(
        self,
        url: WebUrl,
        headers: Mapping[str, str],
        deadline: Deadline,
        understood: Callable[[HTTPResponse], Said],
        *,
        max_bytes: int = 0,
        body: bytes | None = None,
        method: str = "",
    ) -> Said | Refused:
        """One request to an address that was checked, of which the breaker hears how it ended."""
        if wait := self._breaker.wait(url.origin):
            return Refused(problem=problems.left_alone(url, wait))
        try:
            addresses = self._addresses(url, deadline)
            if not self._may_connect(url, addresses):
                return Refused(problem=problems.not_allowed(url))
            with exchange(
                url,
                addresses=addresses,
                headers=headers,
                tls=self._tls if url.scheme == "https" else None,
                deadline=deadline,
                body=body,
                method=method,
            ) as response:
                answer = understood(response)
                # What a server makes of HEAD says nothing about its pages.
                failed = response.status >= 500 and method != "HEAD"
        except RequestFailed as failure:
            self._breaker.note(url.origin, failed=not isinstance(failure, TooLarge))
            return Refused(problem=problems.of_failure(url, failure, max_bytes=max_bytes))
        self._breaker.note(url.origin, failed=failed)
        return answer

    def _may_connect(self, url: WebUrl, addresses: Sequence[str]) -> bool:
        """An address that a rule names is what it is; a name is where its addresses are."""
        if not self._internal:
            return may_connect(addresses, named=False)
        return url.is_address or may_connect(addresses, named=is_named(self._rules, url))

    def _addresses(self, url: WebUrl, deadline: Deadline) -> Sequence[str]:
        """Where the host is, at least one address. The resolver is asked once."""
        if url.is_address:
            return (url.host,)
        found: Future[Sequence[str]] = Future()

        def look_up() -> None:
            try:
                found.set_result(self._resolve(url.host, url.origin[2]))
            except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
                found.set_exception(error)

        # The system's resolver cannot be told to stop, so it is waited for no longer than this.
        threading.Thread(target=look_up, name=f"resolve-{url.host}", daemon=True).start()
        try:
            addresses = found.result(timeout=deadline.left())
        except TimeoutError:
            raise TooSlow from None
        except (OSError, UnicodeError):
            raise Unreachable from None
        if not addresses:
            raise Unreachable
        return addresses

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context(self._ca_file or DEFAULT_CA_BUNDLE_PATH)
