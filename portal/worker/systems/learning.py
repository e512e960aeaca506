"""Learning from other systems: what is asked about together, and what comes of it.

There are two ways: recipes, which are configuration, and remote collectors, which are plugins. Both
are given entities a part at a time, and say what is to be stored and how far they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from catalog.problems import Problem
from portal.db.collection.fetched import Candidate
from portal.worker.children.understanding import States
from scorecards.collection.collectors import Paused
from scorecards.facts import FactRecord


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What became of a part."""

    records: Sequence[FactRecord] = ()
    entities: int
    """That were asked about; those that have to be asked about again do not count."""
    failed: int = 0
    """About which nothing was learned."""
    problem: Problem | None = None
    """The first."""
    pause: Paused | None = None
    """Nothing more is to be asked for now."""
    rest: int = 0
    """With a pause: place in the part of the first entity that has to be asked about again."""


class Learner(Protocol):
    """Learns from one system in the course of a run."""

    together: int
    """Most entities in a part."""

    def learn(self, part: Sequence[Candidate]) -> Learned:
        """Ask about the entities of a part."""
        ...


def record(
    ref: str,
    collector: str,
    states: States,
    *,
    version: str,
    url: str,
    now: datetime,
    ttl: timedelta | None,
) -> FactRecord:
    """What was observed about an entity; without a `ttl` it changes with the entity alone."""
    return FactRecord(
        ref=ref,
        collector=collector,
        version=version,
        url=url,
        revision="",
        observed_at=now,
        valid_until=None if ttl is None else now + ttl,
        facts=states,
    )
