"""Numbers that are dear to make: remembered while the catalog and its results stay as they are.

In a catalog that is alive these change all the time. What takes long is then counted anew beside the
requests, at most once at a time, and until it is done the last numbers are shown with their age. Nobody
is shown numbers that were overtaken more than `OLDEST` ago, and nobody who has just changed something
(`portal.ui.changed`) is shown any that were: then the request waits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from portal.db.engine import Database
from portal.db.state import Connection, state_of

log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MOST_KEPT = 20
"""Answers that are kept; the one that was made first is forgotten first."""

OLDEST = timedelta(seconds=30)
"""How long numbers may be shown after they were last known to be right."""

QUICK = 0.05
"""Seconds of processor time: what takes no longer is always counted while the request waits."""

HEAD_START = 0.1
"""Seconds before counting begins: two threads at work take turns, and the request shall be done first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted(Generic[Value]):
    """Numbers, and of when they are."""

    value: Value
    behind: datetime | None
    """Until when they were right; they are being counted anew. None: they are right now."""


@dataclass(kw_only=True, slots=True)
class _Kept(Generic[Value]):
    state: str
    value: Value
    right_at: datetime
    """When the state was last seen to be this one."""
    seconds: float
    """Of processor time, that it took."""


@dataclass(kw_only=True)
class StateMemory(Generic[Key, Value]):
    """What was made from the present state. Threads may share it."""

    database: Database
    now: Callable[[], datetime]
    make: Callable[[Connection, Key], Value]
    """The numbers for a key, from a snapshot."""
    state: Callable[[Connection], str] = state_of
    """What they depend on."""
    _kept: dict[Key, _Kept[Value]] = field(default_factory=dict)
    _turns: dict[Key, threading.Lock] = field(default_factory=dict)
    """Whose turn it is to make something."""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, connection: Connection, key: Key, *, exact: bool = False) -> Counted[Value]:
        """The numbers for the key; with `exact` those of the connection's snapshot."""
        now = self.now()
        state = self.state(connection)
        kept = self._seen(key, state, now)
        if kept is not None and kept.state == state:
            return Counted(value=kept.value, behind=None)
        if kept is None or exact or kept.seconds <= QUICK or now - kept.right_at > OLDEST:
            return Counted(value=self._waited(connection, key, state, now), behind=None)
        self._make_beside(key)
        return Counted(value=kept.value, behind=kept.right_at)

    def _seen(self, key: Key, state: str, now: datetime) -> _Kept[Value] | None:
        with self._guard:
            kept = self._kept.get(key)
            if kept is not None and kept.state == state:
                kept.right_at = max(kept.right_at, now)
            return kept

    def _waited(self, connection: Connection, key: Key, state: str, asked_at: datetime) -> Value:
        """Made in this state, or of a later one by whoever had the turn."""
        with self._turn(key):
            kept = self._seen(key, state, asked_at)
            if kept is not None and (kept.state == state or kept.right_at > asked_at):
                return kept.value
            return self._made(connection, key, state, asked_at)

    def _made(self, connection: Connection, key: Key, state: str, right_at: datetime) -> Value:
        """Whose turn it is calls this."""
        began = time.thread_time()
        value = self.make(connection, key)
        seconds = time.thread_time() - began
        with self._guard:
            self._kept.pop(key, None)
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = _Kept(state=state, value=value, right_at=right_at, seconds=seconds)
        return value

    def _make_beside(self, key: Key) -> None:
        """Make it of the newest state, unless that is being done."""
        turn = self._turn(key)
        if turn.acquire(blocking=False):
            threading.Thread(target=self._beside, args=(key, turn), daemon=True).start()

    def _beside(self, key: Key, turn: threading.Lock) -> None:
        try:
            time.sleep(HEAD_START)
            began = self.now()
            with self.database.read() as connection:
                self._made(connection, key, self.state(connection), began)
        except Exception:  # the request that waits for these numbers in the end has the error
            log.exception("numbers could not be counted")
        finally:
            turn.release()

    def _turn(self, key: Key) -> threading.Lock:
        with self._guard:
            if len(self._turns) > 2 * MOST_KEPT:  # keys that nobody makes
                self._turns = {one: turn for one, turn in self._turns.items() if turn.locked()}
            return self._turns.setdefault(key, threading.Lock())
