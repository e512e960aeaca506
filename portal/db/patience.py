"""Patience: how long anybody waits for a PostgreSQL that does not answer.

One that hangs takes connections and statements like one that works, so that neither its own timeouts
nor TCP's end the wait (reliability F23): only the waiting side can. Whoever answers a request gives up
soon, and while the server is silent all others are refused at once, but for one that looks whether it
is back. A worker waits on: when the server goes on, so does its work.

What swallows packets is found by TCP: `TCP` says how soon.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, NoReturn

import psycopg
from sqlalchemy.exc import OperationalError


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a thread waits."""

    silence: float
    """Seconds without a byte of the answer to a statement."""
    ping: float
    """Seconds for the answer of a connection that has been idle: it is there at once."""
    refuses_early: bool
    """Whether nothing is asked while the server is known to be silent."""
    turns: int
    """How often it asks for its turn to write, each time for less than the silence of who answers."""
    is_hasty: bool = False
    """Whether it leaves to others what takes a moment: it opens no connection, and has seen no silence."""


ANSWERING = Patience(silence=10.0, ping=2.0, refuses_early=True, turns=1)
"""Of who answers a request. No page takes so long, and whoever waits has gone by then."""

HASTY = replace(ANSWERING, silence=0.05, ping=0.05, is_hasty=True)
"""Of who watches all connections, and answers between two looks at them."""

WORKING = Patience(silence=600.0, ping=600.0, refuses_early=False, turns=40)
"""Of all others: a large statement may take minutes, and one that is given up is work to do again. It
ends, so that a single backend that hangs keeps no worker for ever."""

patience: ContextVar[Patience] = ContextVar("patience", default=WORKING)
"""Of the thread."""

TCP: Mapping[str, Any] = {
    "connect_timeout": 5,
    # A peer that is gone, or a path that swallows packets, is noticed within half a minute: what has
    # been sent and is not acknowledged by `tcp_user_timeout` (ms), what is idle by keepalive.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Parameters of a connection (libpq)."""

INTERVAL = 0.1
"""Seconds, at most, after which it is looked whether anything has come."""

AGAIN = 2.0
"""Seconds between two looks whether a silent server is back."""


@dataclass(kw_only=True)
class Watch:
    """Whether the server answers, as far as this process knows. Threads share it."""

    is_silent: bool = False
    _look_at: float = 0.0
    _guard: Lock = field(default_factory=Lock, repr=False)

    def ask(self) -> None:
        """Before anything is asked; raises where the server is silent, and somebody looks already."""
        if not self.is_silent or not patience.get().refuses_early:
            return
        with self._guard:
            now = time.monotonic()
            if now < self._look_at:
                raise OperationalError(None, None, Silent("the server does not answer"))
            self._look_at = now + AGAIN

    def note(self, *, silent: bool) -> None:
        """What has just been seen."""
        with self._guard:
            # One statement that takes too long is no silence yet: the next who asks looks at once.
            self._look_at = time.monotonic() + AGAIN if self.is_silent else 0.0
            self.is_silent = silent


class Silent(psycopg.OperationalError):
    """The server has sent nothing for too long."""


class Patient(psycopg.Connection[Any]):
    """A connection on which nobody waits for ever."""

    watch: Watch | None = None

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        """As in psycopg; raises `Silent`, and the connection is closed: its state is not known."""
        silence = self.silence
        kwargs.setdefault("interval", min(INTERVAL, silence))
        try:
            found = super().wait(_bounded(gen, silence), *args, **kwargs)
        except Silent:
            self._give_up()
            raise
        self.note_answer()
        return found

    @property
    def silence(self) -> float:
        """Seconds without a byte, after which whoever waits now is to give up."""
        return patience.get().silence

    def give_up(self) -> NoReturn:
        """Nothing has come for that long: raises `Silent`, and the connection is closed."""
        self._give_up()
        raise Silent(f"the server has not answered for {self.silence:g} s")

    def _give_up(self) -> None:
        self.pgconn.finish()
        if self.watch is not None and not patience.get().is_hasty:
            self.watch.note(silent=True)

    def note_answer(self) -> None:
        """The server has answered."""
        if self.watch is not None and self.watch.is_silent:
            self.watch.note(silent=False)


def connect(watch: Watch, kind: type[Patient], *args: Any, **kwargs: Any) -> Patient:
    """A connection of this kind, that tells `watch` what it sees. Raises psycopg's errors."""
    if patience.get().is_hasty:
        raise psycopg.OperationalError("there is no connection at hand")
    try:
        made = kind.connect(*args, **kwargs)
    except psycopg.errors.ConnectionTimeout:
        watch.note(silent=True)
        raise
    made.watch = watch
    return made


def _bounded(gen: Any, seconds: float) -> Generator[Any, Any, Any]:
    """psycopg's own steps of waiting, which end where nothing has come for so long."""
    until = time.monotonic() + seconds
    try:
        state = next(gen)
        while True:
            ready = yield state  # falsy: nothing has come within the interval
            now = time.monotonic()
            if ready:
                until = now + seconds
            elif now >= until:
                raise Silent(f"the server has not answered for {seconds:g} s")
            state = gen.send(ready)
    except StopIteration as done:
        return done.value
