"""What a simulation reads: stored outcomes, with the facts and bodies that are needed beside them.

A hundred thousand entities pass through here: rows stay tuples, and only what the changed checks
need is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    LargeBinary,
    Row,
    Select,
    and_,
    func,
    literal,
    null,
    select,
    type_coerce,
    union,
)
from sqlalchemy.types import NullType

from portal.db.bulk import among
from portal.db.tables import (
    edges,
    entities,
    facts,
    held_passes,
    refs,
    relation_types,
    results,
    unassessed,
)
from scorecards.levels import Reached

CHUNK = 5_000
"""Entities that are handed on at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reads:
    """What is needed of entities."""

    collectors: tuple[str, ...]
    """Whose facts."""
    facts: tuple[str, ...]
    """The names of all of them that are looked at."""
    bodies: bool
    """Whether the entities themselves."""
    ages: bool
    """Whether the times at which facts were observed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which entities, and what of them."""

    scorecard: str
    reads: Reads
    everyone: bool = False
    """Also entities to which the scorecard does not apply so far."""
    settled: bool
    """Without entities that wait to be assessed: what is stored may answer another question."""
    ids: Collection[int] | None
    """Of these only; None: of all."""
    now: datetime
    """When it is decided what is stale."""


def rows(connection: Connection, wanted: Wanted) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """Id, outcomes (null: it does not apply), body; for each collector facts, staleness, and time.

    In chunks, by id. Of a record there may be the end alone, from before the first fact on that is
    looked at: `scorecards.collection.serialization.state_in` reads both.
    """
    found = connection.execution_options(stream_results=True, yield_per=CHUNK).execute(
        _statement(connection, wanted)
    )
    return found.partitions()


def _statement(connection: Connection, wanted: Wanted) -> Select[Any]:
    stored = results.c.scorecard == wanted.scorecard
    id_ = entities.c.id if wanted.everyone else results.c.entity_id
    columns: list[Any] = [
        id_,
        results.c.outcomes,
        type_coerce(entities.c.body, NullType()) if wanted.reads.bodies else null(),
    ]
    source: Any = results
    if wanted.everyone:
        source = entities.outerjoin(results, and_(results.c.entity_id == entities.c.id, stored))
    elif wanted.reads.bodies:
        source = results.join(entities, entities.c.id == results.c.entity_id)
    for number, collector in enumerate(wanted.reads.collectors):
        of = facts.alias(f"facts_{number}")
        source = source.outerjoin(of, and_(of.c.entity_id == id_, of.c.collector == collector))
        # As the drivers give them: a conversion for each value would take as long as reading it.
        stale = type_coerce(of.c.valid_until < literal(wanted.now), NullType())
        told = _told(connection, of.c.facts, wanted.reads.facts)
        columns += [type_coerce(told, NullType()), stale, _time(of, wanted.reads)]
    found = select(*columns).select_from(source).order_by(id_)
    if not wanted.everyone:
        found = found.where(stored)
    if wanted.ids is not None:
        found = found.where(among(connection, id_, wanted.ids))
    if wanted.settled and waiting(connection, wanted.scorecard, wanted.now):
        found = found.where(id_.not_in(_waiting(wanted.scorecard, wanted.now)))
    return found


def _told(connection: Connection, record: Any, names: Sequence[str]) -> Any:
    """The facts, for PostgreSQL to send: a record from the first on that begins as these names do.

    A record has dozens. To send a hundred thousand whole takes longer than all else that is done.
    """
    begin = _beginning([f'"{name}' for name in names])
    if connection.dialect.name != "postgresql" or len(begin) < 2:
        return record
    place = func.position(literal(begin.encode(), LargeBinary).op("IN")(record))
    return func.substring(record, func.coalesce(func.nullif(place, 0), _BEHIND))


def _beginning(texts: Sequence[str]) -> str:
    """What all of these begin with."""
    first, last = min(texts), max(texts)
    same = takewhile(lambda both: both[0] == both[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in same)


_BEHIND = 2**31 - 1
"""A place behind the end of whatever there is."""


def _time(of: Any, reads: Reads) -> Any:
    return of.c.observed_at if reads.ages else null()


def waiting(
    connection: Connection, scorecard: str, now: datetime, ids: Collection[int] | None = None
) -> int:
    """How many entities, of these or of all, wait to be assessed by the scorecard at `now`."""
    found = select(func.count()).select_from(_waiting(scorecard, now).subquery())
    if ids is not None:
        those = entities.c.id.in_(_waiting(scorecard, now))
        found = select(func.count(entities.c.id)).where(
            those, among(connection, entities.c.id, ids)
        )
    return connection.execute(found).scalar_one()


def _waiting(scorecard: str, now: datetime) -> CompoundSelect[Any]:
    """Those that are marked, and those of whom a failure counts by now that did not before."""
    due = and_(held_passes.c.scorecard == scorecard, held_passes.c.until <= now)
    return union(select(unassessed.c.entity_id), select(held_passes.c.entity_id).where(due))


def held(connection: Connection, scorecard: str) -> list[int]:
    """The entities of whom the scorecard holds a pass for a while."""
    found = select(held_passes.c.entity_id).where(held_passes.c.scorecard == scorecard)
    return list(connection.execute(found.order_by(held_passes.c.entity_id)).scalars())


def levels(connection: Connection, scorecard: str) -> list[tuple[int, Reached]]:
    """Of all entities to which the scorecard applies, by id, the levels."""
    found = select(results.c.entity_id, results.c.proven, results.c.possible)
    rows = connection.execute(found.where(results.c.scorecard == scorecard))
    return [(entity, Reached(proven, possible)) for entity, proven, possible in rows]


def owners(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """The owner of each of these entities that has one: of several the first ref."""
    found = (
        select(edges.c.source_id, func.min(refs.c.ref).label("ref"))
        .join(refs, refs.c.id == edges.c.target_id)
        .join(relation_types, relation_types.c.id == edges.c.type_id)
        .where(relation_types.c.name == "ownedBy", among(connection, edges.c.source_id, ids))
        .group_by(edges.c.source_id)
    )
    return {row.source_id: row.ref for row in connection.execute(found)}


def refs_of(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """The refs of these entities."""
    found = select(refs.c.id, refs.c.ref).where(among(connection, refs.c.id, ids))
    return {row.id: row.ref for row in connection.execute(found)}
