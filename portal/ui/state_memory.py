"""Answers that are dear to make, remembered while the catalog and its results stay as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portal.db.state import Connection, state_of

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MOST_KEPT = 20
"""Answers that are kept; then all are forgotten."""


@dataclass(kw_only=True)
class StateMemory(Generic[Key, Value]):
    """What was made from the present state. Threads may share it."""

    _state: str = ""
    _kept: dict[Key, Value] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, connection: Connection, key: Key, make: Callable[[], Value]) -> Value:
        """What `make` gives for the key in this state; made once."""
        state = state_of(connection)
        with self._guard:
            if state != self._state or len(self._kept) >= MOST_KEPT:
                self._state, self._kept = state, {}
            kept = self._kept
        if key not in kept:
            # A newer state has a dictionary of its own: this one is then written to in vain.
            kept[key] = make()
        return kept[key]
