"""Limits of a system: what its answers say about them, and until when it is to be left alone.

Sources: GitHub's "Rate limits for the REST API", GitLab's "User and IP rate limits". Whoever goes on
asking after such an answer is locked out for longer, or for good.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock

from plugins.budgets import ALONE, Budget, Budgets, Left

FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Seconds after a limit that does not say how long it holds: doubled with each in a row.

No longer is waited for one that does: afterwards one request asks again, and is told.
"""


class Limits:
    """Of one system with one set of credentials. Several threads may use it at once."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        system: str = "",
        budgets: Budgets = ALONE,
    ) -> None:
        """`system` names the system and the credentials to the other processes in `budgets`."""
        self._clock, self._system, self._shared = clock, system, budgets
        self._guard = Lock()
        self._budget, self._pause = Budget(), 0.0

    def until(self) -> float:
        """When requests may be sent again, in seconds since 1970; 0: they may now."""
        return self._known().until

    def wait(self) -> float:
        """Seconds until requests may be sent again; 0: they may now."""
        return max(0.0, self._known().until - self._clock())

    def scarce(self, reserve: float) -> float:
        """Seconds until more than a share, 0 to 1, of all that is limited is left; 0: it is now."""
        now = self._clock()
        waits = (one.reset - now for one in self._known().left.values() if one.share <= reserve)
        return min(max(max(waits, default=0.0), 0.0), LONGEST_PAUSE)

    def note(self, status: int, headers: Mapping[str, str], said: bytes = b"") -> bool:
        """Take in what an answer says; returns whether it is one that a limit refused."""
        now = self._clock()
        is_refused = _is_refused(status, headers, said)
        told = _told(headers, now, spent=is_refused) if is_refused or _is_fine(status) else None
        with self._guard:
            if is_refused:
                self._pause = min(self._pause * 2, LONGEST_PAUSE) or FIRST_PAUSE
                # Less than a second says nothing: its clock and ours may differ by more.
                wait = told if told is not None and told >= 1 else self._pause
            else:
                self._pause = 0.0 if _is_fine(status) else self._pause
                wait = told or 0.0
            until = now + min(wait, LONGEST_PAUSE) if wait > 0 else 0.0
            left = {**self._budget.at(now).left, **_left(headers)}
            self._budget = Budget(until=max(self._budget.until, until), left=left)
            mine = self._budget
        self._shared.tell(self._system, mine)
        return is_refused

    def _known(self) -> Budget:
        with self._guard:
            mine = self._budget
        return mine.joined(self._shared.of(self._system)).at(self._clock())


def _is_fine(status: int) -> bool:
    return bool(status) and status < 400


def _is_refused(status: int, headers: Mapping[str, str], said: bytes) -> bool:
    """Whether it is the limit that refuses: GitHub says so with 403 as well."""
    if status == 429:
        return True
    return status == 403 and (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or b"rate limit" in said.lower()
    )


def _told(headers: Mapping[str, str], now: float, *, spent: bool) -> float | None:
    """Seconds that the headers ask to wait; None: they do not say.

    `spent`: the request was refused, so that whatever they say is meant.
    """
    after = headers.get("retry-after", "")
    if spent and after.isdigit():
        return float(after[:9])
    for prefix in ("x-ratelimit", "ratelimit"):
        remaining, reset = (
            headers.get(f"{prefix}-remaining", ""),
            headers.get(f"{prefix}-reset", ""),
        )
        if remaining == "0" and reset.isdigit():
            return float(reset[:11]) - now
    return None


def _left(headers: Mapping[str, str]) -> dict[str, Left]:
    """What the headers say is left of what they are about (GitHub has several limits)."""
    for prefix in ("x-ratelimit", "ratelimit"):
        said = [headers.get(f"{prefix}-{name}", "") for name in ("remaining", "limit", "reset")]
        if all(text.isdigit() for text in said) and int(said[1][:11]):
            remaining, limit, reset = (int(text[:11]) for text in said)
            return {headers.get(f"{prefix}-resource", ""): Left(remaining / limit, float(reset))}
    return {}
