"""Replaying: a changed scorecard over the stored past, beside the one that is published.

Both are asked about the entities of each instant with the facts of then, as far as these are kept. Of
facts the present record is kept, with the time since when it says what it says: before that nothing
is known, and is said to be unknown instead of taken from a later time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from portal.db import instants, simulated
from portal.db.simulated import Reads
from portal.worker.asking import Means, Rows, ask
from scorecards.facts import Unknown
from scorecards.many import Said
from scorecards.scorecard import Scorecard
from scorecards.simulation import Case, Comparison, Simulation

MOST_INSTANTS = 12
"""Instants that a replay looks at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """How it would have been at one instant."""

    at: datetime
    simulation: Simulation
    """From the published definition to the changed one, both with what is known of then."""
    uncollected: int
    """Entities of which something is unknown because facts of then are not kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """A time, as far as it is kept."""

    start: datetime
    """Where it begins: not before the first instant of which entities are kept."""
    end: datetime
    points: tuple[Point, ...]


def replay(
    means: Means,
    *,
    before: Scorecard | None,
    after: Scorecard,
    start: datetime,
    end: datetime,
    ids: Collection[int] | None = None,
) -> Replay:
    """Both definitions at up to 12 instants from `start` to `end`, which is not in the future."""
    kept = instants.kept_since(means.connection)
    start = min(max(start, kept or start), end)
    times = _times(start, end)
    points = tuple(_point(replace(means, now=at), before, after, at, ids) for at in times)
    return Replay(start=start, end=end, points=points)


def _times(start: datetime, end: datetime) -> list[datetime]:
    if start == end:
        return [end]
    step = (end - start) / (MOST_INSTANTS - 1)
    return [*(start + step * n for n in range(MOST_INSTANTS - 1)), end]


def _point(
    means: Means,
    before: Scorecard | None,
    after: Scorecard,
    at: datetime,
    ids: Collection[int] | None,
) -> Point:
    earlier = {} if before is None else _said(means, before, at, ids)
    later = _said(means, after, at, ids)
    cases = Counter[tuple[str, Case]](
        ("", Case(_letters(earlier.get(entity)), _letters(later.get(entity))))
        for entity in earlier.keys() | later.keys()
    )
    gone = Unknown.NOT_COLLECTED.value
    return Point(
        at=at,
        simulation=Comparison(before, after, now=at).simulation(cases),
        uncollected=sum(any(why == gone for _, _, why in said.missing) for said in later.values()),
    )


def _said(
    means: Means, card: Scorecard, at: datetime, ids: Collection[int] | None
) -> Mapping[int, Said]:
    """What the scorecard says about each entity of then that it applies to."""
    seq = instants.seq_at(means.connection, at)

    def rows_of(reads: Reads) -> Rows:
        return simulated.rows_at(means.connection, instant=at, seq=seq, reads=reads, ids=ids)

    asked = ask(means, card, rows_of)
    by_entity = zip(asked.entities, asked.said, strict=True)
    return {entity: said for entity, said in by_entity if said is not None}


def _letters(said: Said | None) -> str | None:
    return None if said is None else said.letters
