"""Who shows a token that was made here: found by its digest, and believed for a moment.

A process that revokes one forgets it at once; all others believe it for `BELIEVED` at most, without a
query for each request. That it was used is noted beside the request, and hardly ever.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.auth.made import digest_of
from portal.db.access import tokens
from portal.db.access.tokens import MadeToken
from portal.db.engine import Database

BELIEVED = timedelta(seconds=2)
"""How long a token is taken to be what it was (hostile inputs A24: 5 seconds at most)."""

NOTED = timedelta(hours=1)
"""How often it is noted that a token is used."""

MOST_KEPT = 1_000
"""Tokens that are remembered; what was looked up first is forgotten first."""

log = logging.getLogger(__name__)

Beside = Callable[[Callable[[], None]], None]
"""Does something while the request goes on."""


def in_thread(what: Callable[[], None]) -> None:
    """Do it in a thread of its own: on SQLite a write waits for the batch that is being written."""
    threading.Thread(target=what, daemon=True).start()


@dataclass(frozen=True, slots=True)
class _Kept:
    token: MadeToken
    until: datetime


@dataclass(kw_only=True)
class TokenMemory:
    """The tokens that were shown lately. Threads may share it."""

    database: Database
    now: Callable[[], datetime]
    beside: Beside = in_thread
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _era: int = 0
    """How often everything was forgotten: what was looked up before is not kept after."""
    _noted: dict[int, datetime] = field(default_factory=dict)
    """When this process last noted that a token is used."""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def find(self, secret: str) -> MadeToken | None:
        """The token with this secret, if it is worth anything now."""
        now, digest = self.now(), digest_of(secret)
        with self._guard:
            kept = self._kept.get(digest)
        # A clock that was set back must not let a token be believed for longer.
        if kept is not None and kept.until - BELIEVED <= now < kept.until:
            found: MadeToken | None = kept.token
        else:
            found = self._looked_up(digest, now)
        if found is None:
            return None
        if not found.is_worth(now):
            log.info("token %d of %s is %s", found.id, found.subject, _ended(found))
            return None
        self._note(found, now)
        return found

    def forget(self) -> None:
        """Believe nothing that was looked up before: something was just revoked."""
        with self._guard:
            self._kept.clear()
            self._era += 1

    def _looked_up(self, digest: str, now: datetime) -> MadeToken | None:
        era = self._era
        with self.database.read() as connection:
            found = tokens.find_by_digest(connection, digest)
        with self._guard:
            if found is not None and era == self._era:  # made-up ones are not worth a place
                self._kept.pop(digest, None)
                while len(self._kept) >= MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[digest] = _Kept(found, now + BELIEVED)
        return found

    def _note(self, token: MadeToken, now: datetime) -> None:
        with self._guard:
            seen = self._noted.get(token.id) or token.used_at
            if seen is not None and seen > now - NOTED:
                return
            self._noted[token.id] = now
        self.beside(lambda: self._write(token.id, now))

    def _write(self, identifier: int, now: datetime) -> None:
        try:
            with self.database.write() as connection:
                tokens.note_use(connection, identifier, now=now, unless=now - NOTED)
        except Exception:  # whoever asks has their answer, and it is tried again in an hour
            log.exception("the use of token %d could not be noted", identifier)


def _ended(token: MadeToken) -> str:
    return "revoked" if token.revoked is not None else "expired"
