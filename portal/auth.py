"""Who is asking, and whether a request may be heard at all: decisions, without HTTP or SQL.

The web edge (`portal.api.guard`) asks; sessions are kept by `portal.db.sessions`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from portal.config import Settings, StaticToken, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A client with a token."""

    subject: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A browser that signed in."""

    principal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Nobody:
    """No credentials were shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Credentials were shown, and are not ours. The message is Backstage's, the same for all."""

    message: str = "Illegal token"


Caller: TypeAlias = Machine | Person | Nobody | Refused


def identify(
    authorization: str | None, tokens: Iterable[StaticToken]
) -> Machine | Nobody | Refused:
    """Who the `Authorization` header says is asking. Another scheme than Bearer says nothing."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return Nobody()
    shown = value.strip().encode()
    found: Machine | Refused = Refused()
    for known in tokens:  # to the end, whichever fits: how long it takes tells nothing
        if hmac.compare_digest(shown, known.token.encode()):
            found = Machine(subject=known.subject)
    return found


def is_known_host(host: str, settings: Settings) -> bool:
    """Whether a `Host` header names this portal: against DNS rebinding, while everyone may ask.

    A page of a foreign site can make a name of its own point at the loopback address, but it cannot
    make the browser send another name than that.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return bool(name) and (is_loopback(name or "") or name in settings.allowed_hosts)


def is_same_site(
    *, fetch_site: str | None, origin: str | None, host: str, settings: Settings
) -> bool:
    """Whether an unsafe request comes from our own pages, or from no page at all.

    Browsers say so by `Sec-Fetch-Site`, older ones by `Origin` alone; other programs send neither.
    """
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    if origin is None:
        return True
    own = {f"http://{host}", f"https://{host}"}
    if settings.base_url:
        parts = urlsplit(settings.base_url)
        own = {f"{parts.scheme}://{parts.netloc}"} | (
            {f"http://{host}"} if not settings.is_https else set()
        )
    return origin in own


def actor_of(caller: Caller) -> str:
    """Who a change is put down to; '' where everyone may ask and nobody said who they are."""
    match caller:
        case Machine(subject=subject):
            return subject
        case Person(principal=principal):
            return principal
        case _:
            return ""
