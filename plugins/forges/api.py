"""The client of one forge's API: signed in, within its limits, and asking only for what is newer.

Credentials go to the API's own host and to no other. An answer with a validator is kept in the
plugin's cache, so that one that has not changed costs a request that most forges do not count.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from plugins.contract import Forge, Problem, ReadingRule
from plugins.forges import deadlines, problems
from plugins.web.answers import Fetched, NotModified, Refused, Validators
from plugins.web.cache import Cache
from plugins.web.client import CheckedClient
from plugins.web.limits import Limits

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer of the API."""

_HEARD = 16 * 1024
_KEPT = ("link", "x-next-page", "x-total", "x-total-count")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the API says."""

    data: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Denied:
    """The API gives nothing, and what it says about that."""

    problem: Problem
    status: int = 0
    """Of its answer; 0: there is none."""
    said: str = ""
    """Its words; '': none."""


class Tokens(Protocol):
    """Tokens that are for single owners of repositories."""

    def token(self, owner: str) -> str | Problem:
        """'': there is none for this owner."""
        ...


class Api:
    """Of one forge."""

    def __init__(
        self,
        forge: Forge,
        folder: Path,
        *,
        client: CheckedClient | None = None,
        limits: Limits | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self.forge = forge
        self._tokens = tokens
        urls = {forge.api_url, forge.raw_url or forge.api_url}
        rules = [ReadingRule(host=urlsplit(url).netloc.lower()) for url in sorted(urls)]
        self._client = client or CheckedClient(rules)
        self._limits = limits or Limits()
        host = hashlib.sha256(forge.api_url.encode()).hexdigest()[:16]
        self._cache = Cache(folder / "answers" / host)

    def signing_in_with(self, tokens: Tokens) -> Api:
        """The same client, with the same limits and copies, and other tokens."""
        other = copy(self)
        other._tokens = tokens
        return other

    def get(self, url: str, *, what: str, owner: str = "") -> Reply | Problem:
        """The JSON at a URL of the API; `what` is the thing that is asked for, for people.

        `owner` is who has the repository that is meant.
        """
        reply = self.ask(url, what=what, owner=owner)
        return reply.problem if isinstance(reply, Denied) else reply

    def ask(self, url: str, *, what: str, owner: str = "") -> Reply | Denied:
        """The same, with what the API says where it gives nothing."""
        copy = self._cache.find(url)
        kept = self._cache.read(url, copy.digest) if copy else None
        known = copy.validators if copy and kept else None
        answer = self._fetch(url, what, "application/json", known, LARGEST, owner)
        match answer:
            case Denied():
                return answer
            case NotModified():
                assert kept is not None, "only of a copy it can be said that it is the same"
                assert copy is not None
                reply = self._reply(kept)
                if isinstance(reply, Reply):
                    # How many pages there are is no part of what the validator stands for.
                    return replace(reply, headers={**reply.headers, **_of_pages(answer.headers)})
                return Denied(problem=reply)
        kept = orjson.dumps(_of_pages(answer.headers)) + b"\n" + answer.content
        reply = self._reply(kept)
        if isinstance(reply, Reply) and answer.validators.conditions():
            try:
                self._cache.keep(url, kept, answer.validators)
            except OSError:
                pass  # it is asked for in full the next time
        return Denied(problem=reply) if isinstance(reply, Problem) else reply

    def forget(self, urls: Iterable[str]) -> None:
        """Ask for these in full the next time: what they said does not go together."""
        for url in urls:
            self._cache.forget(url)

    def fetch(
        self,
        url: str,
        *,
        what: str,
        accept: str,
        known: Validators | None = None,
        max_bytes: int = LARGEST,
        owner: str = "",
    ) -> Fetched | NotModified | Problem:
        """The content at a URL of the forge."""
        answer = self._fetch(url, what, accept, known, max_bytes, owner)
        return answer.problem if isinstance(answer, Denied) else answer

    def _fetch(
        self,
        url: str,
        what: str,
        accept: str,
        known: Validators | None,
        max_bytes: int,
        owner: str,
    ) -> Fetched | NotModified | Denied:
        if why := self._shut():
            return Denied(problem=why)
        token = self.token(owner)
        if isinstance(token, Problem):
            return Denied(problem=token)
        headers = {"accept": accept, **self._credentials(url, token)}
        answer = self._client.get(
            url, max_bytes=max_bytes, headers=headers, known=known, hear=_HEARD
        )
        if isinstance(answer, Refused):
            said = answer.said.decode(errors="replace")
            problem = self._explained(answer, what)
            return Denied(problem=problem, status=answer.status, said=said)
        if isinstance(answer, Fetched):
            self._limits.note(200, answer.headers)
        elif isinstance(answer, NotModified):
            self._limits.note(304, answer.headers)
        return answer

    def post(self, url: str, body: object, *, what: str, owner: str = "") -> Reply | Problem:
        """What the API answers to JSON, which it takes only of who signs in."""
        if why := self._shut():
            return why
        token = self.token(owner)
        if isinstance(token, Problem):
            return token
        if not token:
            return problems.no_credentials(self.forge)
        headers = {"accept": "application/json", "content-type": "application/json"}
        answer = self._client.post(
            url,
            body=orjson.dumps(body),
            headers=headers | self._credentials(url, token),
            max_bytes=LARGEST,
            hear=_HEARD,
        )
        match answer:
            case Refused():
                return self._explained(answer, what)
            case Fetched():
                self._limits.note(200, answer.headers)
                kept = orjson.dumps(dict(answer.headers)) + b"\n" + answer.content
                return self._reply(kept)
        raise AssertionError("a POST is never conditional")

    def _shut(self) -> Problem | None:
        """Why nothing may be asked now."""
        if until := self._limits.until():
            return problems.limited(self.forge, until)
        if allowed := deadlines.exceeded():
            return problems.out_of_time(self.forge, allowed)
        return None

    def token(self, owner: str) -> str | Problem:
        """What signs in for repositories of an owner: of an App, or the one of all; '': nothing."""
        if self._tokens is not None and owner:
            found = self._tokens.token(owner)
            if found:
                return found
        return self.forge.token or self.forge.password

    def wait(self, *, reserve: float = 0.0) -> float:
        """Seconds for which nothing is to be asked; with a `reserve` of a share of what the limits let
        us ask, as long as no more than that is left. 0: it may be now.
        """
        return max(self._limits.wait(), self._limits.scarce(reserve) if reserve else 0.0)

    def limit(self, headers: Mapping[str, str]) -> Problem:
        """Take in that an answer of 200 says in its body that a limit is reached."""
        self._limits.note(429, headers)
        return problems.limited(self.forge, self._limits.until())

    def _reply(self, kept: bytes) -> Reply | Problem:
        head, _, content = kept.partition(b"\n")
        try:
            return Reply(data=orjson.loads(content), headers=orjson.loads(head))
        except orjson.JSONDecodeError:
            return problems.bad_answer(self.forge, "it is no JSON")

    def _explained(self, answer: Refused, what: str) -> Problem:
        if self._limits.note(answer.status, answer.headers, answer.said):
            return problems.limited(self.forge, self._limits.until())
        match answer.status:
            case 401 | 403:
                return problems.not_permitted(self.forge, what)
            case 404 | 410:
                return problems.not_found(self.forge, what)
        if answer.problem.code in ("HOST_NOT_ALLOWED", "REDIRECT_NOT_ALLOWED"):
            hint = "Check apiBaseUrl and baseUrl under integrations."
            return replace(answer.problem, hint=hint)
        return answer.problem

    def _credentials(self, url: str, token: str) -> dict[str, str]:
        """The header that signs in, for URLs of the API."""
        forge = self.forge
        if not url.startswith(f"{forge.api_url}/") and not url.startswith(_graphql_of(forge)):
            return {}
        if forge.username and forge.password:
            pair = f"{forge.username}:{forge.password}".encode()
            return {"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
        if not token:
            return {}
        scheme = "token" if forge.type == "gitea" else "Bearer"
        return {"authorization": f"{scheme} {token}"}


def _of_pages(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT if name in headers}


def _graphql_of(forge: Forge) -> str:
    return f"{forge.api_url}/" if forge.type == "gitea" else graphql_url(forge)


def graphql_url(forge: Forge) -> str:
    """Where a GitHub or GitLab takes queries: beside its REST API, where that has a version."""
    return f"{forge.api_url.removesuffix('/v3').removesuffix('/v4')}/graphql"
