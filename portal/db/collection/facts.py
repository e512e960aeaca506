"""Facts as they are stored: for each entity and collector the latest record."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, select

from portal.db.bulk import add, among, pick, remove
from portal.db.collection import evidence, fact_history
from portal.db.engine import time_of, utc
from portal.db.state import raise_assessment
from portal.db.tables import entities, facts
from scorecards.collection.serialization import facts_from_json, records_to_json
from scorecards.collection.stored_facts import PackedRecord, StoredFacts
from scorecards.facts import FactRecord

COLUMNS = (
    "entity_id",
    "collector",
    "version",
    "url",
    "revision",
    "observed_at",
    "valid_until",
    "facts",
)


class Told(NamedTuple):
    """A record as it is stored."""

    entity: int
    collector: str
    version: str
    revision: str
    is_older: bool
    """Whether it was made before the present version of the entity."""
    said: StoredFacts


def save(
    connection: Connection, records: Iterable[PackedRecord], *, again: bool = False
) -> set[tuple[str, str]]:
    """Replace the stored records of the same entity and collector, and keep the former ones.

    Returns ref and collector of those that were written. A record of an entity that went is dropped.
    One that says what is stored is not written, so `observed_at` is when that was first seen, unless
    the record is valid for a time only, or is one of those that are written `again` when they are
    observed later: of such a one `since` is. The connection is in a write transaction.
    """
    by_key = {(record.ref, record.collector): record for record in records}
    found = select(entities.c.ref, entities.c.id)
    where = among(connection, entities.c.ref, sorted({ref for ref, _ in by_key}))
    ids = {row.ref: row.id for row in connection.execute(found.where(where))}
    given = {(ids[ref], name): record for (ref, name), record in by_key.items() if ref in ids}
    stored = {
        (row.entity_id, row.collector): _row(row)
        for row in connection.execute(
            select(facts).where(among(connection, facts.c.entity_id, sorted(ids.values())))
        )
    }
    rows = [(*key, *record[2:]) for key, record in sorted(given.items(), key=lambda item: item[0])]
    fresh = [row for row in rows if _is_new(stored.get(row[:2]), row, again=again)]
    old = [row[:2] for row in fresh if row[:2] in stored]
    put_aside(connection, sorted({entity for entity, _ in old}))
    fact_history.keep(connection, [(stored[row[:2]], row) for row in fresh if row[:2] in stored])
    remove(connection, facts, COLUMNS[:2], old)
    dated = [(*row, _since(stored.get(row[:2]), row)) for row in fresh]
    add(connection, facts, (*COLUMNS, "since"), dated)
    if fresh:
        raise_assessment(connection)
    return {(given[row[:2]].ref, row[1]) for row in fresh}


def _row(row: Row[*tuple[Any, ...]]) -> tuple[Any, ...]:
    """The values of `COLUMNS`, and `since`, with times that are aware."""
    return (*row[:5], utc(row.observed_at), utc(row.valid_until), row.facts, utc(row.since))


def _is_new(old: tuple[Any, ...] | None, new: tuple[Any, ...], *, again: bool) -> bool:
    """Whether a record says what is not stored; or `again` the same, and was observed later."""
    if old is None or (*old[2:5], *old[6:8]) != (*new[2:5], *new[6:8]):
        return True
    return again and bool(new[5] > old[5])


def _since(old: tuple[Any, ...] | None, new: tuple[Any, ...]) -> datetime | None:
    """Since when the new record, or others before it, have said this; None: since it was observed."""
    since: datetime | None = None
    if old is not None and fact_history.goes_on(old, new):
        since = old[8] or old[5]
    elif new[6] is not None:
        since = new[5]
    return since


def put_aside(connection: Connection, ids: Collection[int]) -> None:
    """Keep the facts of these entities that a transition was seen in: they are replaced, or go.

    The connection is in a write transaction.
    """
    due = evidence.without_facts(connection, ids)
    if due:
        records = for_entities(connection, sorted(set(due.values())))
        told = {entity: records_to_json(records.get(entity, ())) for entity in due.values()}
        evidence.keep_facts(connection, {one: told[entity] for one, entity in due.items()})


def forget(connection: Connection, collectors: Collection[str]) -> list[int]:
    """Drop all that these collectors said, where nobody says it any more; returns of which entities.

    The connection is in a write transaction.
    """
    theirs = facts.c.collector.in_(sorted(collectors))
    ids = list(connection.execute(select(facts.c.entity_id).where(theirs).distinct()).scalars())
    put_aside(connection, ids)
    connection.execute(delete(facts).where(theirs))
    if ids:
        raise_assessment(connection)
    return ids


def for_entity(connection: Connection, entity_id: int) -> tuple[FactRecord, ...]:
    """What is stored about an entity, by collector."""
    return for_entities(connection, [entity_id]).get(entity_id, ())


def for_entities(
    connection: Connection, ids: Collection[int], collectors: Collection[str] | None = None
) -> dict[int, tuple[FactRecord, ...]]:
    """What is stored about each of these entities, by collector; without any it is not there.

    `collectors`: only what these observed.
    """
    found = (
        select(entities.c.ref, facts)
        .join(entities, entities.c.id == facts.c.entity_id)
        .where(among(connection, facts.c.entity_id, ids))
        .order_by(facts.c.entity_id, facts.c.collector)
    )
    if collectors is not None:
        found = found.where(among(connection, facts.c.collector, collectors))
    records: dict[int, tuple[FactRecord, ...]] = {}
    for row in connection.execute(found):
        records[row.entity_id] = (*records.get(row.entity_id, ()), _record(row))
    return records


def stored_for(connection: Connection, ids: Collection[int]) -> dict[int, list[StoredFacts]]:
    """The same as rules read it: nothing is parsed. An entity without any is not there."""
    columns = (facts.c.entity_id, facts.c.observed_at, facts.c.valid_until, facts.c.facts)
    found: dict[int, list[StoredFacts]] = {}
    times: dict[datetime | None, datetime | None] = {}  # most were observed at the same
    for entity, observed_at, valid_until, states in pick(
        connection, columns, facts.c.entity_id, ids
    ):
        for time in (observed_at, valid_until):
            if time not in times:
                times[time] = utc(time)
        one = StoredFacts(times[observed_at] or observed_at, times[valid_until], states)
        found.setdefault(entity, []).append(one)
    return found


def told(connection: Connection, ids: Collection[int], collectors: Collection[str]) -> list[Told]:
    """What these collectors said of these entities, as far as it is stored."""
    columns = (facts.c.entity_id, facts.c.collector, facts.c.version, facts.c.revision)
    more = (entities.c.updated_at, facts.c.observed_at, facts.c.valid_until, facts.c.facts)
    found = (
        select(*columns, *more)
        .join(entities, entities.c.id == facts.c.entity_id)
        .where(among(connection, facts.c.entity_id, ids))
        .where(among(connection, facts.c.collector, sorted(collectors)))
        .order_by(facts.c.entity_id, facts.c.collector)
    )
    return [
        Told(
            *row[:4],
            is_older=time_of(row.observed_at) < time_of(row.updated_at),
            said=StoredFacts(time_of(row.observed_at), utc(row.valid_until), row.facts),
        )
        for row in connection.execute(found)
    ]


def having(connection: Connection) -> list[int]:
    """The entities that anything is stored about, by ref."""
    known = select(facts.c.entity_id)
    found = select(entities.c.id).where(entities.c.id.in_(known)).order_by(entities.c.ref)
    return list(connection.execute(found).scalars())


def _record(row: Row[*tuple[Any, ...]]) -> FactRecord:
    return FactRecord(
        ref=row.ref,
        collector=row.collector,
        version=row.version,
        url=row.url,
        revision=row.revision,
        observed_at=time_of(row.observed_at),
        valid_until=utc(row.valid_until),
        facts=facts_from_json(row.facts),
    )
