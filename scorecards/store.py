"""The store, as collection and assessment need it. `portal.db` implements the protocols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scorecards.facts import FactRecord
from scorecards.results import ScorecardResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessable:
    """An entity with all that is stored about it, as assessment reads it."""

    id: int
    ref: str
    body: bytes
    records: tuple[FactRecord, ...]


class FactStore(Protocol):
    """Where facts are kept: one record for each entity and collector, the latest."""

    def save_facts(self, records: Sequence[FactRecord]) -> None:
        """Replace the stored records of the same entity and collector; one transaction."""
        ...


class ResultStore(Protocol):
    """Where results are kept: one row for each entity and scorecard, the current one."""

    def assessable(self, ids: Sequence[int]) -> list[Assessable]:
        """The entities that still exist, in the order of `ids`."""
        ...

    def save_results(self, ids: Sequence[int], results: Sequence[ScorecardResult]) -> None:
        """Replace what is stored for these entities; scorecards without a result go."""
        ...
