"""The breaker: a host that keeps failing is left alone for a while, and tried again by one call.

The numbers are those of the reference's table of limits (`reliability.md` 6.5). What it knows
lives as long as the process; it starts every host afresh.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock

WINDOW = 60.0
"""Seconds of calls that are counted."""

FEWEST_CALLS = 10
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0
"""Seconds until an open breaker lets one call through; doubled with each that fails."""

_MOST_HOSTS = 1000


@dataclass(kw_only=True)
class _Host:
    calls: deque[tuple[float, bool]] = field(default_factory=deque)
    """When each ended, and whether it failed."""
    pause: float = 0.0
    """0: closed."""
    until: float = 0.0
    is_tried: bool = False
    """Whether the call that may close it is under way."""


class Breaker:
    """How each host has been answering."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: dict[Hashable, _Host] = {}
        self._guard = Lock()

    def wait(self, host: Hashable) -> float:
        """Seconds for which `host` is to be left alone; 0: it may be called now.

        Of an open breaker the one who gets 0 makes the trial call: the others go on waiting.
        """
        with self._guard:
            found, now = self._hosts.get(host), self._clock()
            if found is None or not found.pause:
                return 0.0
            if now < found.until:
                return found.until - now
            found.until, found.is_tried = now + found.pause, True
            return 0.0

    def note(self, host: Hashable, *, failed: bool) -> None:
        """Tell how a call ended. An answer that refuses is no failure of the host."""
        with self._guard:
            found, now = self._host(host), self._clock()
            if not found.pause:
                found.calls.append((now, failed))
                _open_if_failing(found, now)
            elif found.is_tried and failed:
                found.pause = min(found.pause * 2, LONGEST_PAUSE)
                found.until, found.is_tried = now + found.pause, False
            elif found.is_tried:
                self._hosts[host] = _Host()

    def _host(self, host: Hashable) -> _Host:
        if host not in self._hosts and len(self._hosts) >= _MOST_HOSTS:
            self._hosts.pop(next(iter(self._hosts)))  # a domain may have any number of names
        return self._hosts.setdefault(host, _Host())


def _open_if_failing(host: _Host, now: float) -> None:
    while host.calls[0][0] <= now - WINDOW:
        host.calls.popleft()
    failures = sum(failed for _, failed in host.calls)
    if len(host.calls) >= FEWEST_CALLS and failures * 2 >= len(host.calls):
        host.pause, host.until = FIRST_PAUSE, now + FIRST_PAUSE
        host.calls.clear()
