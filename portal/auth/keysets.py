"""The public keys of those who sign tokens: fetched, kept, and fetched anew when they change.

The times are those of `jose`, which Backstage uses, but for the last: keys that were good go on
being good for an hour while their server does not answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jwt
import orjson
import requests
import urllib3

FRESH = 600.0
"""Seconds after which keys are fetched anew."""

COOLDOWN = 30.0
"""Seconds between two attempts: strangers can make up key ids as fast as they like."""

LONGEST = 3600.0
"""Seconds that keys are used for while they cannot be fetched anew."""

DEADLINE = 5.0
"""Seconds for one answer, from its first byte to its last."""

LARGEST = 256 * 1024
"""Bytes of a key set."""

Jwk: TypeAlias = dict[str, Any]
Fetch: TypeAlias = Callable[[str], Sequence[Jwk]]

log = logging.getLogger(__name__)


class KeysUnavailable(Exception):
    """A key set could not be fetched. `args[0]` says why."""


def fetch_keys(url: str) -> Sequence[Jwk]:
    """The keys at `url`. Redirects are not followed. Raises `KeysUnavailable`."""
    ends = time.monotonic() + DEADLINE
    body = bytearray()
    try:
        with requests.get(url, timeout=DEADLINE, stream=True, allow_redirects=False) as response:
            if response.status_code != 200:
                raise KeysUnavailable(f"status {response.status_code}")
            while piece := response.raw.read1(LARGEST, decode_content=True):
                body += piece
                if len(body) > LARGEST or time.monotonic() > ends:
                    raise KeysUnavailable("the answer is too large, or too slow")
        return [key for key in orjson.loads(bytes(body))["keys"] if isinstance(key, dict)]
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise KeysUnavailable(type(error).__name__) from None
    except (ValueError, KeyError, TypeError):
        raise KeysUnavailable("the answer is no JSON Web Key Set") from None


class KeySet:
    """The keys at one URL."""

    def __init__(
        self,
        url: str,
        *,
        fetch: Fetch = fetch_keys,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._keys: Sequence[Jwk] = ()
        self._fetched = self._tried = -LONGEST
        self._lock = threading.Lock()

    def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key of an id that signs with `algorithm`; without an id, the only one that does."""
        if self._clock() - self._fetched >= FRESH:
            self._refresh()
        found = self._find(kid, algorithm)
        if found is None:
            self._refresh()
            found = self._find(kid, algorithm)
        return found

    @property
    def is_empty(self) -> bool:
        """Whether no key was ever found, or none can be had any more."""
        return not self._keys

    def _find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        found = [
            key
            for key in self._keys
            if (kid is None or key.get("kid") == kid)
            and key.get("alg", algorithm) == algorithm
            and key.get("use", "sig") == "sig"
        ]
        try:
            fitting = [jwt.PyJWK(key, algorithm) for key in found if _can(key, algorithm)]
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            return None
        return fitting[0] if len(fitting) == 1 else None

    def _refresh(self) -> None:
        """Fetch the keys, unless that was tried a moment ago. Others wait for who is at it."""
        with self._lock:
            now = self._clock()
            if now - self._tried < COOLDOWN:
                return
            self._tried = now
            try:
                self._keys = self._fetch(self._url)
                self._fetched = now
            except KeysUnavailable as reason:
                log.warning("no keys from %s: %s", self._url, reason)
                if now - self._fetched >= LONGEST:
                    self._keys = ()


def _can(key: Jwk, algorithm: str) -> bool:
    kind = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}.get(algorithm[:2])
    return key.get("kty") == kind
