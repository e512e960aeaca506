"""What a store gives assessment, and is told of its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scorecards.facts import FactRecord


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
