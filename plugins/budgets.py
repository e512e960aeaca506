"""Budgets: what a system with one set of credentials lets us ask, as far as its answers have told.

Limits are for credentials, and not for processes: what one process is told, all have to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

RESERVE = 0.2
"""Share of what a forge's limits let us ask that is left for reading the catalog."""

LAST = 0.1
"""Share that is left for it also where a person waits for what a forge says about one entity."""


class Left(NamedTuple):
    """What is left of one limit."""

    share: float
    """0 to 1, of all that may be asked until the reset."""
    reset: float
    """When all of it is there again, in seconds since 1970."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What a system lets us ask."""

    until: float = 0.0
    """Nothing is to be asked before that, in seconds since 1970; 0: it never refused."""
    left: Mapping[str, Left] = field(default_factory=dict)
    """By what is limited; GitHub calls it the resource."""

    def joined(self, other: Budget) -> Budget:
        """What both know: of a limit the later period, and within it the lesser share."""
        left = dict(self.left)
        for name, theirs in other.left.items():
            ours = left.get(name, theirs)
            is_same = abs(ours.reset - theirs.reset) < 1
            lesser = min(ours, theirs) if is_same else max(ours, theirs, key=lambda one: one.reset)
            left[name] = lesser
        return Budget(until=max(self.until, other.until), left=left)

    def at(self, now: float) -> Budget:
        """What of it still counts at a time."""
        left = {name: one for name, one in self.left.items() if one.reset > now}
        return Budget(until=self.until if self.until > now else 0.0, left=left)


class Budgets(Protocol):
    """What all processes know. Several threads may use it at once; nothing raises."""

    def of(self, system: str) -> Budget:
        """What is known of a system; it may be a few seconds old."""
        ...

    def tell(self, system: str, budget: Budget) -> None:
        """Let the others know: soon, and at once where the system has just refused."""
        ...


class Alone:
    """A process that shares with nobody."""

    def of(self, system: str) -> Budget:
        """Nothing."""
        return Budget()

    def tell(self, system: str, budget: Budget) -> None:
        """Nobody."""


ALONE = Alone()
