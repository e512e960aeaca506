"""Counts of facets, remembered while the catalog stays as it is: they are the dear part of a list."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.query import Filter
from portal.db import entities
from portal.db.state import Connection, catalog_state_of

Counts = list[tuple[str, int]]

MOST_KEPT = 300
"""Answers that are kept; then all are forgotten."""


@dataclass(kw_only=True)
class FacetMemory:
    """What was counted in the present state of the catalog. Threads may share it."""

    _state: str = ""
    _kept: dict[tuple[str, Filter | None], Counts] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def counts(
        self, connection: Connection, keys: Sequence[str], tree: Filter | None
    ) -> dict[str, Counts]:
        """For each key its values with their counts, as `portal.db.entities.facets` says."""
        state = catalog_state_of(connection)
        with self._guard:
            if state != self._state or len(self._kept) >= MOST_KEPT:
                self._state, self._kept = state, {}
            kept = self._kept
        missing = [key for key in keys if (key, tree) not in kept]
        if missing:
            counted = entities.facets(connection, missing, tree)
            # A newer state has a dictionary of its own: this one is then written to in vain.
            kept.update({(key, tree): counted[key] for key in missing})
        return {key: kept[key, tree] for key in keys}
