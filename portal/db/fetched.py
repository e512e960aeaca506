"""Facts that were fetched from other systems: who is to be asked about, what is kept, how it went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, delete, insert, select, update

from catalog.problems import Problem, problem_from
from portal.db import facts
from portal.db.bulk import among
from portal.db.engine import utc
from portal.db.pushed import Key, mark_readers
from portal.db.tables import entities, fetches
from scorecards.facts import FactRecord, FailedFact, Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """The last run for a namespace."""

    name: str
    began_at: datetime
    ended_at: datetime | None
    """None: it is under way, or was killed."""
    looked_at: datetime
    """When it began, or when entities that had changed since were looked for."""
    seq: int
    """Entities with a higher sequence number have changed since they were asked about."""
    entities: int
    """That were asked about."""
    failed: int
    """About which nothing was learned."""
    problem: Problem | None


def page(
    connection: Connection, kinds: Collection[str], *, since: int, after: int, limit: int
) -> list[tuple[int, str, bytes]]:
    """Id, ref and body of the next entities of these kinds, by id; without kinds of all.

    Of those only whose sequence number is above `since`: that have come or changed.
    """
    found = select(entities.c.id, entities.c.ref, entities.c.body).where(
        entities.c.id > after, entities.c.seq > since
    )
    if kinds:
        found = found.where(entities.c.kind.in_(sorted(kinds)))
    rows = connection.execute(found.order_by(entities.c.id).limit(limit))
    return [(row.id, row.ref, row.body) for row in rows]


def keep(
    connection: Connection,
    records: Sequence[FactRecord],
    readers: Mapping[str, frozenset[str]],
    *,
    now: datetime,
) -> None:
    """Store what was learned, and mark whom it makes a difference to.

    What failed does not replace what is known and still believed. All records are of one collector.
    The connection is in a write transaction.
    """
    refs = sorted({record.ref for record in records})
    found = select(entities.c.ref, entities.c.id).where(among(connection, entities.c.ref, refs))
    ids = {row.ref: row.id for row in connection.execute(found)}
    collectors = {record.collector for record in records}
    stored = {
        (record.ref, record.collector): record
        for known in facts.for_entities(connection, list(ids.values()), collectors).values()
        for record in known
    }
    fresh = {
        (record.ref, record.collector): record
        for record in records
        if not (has_failed(record) and _holds(stored.get((record.ref, record.collector)), now))
    }
    written = facts.save(connection, list(fresh.values()))
    other: dict[Key, tuple[FactRecord | None, FactRecord]] = {
        key: (stored.get(key), fresh[key])
        for key in written
        if not _says(stored.get(key), fresh[key], now)
    }
    mark_readers(connection, ids, other, readers)


def has_failed(record: FactRecord) -> bool:
    """Whether it was asked about, and nothing was learned."""
    return all(
        isinstance(state, FailedFact) and state.reason is not Unknown.NOT_CONFIGURED
        for state in record.facts.values()
    )


def _holds(record: FactRecord | None, now: datetime) -> bool:
    """Whether something is known, and still believed."""
    return (
        record is not None
        and not has_failed(record)
        and (record.valid_until is None or record.valid_until > now)
    )


def _says(before: FactRecord | None, after: FactRecord, now: datetime) -> bool:
    """Whether rules saw the same before."""
    if before is None or before.facts != after.facts:
        return False
    return before.valid_until is None or before.valid_until > now


def begin(connection: Connection, name: str, *, seq: int, now: datetime) -> None:
    """Note that a run begins, over the catalog of `seq`. The connection is in a write transaction."""
    connection.execute(delete(fetches).where(fetches.c.name == name))
    connection.execute(
        insert(fetches).values(
            name=name, began_at=now, looked_at=now, seq=seq, entities=0, failed=0
        )
    )


def looked(connection: Connection, name: str, *, seq: int, now: datetime) -> None:
    """Note that what has changed up to `seq` is asked about. The connection is in a write transaction."""
    connection.execute(update(fetches).where(fetches.c.name == name).values(looked_at=now, seq=seq))


def end(
    connection: Connection,
    name: str,
    *,
    now: datetime,
    entities: int,
    failed: int,
    problem: Problem | None,
) -> None:
    """Note how it went. The connection is in a write transaction."""
    said = None if problem is None else orjson.dumps(problem.as_dict())
    connection.execute(
        update(fetches)
        .where(fetches.c.name == name)
        .values(ended_at=now, entities=entities, failed=failed, problem=said)
    )


def listed(connection: Connection) -> dict[str, Fetch]:
    """The last run of each namespace, by name."""
    return {
        row.name: Fetch(
            name=row.name,
            began_at=utc(row.began_at) or row.began_at,
            ended_at=utc(row.ended_at),
            looked_at=utc(row.looked_at) or row.looked_at,
            seq=row.seq,
            entities=row.entities,
            failed=row.failed,
            problem=None if row.problem is None else problem_from(orjson.loads(row.problem)),
        )
        for row in connection.execute(select(fetches).order_by(fetches.c.name))
    }


def forget_others(connection: Connection, names: Collection[str]) -> None:
    """Forget the runs of namespaces that are not fetched any more."""
    connection.execute(delete(fetches).where(fetches.c.name.not_in(sorted(names))))
