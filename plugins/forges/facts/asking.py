"""Asking a forge about one repository: what is refused concerns what was asked for, and no more.

After a limit the API sends nothing, so that the rest of the requests costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from plugins.contract import FailedFact, Forge, Problem
from plugins.forges import problems
from plugins.forges.api import Api, Denied, Reply
from plugins.forges.facts.states import not_read, not_told

MOST_PAGES = 10
"""Of one list."""

PATIENCE = ("RATE_LIMITED", "UPSTREAM_PAUSED")
"""Codes of problems after which nothing more is asked."""

_SWITCHED_OFF = re.compile(
    r"disabled|not enabled|must be enabled|not available|upgrade to",
    re.IGNORECASE,
)


class Asking:
    """The requests about one repository. One thread uses it."""

    def __init__(self, api: Api, path: str) -> None:
        self.api, self.path = api, path
        self._replies: dict[str, Reply | Denied] = {}
        self._queries: dict[str, Reply | Problem] = {}
        self.pause: Problem | None = None
        """Why nothing more is to be asked for now."""
        self.problem: Problem | None = None
        """The first that an operator can see to."""

    @property
    def forge(self) -> Forge:
        """The one that is asked."""
        return self.api.forge

    @property
    def owner(self) -> str:
        """Who has the repository."""
        return self.path.rpartition("/")[0]

    def get(self, route: str, *, what: str) -> Any | Denied:
        """The JSON at a route of the API, which is asked for once."""
        reply = self._ask(f"{self.forge.api_url}/{route}", what)
        return reply if isinstance(reply, Denied) else reply.data

    def each(
        self, route: str, *, what: str, enough: Callable[[Any], bool] | None = None
    ) -> list[Any] | Denied:
        """The items of a list, page by page, until one is `enough` or there are very many."""
        url: str | None = f"{self.forge.api_url}/{route}"
        found: list[Any] = []
        for _ in range(MOST_PAGES):
            if url is None:
                break
            reply = self._ask(url, what)
            if isinstance(reply, Denied):
                return reply
            if not isinstance(reply.data, list):
                return Denied(problem=problems.bad_answer(self.forge, f"it is no list of {what}"))
            found += reply.data
            if enough is not None and any(map(enough, reply.data)):
                break
            url = _next(reply, url)
        return found

    def post(self, url: str, body: object, *, what: str) -> Reply | Problem:
        """What the API answers to a query, which is asked once."""
        key = f"{url} {orjson.dumps(body).decode()}"
        if key in self._queries:
            return self._queries[key]
        reply = self._queries[key] = self.api.post(url, body, what=what, owner=self.owner)
        if isinstance(reply, Problem):
            self.note(reply)
        return reply

    def failed(self, denied: Denied) -> FailedFact:
        """Why facts are not known: switched off there, not permitted, or the forge is in trouble."""
        words = _message(denied.said)
        if denied.status in (403, 404) and _SWITCHED_OFF.search(words):
            return not_told(words[:200])
        self.note(denied.problem)
        return not_read(denied.problem)

    def elsewhere(self) -> FailedFact:
        """The repository has another name by now, so that it may be another one."""
        problem = problems.moved(self.forge, self.path, "something else")
        self.note(problem)
        return not_read(problem)

    def note(self, problem: Problem) -> None:
        """Take in why something was not to be had."""
        if problem.code in PATIENCE:
            self.pause = self.pause or problem
        else:
            self.problem = self.problem or problem

    def _ask(self, url: str, what: str) -> Reply | Denied:
        if url in self._replies:
            return self._replies[url]
        reply = self.api.ask(url, what=f"{what} of {self.path}", owner=self.owner)
        self._replies[url] = reply
        if isinstance(reply, Denied) and reply.problem.code in PATIENCE:
            self.note(reply.problem)
        return reply


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def moment(text: object) -> datetime | None:
    """A time of an answer, in UTC; None where it is none."""
    try:
        time = datetime.fromisoformat(str(text))
        return time.astimezone(UTC) if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _next(reply: Reply, here: str) -> str | None:
    """The next page of the same list (RFC 8288): no other URL is asked."""
    for link in reply.headers.get("link", "").split(","):
        address, _, parameters = link.strip().partition(">")
        if 'rel="next"' in parameters and address.startswith("<"):
            one, other = urlsplit(here), urlsplit(address[1:])
            is_same = (one.scheme, one.netloc, one.path) == (other.scheme, other.netloc, other.path)
            return address[1:] if is_same else None
    return None


def _message(said: str) -> str:
    """The words of a refusal, which are JSON."""
    try:
        data = orjson.loads(said)
    except orjson.JSONDecodeError:
        return ""
    return str(data.get("message", "")) if isinstance(data, dict) else ""
