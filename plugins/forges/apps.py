"""GitHub Apps: tokens of their installations, one for each owner of repositories, for an hour each.

Source: GitHub's "Generating an installation access token for a GitHub App". A token is kept in memory
and asked for anew before it ends; it is written nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

import jwt

from plugins.contract import Forge, ForgeApp, Problem
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.paging import items

EARLY = 300.0
"""Seconds before its end at which a token is no longer used."""

ABSENT = 600.0
"""Seconds for which is not asked again whether an owner has an installation."""

_SIGNED_FOR = 540
"""Seconds that GitHub takes a signature of ours for: at most 600, and clocks differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    token: str
    """'': the App is not installed."""
    until: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    owners: frozenset[str]
    """In lower case."""
    until: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """An organization that has an App installed."""

    owner: str
    suspended: bool
    """Whether it has turned the App off for now, which makes nothing of it gone."""


class AppTokens:
    """The tokens of a GitHub's Apps. Several threads may use it at once."""

    def __init__(
        self, forge: Forge, folder: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._forge, self._folder, self._clock = forge, folder, clock
        self._kept: dict[tuple[str, str], _Kept] = {}
        """By App and owner."""
        self._told: dict[str, _Told] = {}
        self._guard = Lock()

    def token(self, owner: str, *, first: Collection[str] = ()) -> str | Problem:
        """The token for repositories of an owner; '': no App of ours is installed there.

        It is of the first App that is installed and may sign in; those with an id of `first` are
        before the others.
        """
        for app in sorted(self._forge.apps, key=lambda app: app.id not in first):
            if found := self._token_of(app, owner):
                return found
        return ""

    def only(self, id: str) -> AppAlone:  # noqa: A002 - as in the records
        """The tokens of one App: no other stands in for it."""
        return AppAlone(tokens=self, id=id)

    def preferring(self, ids: Collection[str]) -> AppsPreferred:
        """The tokens of all Apps, of which these go before the others."""
        return AppsPreferred(tokens=self, ids=frozenset(ids))

    def of_app(self, id: str, owner: str) -> str | Problem:  # noqa: A002 - as in the records
        """The token of the App `id` for repositories of an owner."""
        app = next((one for one in self._forge.apps if one.id == id), None)
        if app is None:
            return problems.no_such_app(self._forge, id)
        return self._token_of(app, owner) or problems.app_not_installed(self._forge, id, owner)

    def _token_of(self, app: ForgeApp, owner: str) -> str | Problem:
        """'': it is not installed there, or may not sign in for this owner."""
        allowed = [one.lower() for one in app.owners]
        if allowed and owner.lower() not in allowed:
            return ""
        key = (app.id, owner.lower())
        with self._guard:  # who comes meanwhile wants the same
            known = self._kept.get(key)
            if known is None or self._clock() >= known.until:
                made = self._make(app, owner)
                if isinstance(made, Problem):
                    return made
                known = made or _Kept(token="", until=self._clock() + ABSENT)
                self._kept[key] = known
            return known.token

    def organizations(self) -> tuple[str, ...] | Problem:
        """Organizations that have one of the Apps installed, and that are allowed; sorted.

        One that has suspended it is not gone, and so none is told then.
        """
        found: set[str] = set()
        for app in self._forge.apps:
            listed = self.installed(app.id)
            if isinstance(listed, Problem):
                return listed
            for one in listed:
                if one.suspended:
                    return problems.app_suspended(self._forge, app.id, one.owner)
                found.add(one.owner)
        if not found:
            return problems.incomplete(self._forge, "no organization has the App installed")
        return tuple(sorted(found))

    def installed(self, id: str) -> tuple[Installed, ...] | Problem:  # noqa: A002 - as in the records
        """Organizations that have the App `id` installed, and that are allowed; sorted."""
        app = next((one for one in self._forge.apps if one.id == id), None)
        if app is None:
            return problems.no_such_app(self._forge, id)
        signed = self._signed(app)
        if isinstance(signed, Problem):
            return signed
        api = Api(replace(self._forge, token=signed, apps=()), self._folder)
        url = f"{self._forge.api_url}/app/installations?per_page=100"
        listed = items(api, url, what=f"the installations of App {app.id}", total="")
        if isinstance(listed, Problem):
            return listed
        allowed = {one.lower() for one in app.owners}
        found = {
            owner: Installed(owner=owner, suspended=bool(one.get("suspended_at")))
            for one in listed
            if (owner := _organization(one)) and (not allowed or owner.lower() in allowed)
        }
        told = frozenset(owner.lower() for owner in found)
        self._told[id] = _Told(owners=told, until=self._clock() + ABSENT)
        return tuple(found[owner] for owner in sorted(found))

    def is_installed(self, id: str, owner: str) -> bool:  # noqa: A002 - as in the records
        """Whether an owner is one of those organizations, as was told lately, or is told now.

        While it cannot be told, what was told before holds.
        """
        told = self._told.get(id)
        if told is None or self._clock() >= told.until:
            self.installed(id)
            told = self._told.get(id)
        return told is not None and owner.lower() in told.owners

    def _make(self, app: ForgeApp, owner: str) -> _Kept | Problem | None:
        """A new token; None: the App is not installed for this owner."""
        signed = self._signed(app)
        if isinstance(signed, Problem):
            return signed
        api = Api(replace(self._forge, token=signed, apps=()), self._folder)
        found = self._installation(api, app, owner)
        if found is None or isinstance(found, Problem):
            return found
        url = f"{self._forge.api_url}/app/installations/{found}/access_tokens"
        reply = api.post(url, {}, what=f"the installation of App {app.id} for {owner}")
        match reply:
            case Problem():
                return reply
            case _ if isinstance(reply.data, Mapping):
                token, ends = reply.data.get("token"), _moment(reply.data.get("expires_at"))
                if isinstance(token, str) and token and ends is not None:
                    return _Kept(token=token, until=ends - EARLY)
        return problems.bad_answer(self._forge, "it is no installation token")

    def _installation(self, api: Api, app: ForgeApp, owner: str) -> int | Problem | None:
        for kind in ("orgs", "users"):
            url = f"{self._forge.api_url}/{kind}/{quote(owner, safe='')}/installation"
            reply = api.get(url, what=f"the installation of App {app.id} for {owner}")
            if isinstance(reply, Problem):
                if reply.code == "NOT_FOUND":
                    continue
                return reply
            match reply.data:
                case {"id": int(number)}:
                    if reply.data.get("suspended_at"):
                        return problems.app_suspended(self._forge, app.id, owner)
                    return number
            return problems.bad_answer(self._forge, "it is no installation")
        return None

    def _signed(self, app: ForgeApp) -> str | Problem:
        now = int(self._clock())
        claims = {"iat": now - 60, "exp": now + _SIGNED_FOR, "iss": app.id}
        try:
            return jwt.encode(claims, app.private_key, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            return problems.bad_app_key(self._forge, app.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class AppAlone:
    """A `Tokens` of one App, for a provider that names it."""

    tokens: AppTokens
    id: str

    def token(self, owner: str) -> str | Problem:
        """A problem where it is not installed."""
        return self.tokens.of_app(self.id, owner)


@dataclass(frozen=True, kw_only=True, slots=True)
class AppsPreferred:
    """A `Tokens` of all Apps, in an order of its own."""

    tokens: AppTokens
    ids: frozenset[str]
    """Before the others."""

    def token(self, owner: str) -> str | Problem:
        """'': no App is installed."""
        return self.tokens.token(owner, first=self.ids)


def _organization(installation: Mapping[str, Any]) -> str:
    """Login of the organization of an installation; '': it is one of a person."""
    match installation:
        case {"account": {"login": str(login), "type": "Organization"}}:
            return login
    return ""


def _moment(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
