"""Bearer tokens: who shows them. Static ones are compared, those made here are found by what is kept
of them, all others are signed (JWT).

What is accepted, and as whom, is Backstage's (reference 5). Why a token was refused is told to
nobody who could not have made it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import jwt

from portal.auth.callers import Machine, Nobody, Refused, User
from portal.auth.keysets import Fetch, KeySet, fetch_keys
from portal.auth.made import is_made
from portal.config import (
    PLUGIN_PLACE,
    BackstagePlugins,
    BackstageUsers,
    Issuer,
    KeySetAccess,
    SharedSecret,
    StaticToken,
)
from portal.config.access import ALGORITHMS

LONGEST = 32_768
"""Characters of a token (Backstage's own limit)."""

LEEWAY = 10
"""Seconds that the clocks of two hosts may differ by."""

MOST_KEY_SETS = 64
"""Key sets that are kept: those of plugins are named by whoever asks."""

_OF_BACKSTAGE = ("vnd.backstage.user", "vnd.backstage.plugin", "vnd.backstage.limited-user")
"""Types of tokens that no other issuer may make."""

_PLUGIN_ID = re.compile(r"[a-z0-9_-]{1,64}", re.IGNORECASE)

_Header: TypeAlias = dict[str, Any]
_Claims: TypeAlias = dict[str, Any]

Find: TypeAlias = Callable[[str], Machine | None]
"""Whose secret this is, of those that were made here; None where it is worth nothing now."""


def _nobody(_: str) -> None:
    return None


class Tokens:
    """All tokens that are taken. Keeps the keys of those who sign them."""

    def __init__(
        self,
        tokens: Iterable[StaticToken],
        issuers: Iterable[Issuer],
        *,
        find: Find = _nobody,
        fetch: Fetch = fetch_keys,
    ) -> None:
        self._static = tuple(tokens)
        self._find = find
        self._issuers = tuple(issuers)
        self._fetch = fetch
        self._keysets: dict[str, KeySet] = {}

    def identify(
        self, authorization: str | None, *, plugin: str = "catalog"
    ) -> Machine | User | Nobody | Refused:
        """Who the `Authorization` header says is asking. Anything but `Bearer` and one word says
        nothing (Backstage 4.0.0, observed).

        `plugin` is the one that is asked: a token of a plugin is made for one other.
        """
        scheme, *words = (authorization or "").split(" ")
        match [word for word in words if word]:
            case [shown] if scheme.lower() == "bearer":
                pass
            case _:
                return Nobody()
        configured = self._compare(shown.encode())
        if configured is None and is_made(shown):
            return self._find(shown) or Refused()
        return configured or self._verify(shown, plugin) or Refused()

    def _compare(self, shown: bytes) -> Machine | None:
        found = None
        for known in self._static:  # to the end, whichever fits: how long it takes tells nothing
            if hmac.compare_digest(shown, known.token.encode()):
                found = Machine(subject=known.subject, restrictions=known.restrictions)
        return found

    def _verify(self, token: str, plugin: str) -> Machine | User | None:
        if not self._issuers or len(token) > LONGEST:
            return None
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        callers = (self._caller(issuer, token, header, plugin) for issuer in self._issuers)
        return next((caller for caller in callers if caller is not None), None)

    def _caller(
        self, issuer: Issuer, token: str, header: _Header, plugin: str
    ) -> Machine | User | None:
        match issuer, header.get("typ"):
            case BackstageUsers(url=url), "vnd.backstage.user":
                return _user(self._claims(url, token, header, audiences=("backstage",)))
            case BackstagePlugins(url=url), "vnd.backstage.plugin":
                return self._calling_plugin(url, token, header, plugin)
            case KeySetAccess(), other if other not in _OF_BACKSTAGE:
                claims = self._claims(
                    issuer.url,
                    token,
                    header,
                    algorithms=issuer.algorithms,
                    audiences=issuer.audiences,
                    issuers=issuer.issuers,
                    required=("sub",),
                )
                return _external(issuer, claims)
            case SharedSecret(), _ if header.get("alg") == "HS256":
                return _holder_of(issuer, token)
        return None

    def _calling_plugin(self, url: str, token: str, header: _Header, plugin: str) -> Machine | None:
        try:
            name = jwt.decode(token, options={"verify_signature": False}).get("sub")
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        if not isinstance(name, str) or not _PLUGIN_ID.fullmatch(name):
            return None
        keys_at = url.replace(PLUGIN_PLACE, name)
        claims = self._claims(keys_at, token, header, audiences=(plugin,))
        return Machine(subject=f"plugin:{name}") if claims and claims["sub"] == name else None

    def _claims(
        self,
        url: str,
        token: str,
        header: _Header,
        *,
        audiences: Sequence[str],
        issuers: Sequence[str] = (),
        algorithms: Sequence[str] = ALGORITHMS,
        required: Sequence[str] = ("iat", "exp", "sub", "aud"),
    ) -> _Claims | None:
        """What a token says, if one of the keys at `url` signed it and it is for us, now."""
        if header.get("alg") not in algorithms:
            return None
        key = self._keys_at(url).find(header.get("kid"), header["alg"])
        if key is None:
            return None
        return _read(
            token,
            key,
            algorithms=algorithms,
            audience=audiences or None,
            issuer=issuers or None,
            options={
                "require": [*required],
                "verify_aud": bool(audiences),
                "enforce_minimum_key_length": True,
            },
        )

    def _keys_at(self, url: str) -> KeySet:
        if url not in self._keysets and len(self._keysets) >= MOST_KEY_SETS:
            empty = next((at for at, keys in [*self._keysets.items()] if keys.is_empty), "")
            self._keysets.pop(empty, None)
        return self._keysets.setdefault(url, KeySet(url, fetch=self._fetch))


def _user(claims: _Claims | None) -> User | None:
    if not claims or not claims["sub"]:
        return None
    owned = claims.get("ent", [claims["sub"]])
    refs = owned if isinstance(owned, list) else []
    return User(ref=claims["sub"], ownership=tuple(ref for ref in refs if isinstance(ref, str)))


def _external(issuer: KeySetAccess, claims: _Claims | None) -> Machine | None:
    if not claims or not claims["sub"]:
        return None
    parts = ("external", issuer.prefix, claims["sub"])
    name = ":".join(part for part in parts if part)
    return Machine(subject=name, restrictions=issuer.restrictions)


def _holder_of(issuer: SharedSecret, token: str) -> Machine | None:
    # Zeros change no HMAC of a shorter key, and the library warns of keys that are short.
    key = issuer.key.ljust(32, b"\0")
    claims = _read(token, key, algorithms=["HS256"], options={"verify_aud": False})
    if not claims or claims.get("sub") != "backstage-server" or claims.get("aud"):
        return None
    return Machine(subject=issuer.subject, restrictions=issuer.restrictions)


def _read(token: str, key: Any, **what: Any) -> _Claims | None:
    try:
        return jwt.decode(token, key, leeway=LEEWAY, **what)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
