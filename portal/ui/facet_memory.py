"""Counts of facets, remembered while the catalog stays as it is: they are the dear part of a list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from catalog.queries.query import Filter
from portal.db.catalog import entities
from portal.db.catalog.profiles import Profile, matching, profile_of
from portal.db.insights.levels import OnLevels, follows_results, level_counts
from portal.db.state import Connection, catalog_state_of, state_of

Counts = list[tuple[str, int]]

Value = TypeVar("Value")

MOST_KEPT = 300
"""Answers that are kept; then all are forgotten."""


@dataclass(kw_only=True)
class _Kept(Generic[Value]):
    """Answers of the present state, by what was counted and of which filter."""

    state_of: Callable[[Connection], str]
    """What they depend on."""
    _state: str = ""
    _kept: dict[tuple[str, Filter | None], Value] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def now(self, connection: Connection) -> dict[tuple[str, Filter | None], Value]:
        """Those of the connection's state, to be added to."""
        state = self.state_of(connection)
        with self._guard:
            if state != self._state or len(self._kept) >= MOST_KEPT:
                # Whoever still counts in the old state then adds to the old ones, in vain.
                self._state, self._kept = state, {}
            return self._kept


@dataclass(kw_only=True)
class FacetMemory:
    """What was counted in the present state of the catalog. Threads may share it."""

    _of_catalog: _Kept[Counts] = field(default_factory=lambda: _Kept(state_of=catalog_state_of))
    _of_results: _Kept[Counts] = field(default_factory=lambda: _Kept(state_of=state_of))
    _profiles: _Kept[Profile] = field(default_factory=lambda: _Kept(state_of=catalog_state_of))
    _levels: _Kept[OnLevels] = field(default_factory=lambda: _Kept(state_of=state_of))

    def counts(
        self, connection: Connection, keys: Sequence[str], tree: Filter | None
    ) -> dict[str, Counts]:
        """For each key its values with their counts, as `portal.db.catalog.entities.facets` says."""
        memory = self._of_results if follows_results(tree) else self._of_catalog
        kept = memory.now(connection)
        if missing := [key for key in keys if (key, tree) not in kept]:
            count = self._at_hand if follows_results(tree) else entities.facets
            counted = count(connection, missing, tree)
            kept.update({(key, tree): counted[key] for key in missing})
        return {key: kept[key, tree] for key in keys}

    def _at_hand(
        self, connection: Connection, keys: Sequence[str], tree: Filter | None
    ) -> dict[str, Counts]:
        """The same as `facets` says, of what entities say as long as only results change."""
        kept = self._profiles.now(connection)
        for key in keys:
            if (key, None) not in kept:
                kept[key, None] = profile_of(connection, key)
        ids = matching(connection, tree)
        return {key: kept[key, None].counts(ids) for key in keys}

    def levels(
        self,
        connection: Connection,
        scorecards: Mapping[str, int],
        tree: Filter | None,
        *,
        total: int | None = None,
    ) -> dict[str, OnLevels]:
        """For each scorecard where what matches stands, as `portal.db.insights.levels.level_counts` says."""
        kept = self._levels.now(connection)
        if any((name, tree) not in kept for name in scorecards):
            counted = level_counts(connection, scorecards, tree, total=total)
            kept.update({(name, tree): found for name, found in counted.items()})
        return {name: kept[name, tree] for name in scorecards}
