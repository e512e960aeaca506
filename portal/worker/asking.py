"""Asking: what a scorecard says about every entity that is read, evaluated in the pool of children.

Here entities are only looked at. What no entity before showed goes to a child; most entities show
nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from plugins.contract import FactSchema
from portal.db.engine import utc
from portal.db.simulated import Reads
from portal.db.state import Connection
from portal.pool import Pool
from scorecards.feeding import Unfed
from scorecards.many import Glimpse, LeafSaid, Lens, Reader, Said, combine
from scorecards.scorecard import Scorecard

TOGETHER = 1_000
"""Glimpses in one task for a child."""

DEADLINE = 120.0
"""Seconds that one task may take."""

Rows: TypeAlias = Iterable[Sequence[Any]]
"""Chunks of rows as `portal.db.simulated` gives them."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a simulation works with."""

    connection: Connection
    """One snapshot, for as long as it takes."""
    pool: Pool
    collectors: Mapping[str, str]
    """By name of a fact, what it comes from; what nothing feeds is not among them."""
    schemas: Mapping[str, FactSchema]
    unfed: Mapping[str, Unfed]
    """Facts that nothing feeds, by name."""
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Glimpses for a child to read."""

    scorecard: Scorecard
    schemas: tuple[FactSchema, ...]
    """Of the facts that it mentions."""
    unfed: tuple[Unfed, ...]
    """Those of the facts that nothing feeds."""
    now: datetime
    glimpses: Sequence[Glimpse]


def read(question: Question) -> list[LeafSaid]:
    """In a child: what each of the leaves says."""
    reader = _reader(question.scorecard, question.schemas, question.unfed, question.now)
    return [reader.read(glimpse) for glimpse in question.glimpses]


@lru_cache(maxsize=4)
def _reader(
    scorecard: Scorecard, schemas: tuple[FactSchema, ...], unfed: tuple[Unfed, ...], now: datetime
) -> Reader:
    why = {one.schema.name: one.why for one in unfed}
    return Reader(scorecard, {schema.name: schema for schema in schemas}, unfed=why, now=now)


def ask(
    means: Means, card: Scorecard, rows_of: Callable[[Reads], Rows]
) -> Iterator[tuple[int, str | None, Said | None]]:
    """Of each entity its id, the stored letters, and what `card` says; None: it does not apply.

    Entities that it says the same about get the same object. `rows_of` is told what is
    needed. Raises `portal.pool.TaskFailed` where evaluating
    does not end in time.
    """
    lens = Lens(card, means.schemas, now=means.now)
    reads = Reads(
        collectors=tuple(
            sorted({means.collectors[name] for name in lens.facts & means.collectors.keys()})
        ),
        bodies=lens.looks_at_entity,
        ages=lens.looks_at_age,
    )
    names = sorted(lens.facts)
    schemas = tuple(means.schemas[name] for name in names)
    unfed = tuple(means.unfed[name] for name in names if name in means.unfed)
    tasks: list[Future[list[LeafSaid]]] = []

    def submit() -> None:
        question = Question(
            scorecard=card, schemas=schemas, unfed=unfed, now=means.now, glimpses=lens.take()
        )
        task = "portal.worker.asking:read"
        tasks.append(means.pool.submit(task, question, deadline=DEADLINE))

    entities: list[int] = []
    stored: list[str | None] = []
    looks: list[tuple[int, ...]] = []
    seen: dict[Any, Any] = {}  # equal objects are kept once
    places = [3 + 3 * n for n in range(len(reads.collectors))]
    for chunk in rows_of(reads):
        for row in chunk:
            look = lens.look(row[2], [(row[n], row[n + 1], utc(row[n + 2])) for n in places])
            entities.append(row[0])
            stored.append(seen.setdefault(row[1], row[1]))
            looks.append(seen.setdefault(look, look))
        if lens.waiting() >= TOGETHER:
            submit()
    if lens.waiting():
        submit()
    read = [said for task in tasks for said in task.result()]
    answers: dict[tuple[LeafSaid, ...], Said | None] = {}
    said: dict[tuple[int, ...], Said | None] = {}
    for look in set(looks):
        leaves = tuple([read[number] for number in look])
        if leaves not in answers:
            answers[leaves] = combine(card, leaves, now=means.now)
        said[look] = answers[leaves]
    yield from zip(entities, stored, map(said.__getitem__, looks), strict=True)
