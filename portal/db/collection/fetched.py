"""Facts that were fetched from other systems: who is to be asked about, what is kept, how it went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Connection, delete, insert, select, update

from catalog.problems import Problem, problem_from
from portal.db.bulk import among
from portal.db.collection import facts
from portal.db.collection.pushed import Key, mark_readers
from portal.db.engine import utc
from portal.db.tables import entities, fetches
from scorecards.collection.stored_facts import pack_record
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
    place: int | None
    """Id of the entity after which it goes on; None: it came to its end."""
    until: datetime | None
    """Nothing is asked before that: a limit was reached."""
    entities: int
    """That were asked about."""
    failed: int
    """About which nothing was learned."""
    problem: Problem | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An entity that may be asked about."""

    id: int
    seq: int
    """Sequence number of its last change; those that changed together have one."""
    ref: str
    body: bytes


def page(
    connection: Connection, kinds: Collection[str], *, after: int, limit: int
) -> list[Candidate]:
    """The next entities of these kinds, by id; without kinds of all."""
    return _candidates(connection, kinds, entities.c.id > after, (entities.c.id,), limit)


def changed_page(
    connection: Connection, kinds: Collection[str], *, after: tuple[int, int], limit: int
) -> list[Candidate]:
    """The next entities that came or changed after a sequence number and id, in that order."""
    seq, last = after
    since = (entities.c.seq > seq) | ((entities.c.seq == seq) & (entities.c.id > last))
    return _candidates(connection, kinds, since, (entities.c.seq, entities.c.id), limit)


def candidate(connection: Connection, ref: str) -> Candidate | None:
    """The entity with this canonical ref."""
    found = _candidates(connection, (), entities.c.ref == ref, (), 1)
    return found[0] if found else None


def _candidates(
    connection: Connection,
    kinds: Collection[str],
    where: ColumnElement[bool],
    order: Sequence[Column[Any]],
    limit: int,
) -> list[Candidate]:
    columns = (entities.c.id, entities.c.seq, entities.c.ref, entities.c.body)
    found = select(*columns).where(where).order_by(*order).limit(limit)
    if kinds:
        found = found.where(entities.c.kind.in_(sorted(kinds)))
    return [
        Candidate(id=row.id, seq=row.seq, ref=row.ref, body=row.body)
        for row in connection.execute(found)
    ]


def keep(
    connection: Connection,
    records: Sequence[FactRecord],
    readers: Mapping[str, frozenset[str]],
    *,
    now: datetime,
) -> None:
    """Store what was learned, and mark whom it makes a difference to.

    What failed does not replace what is known and still believed. The connection is in a write
    transaction.
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
    written = facts.save(connection, map(pack_record, fresh.values()))
    other: dict[Key, tuple[FactRecord | None, FactRecord]] = {
        key: (stored.get(key), fresh[key])
        for key in written
        if not _says(stored.get(key), fresh[key], now)
    }
    mark_readers(connection, ids, other, readers)


def has_failed(record: FactRecord) -> bool:
    """Whether it was asked about, and nothing was learned; that there is too little is learned, too."""
    learned = (Unknown.NOT_CONFIGURED, Unknown.NOT_COLLECTED)
    return all(
        isinstance(state, FailedFact) and state.reason not in learned
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
            name=name, began_at=now, looked_at=now, seq=seq, place=0, entities=0, failed=0
        )
    )


def go_on(connection: Connection, name: str) -> None:
    """Note that a run that stopped before its end goes on. The connection is in a write transaction."""
    _update(connection, name, ended_at=None, until=None)


def came_to(
    connection: Connection, name: str, *, place: int | None, entities: int, failed: int
) -> None:
    """Note how far a run has come; None: to its end. The connection is in a write transaction."""
    _update(connection, name, place=place, entities=entities, failed=failed)


def looked(connection: Connection, name: str, *, seq: int, now: datetime) -> None:
    """Note that what has changed up to `seq` is asked about. The connection is in a write transaction."""
    _update(connection, name, looked_at=now, seq=seq)


def leave_alone(connection: Connection, name: str, *, until: datetime) -> None:
    """Ask nothing before a time. The connection is in a write transaction."""
    _update(connection, name, until=until)


def end(connection: Connection, name: str, *, now: datetime, problem: Problem | None) -> None:
    """Note that it ended, or stopped, and why. The connection is in a write transaction."""
    said = None if problem is None else orjson.dumps(problem.as_dict())
    _update(connection, name, ended_at=now, problem=said)


def _update(connection: Connection, name: str, **values: Any) -> None:
    connection.execute(update(fetches).where(fetches.c.name == name).values(**values))


def listed(connection: Connection) -> dict[str, Fetch]:
    """The last run of each namespace, by name."""
    return {
        row.name: Fetch(
            name=row.name,
            began_at=utc(row.began_at) or row.began_at,
            ended_at=utc(row.ended_at),
            looked_at=utc(row.looked_at) or row.looked_at,
            seq=row.seq,
            place=row.place,
            until=utc(row.until),
            entities=row.entities,
            failed=row.failed,
            problem=None if row.problem is None else problem_from(orjson.loads(row.problem)),
        )
        for row in connection.execute(select(fetches).order_by(fetches.c.name))
    }


def forget_others(connection: Connection, names: Collection[str]) -> None:
    """Forget the runs of namespaces that are not fetched any more."""
    connection.execute(delete(fetches).where(fetches.c.name.not_in(sorted(names))))
