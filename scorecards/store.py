"""The store, as collection and assessment need it. `portal.db` implements the protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What results are answers to."""

    rules: Mapping[str, str]
    """The version of each scorecard that was asked, by its name."""
    seq: int
    """The catalog's sequence number when the entities were read."""
    at: datetime


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

    def save_results(
        self, ids: Sequence[int], results: Sequence[ScorecardResult], *, asked: Asked | None = None
    ) -> None:
        """Replace what is stored for these entities; scorecards without a result go."""
        ...
