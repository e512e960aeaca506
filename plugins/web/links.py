"""The remote collector `links`: whether the links of entities answer, asked as a visitor would.

Only hosts that the operator named are asked, without credentials, and nothing but the status is kept.
What may not be asked is not known, and why; what fails is broken when it has failed time and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock

from plugins.contract import (
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    JsonValue,
    Known,
    LinkFacts,
    Missing,
    Observation,
    Problem,
    RemoteSubject,
    Unknown,
)
from plugins.web.client import CheckedClient
from plugins.web.urls import parse_url

VERSION = "1"

FAILURES = 3
"""In a row, each at another time, until a link is broken."""

APART = timedelta(minutes=30)
"""Between two looks at the same link, however many entities have it."""

AT_ONCE = 2
"""Requests to a host at a time."""

MOST_LINKS = 20
"""Of an entity; others are not asked."""

SECONDS = 10.0
"""For a link to answer, redirects and all."""

MOST_KNOWN = 100_000
"""Links that are remembered; then all are forgotten."""

_WORDS = {
    "links.runbook_status": ("runbook", "playbook"),
    "links.dashboard_status": ("dashboard", "grafana", "monitoring"),
}
"""What titles, types and icons of such links have in them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Links(RemoteSubject):
    """What an entity links."""

    urls: tuple[str, ...]
    """Each once, in their order."""
    roles: tuple[tuple[str, str], ...]
    """Name of a fact, and the first URL that it is about."""


@dataclass(kw_only=True, slots=True)
class _Past:
    """How a link has been answering."""

    said: int | Problem
    at: datetime
    failures: int = 0


class LinkCollector:
    """A `RemoteCollector` for the web, as far as it may be asked."""

    name = "links"
    version = VERSION
    kinds: tuple[str, ...] = ()
    schemas: tuple[FactSchema, ...] = (
        FactSchema(
            name="links.runbook_status",
            type=FactType.INT,
            description="HTTP status of the runbook that the descriptor links, 0 where nothing answers; "
            "null where it links none.",
            when_absent=0,
        ),
        FactSchema(
            name="links.dashboard_status",
            type=FactType.INT,
            description="HTTP status of the dashboard that the descriptor links, 0 where nothing answers; "
            "null where it links none.",
            when_absent=0,
        ),
        FactSchema(
            name="links.broken",
            type=FactType.STRINGS,
            description="Links that failed three times in a row; those that may not be asked are left out.",
            when_absent=(),
        ),
    )

    def __init__(self, facts: LinkFacts, client: CheckedClient) -> None:
        self.every, self.ttl = facts.every, 3 * facts.every
        self.systems: tuple[str, ...] = ("web",)
        self._client, self._guard = client, Lock()
        self._past: dict[str, _Past] = {}
        self._turns: dict[str, BoundedSemaphore] = {}

    def subject_of(self, entity: Mapping[str, JsonValue]) -> RemoteSubject:
        """The links of the descriptor. They are asked as anybody may ask, so none is refused here."""
        found = list(_links(entity))[:MOST_LINKS]
        roles = (
            (fact, next((url for url, said in found if any(w in said for w in words)), ""))
            for fact, words in _WORDS.items()
        )
        urls = tuple(dict.fromkeys(url for url, _ in found))
        return Links(
            system="web",
            name=" ".join(urls),
            urls=urls,
            roles=tuple((fact, url) for fact, url in roles if url),
        )

    def observe(self, subject: RemoteSubject, *, now: datetime) -> Observation:
        """How the links answer."""
        assert isinstance(subject, Links), "it is what `subject_of` gave"
        seen = {url: self._look(url, now) for url in subject.urls}
        roles = dict(subject.roles)
        facts: dict[str, FactState] = {
            fact: _state(seen[roles[fact]])
            if fact in roles
            else Missing(looked_for=f"a link named {' or '.join(words)}")
            for fact, words in _WORDS.items()
        }
        facts["links.broken"] = Known(value=tuple(url for url in seen if _is_broken(seen[url])))
        return Observation(facts=facts, url=next(iter(roles.values()), ""))

    def _look(self, url: str, now: datetime) -> _Past:
        """How a link answers now, or did a moment ago."""
        with self._turn(url):
            with self._guard:
                before = self._past.get(url)
            if before is not None and now - before.at < APART:
                return before
            said = self._client.status(url)
            count = (before.failures if before else 0) + 1 if _has_failed(said) else 0
            after = _Past(said=said, at=now, failures=count)
            with self._guard:
                if len(self._past) >= MOST_KNOWN:
                    self._past.clear()
                self._past[url] = after
            return after

    def _turn(self, url: str) -> AbstractContextManager[object]:
        """Few at a time ask a host."""
        parsed = parse_url(url)
        host = "" if isinstance(parsed, Problem) else parsed.authority
        with self._guard:
            return self._turns.setdefault(host, BoundedSemaphore(AT_ONCE))


def _links(entity: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """URL of each link, and its title, type and icon in lower case."""
    metadata = entity.get("metadata")
    links = metadata.get("links") if isinstance(metadata, dict) else None
    for link in links if isinstance(links, list) else []:
        url = link.get("url") if isinstance(link, dict) else None
        if isinstance(link, dict) and isinstance(url, str) and url:
            said = (link.get(key) for key in ("title", "type", "icon"))
            yield url, " ".join(word for word in said if isinstance(word, str)).lower()


def _has_failed(said: int | Problem) -> bool:
    """Whether a visitor would not have seen the page."""
    if isinstance(said, Problem):
        return said.code in _NO_ANSWER
    return said >= 400 and said not in (401, 403, 407, 429)


_NO_ANSWER = (
    "TLS_ERROR",
    "TOO_MANY_REDIRECTS",
    "UPSTREAM_BROKEN",
    "UPSTREAM_TIMEOUT",
    "UPSTREAM_UNREACHABLE",
)
"""Problems that are the link's own; what may not be asked, or is left alone for now, is not."""


def _is_broken(past: _Past) -> bool:
    return past.failures >= FAILURES


def _state(past: _Past) -> FactState:
    """What is known of the status of a link."""
    said = past.said
    if _has_failed(said):
        if _is_broken(past):
            return Known(value=said if isinstance(said, int) else 0)
        what = f"It is answered with {said}." if isinstance(said, int) else said.message
        detail = f"{what} It is broken after {FAILURES} failures in a row; this is number {past.failures}."
        return FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail)
    if isinstance(said, int):
        return _answered(said)
    paused = said.code in ("UPSTREAM_PAUSED", "RATE_LIMITED")
    reason = Unknown.SOURCE_FAILED if paused else Unknown.NOT_CONFIGURED
    hint = "" if paused else " Hosts that may be asked stand under plumbline.facts.links."
    return FailedFact(reason=reason, detail=f"{said.message}{hint}")


def _answered(status: int) -> FactState:
    if status == 429:
        return FailedFact(reason=Unknown.SOURCE_FAILED, detail="It asks for patience (429).")
    if status >= 400:
        detail = f"It wants to be signed in to ({status}), so whether it is there is not told."
        return FailedFact(reason=Unknown.NOT_PERMITTED, detail=detail)
    return Known(value=status)
