"""The past of facts: former records, each kept as its difference to the one that came after it.

A record is kept when another collector version, URL, revision or fact replaced it, or when it had
been stale before it was said again; never because it was looked at again in time. What was otherwise
is small where the record is large, so that a commit that changes one fact of fifty costs the bytes of
one. Read from the present backwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select

from portal.db.bulk import add, among, next_id
from portal.db.engine import time_of, utc
from portal.db.tables import fact_versions
from scorecards.collection.serialization import facts_from_json
from scorecards.facts import FactRecord

_COLUMNS = (
    "id",
    "entity_id",
    "collector",
    "version",
    "url",
    "revision",
    "observed_at",
    "valid_until",
    "since",
    "until",
    "changes",
)

_Row = tuple[Any, ...]


def keep(connection: Connection, replaced: Sequence[tuple[_Row, _Row]]) -> None:
    """Keep the first of each pair of rows of `facts`, which the second is about to replace.

    One that goes on is not kept. The first has its `since` as well. The connection is in a write
    transaction.
    """
    kept = [
        (*old[:7], old[8], new[5], orjson.dumps(_difference(old[7], new[7])))
        for old, new in replaced
        if not goes_on(old, new)
    ]
    if kept:
        first = next_id(connection, fact_versions)
        rows = [(first + index, *row) for index, row in enumerate(kept)]
        add(connection, fact_versions, _COLUMNS, rows)


def goes_on(old: _Row, new: _Row) -> bool:
    """Whether a row of `facts` only says for longer what one says that is not stale by then.

    Where it is not known since when the old one says so, as in rows that an older portal wrote, it
    does not, so that this is kept apart from what is known.
    """
    if (*old[2:5], old[7]) != (*new[2:5], new[7]):
        return False
    valid_until, since = old[6], old[8]
    return valid_until is None or (since is not None and new[5] <= valid_until)


def between(
    connection: Connection,
    present: Collection[FactRecord],
    entity_id: int,
    *,
    start: datetime,
    end: datetime,
) -> dict[str, tuple[FactRecord, ...]]:
    """By collector, the records that were observed from `start` to `end`, the oldest first.

    Each list begins with the record that held at `start`, if one did, although it is older.
    `present` are the entity's stored records, whose past is told; a collector without any record in
    that time is left out.
    """
    names = sorted(record.collector for record in present)
    found = (
        select(fact_versions)
        .where(
            fact_versions.c.entity_id == entity_id,
            among(connection, fact_versions.c.collector, names),
            fact_versions.c.until > start,
        )
        .order_by(fact_versions.c.id.desc())
    )
    former: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(found):
        former[row.collector].append(row)
    told = {record.collector: _told(record, former[record.collector]) for record in present}
    return {
        name: shown
        for name, records in sorted(told.items())
        if (shown := tuple(record for record in reversed(records) if record.observed_at <= end))
    }


def runs_seen(connection: Connection, ids: Collection[int]) -> set[tuple[int, str, str, str]]:
    """Entity, collector, URL and revision of the former records of these entities."""
    table = fact_versions.c
    found = select(table.entity_id, table.collector, table.url, table.revision).where(
        among(connection, table.entity_id, ids)
    )
    return {tuple(row) for row in connection.execute(found)}


def forget(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """Forget up to `limit` records that were replaced before an instant; returns how many went.

    The present is never touched, and what is left is read as before: each record needs only those
    after it. The connection is in a write transaction.
    """
    table = fact_versions.c
    due = select(table.id).where(table.until < before).order_by(table.until, table.id).limit(limit)
    return connection.execute(delete(fact_versions).where(table.id.in_(due))).rowcount


def _difference(old: bytes, new: bytes) -> dict[str, Any]:
    """By name what was said of a fact before; None where nothing was."""
    before, after = orjson.loads(old), orjson.loads(new)
    changed = {name: state for name, state in before.items() if after.get(name) != state}
    return changed | dict.fromkeys(after.keys() - before.keys())


def _told(present: FactRecord, former: Sequence[Any]) -> list[FactRecord]:
    """The record and those before it, the newest first."""
    records = [present]
    for row in former:
        records.append(
            FactRecord(
                ref=present.ref,
                collector=row.collector,
                version=row.version,
                url=row.url,
                revision=row.revision,
                observed_at=time_of(row.observed_at),
                valid_until=utc(row.valid_until),
                facts=_before(records[-1].facts, row.changes),
            )
        )
    return records


def _before(after: Mapping[str, Any], changes: bytes) -> dict[str, Any]:
    """The facts that a difference leads to."""
    said = orjson.loads(changes)
    states = facts_from_json(orjson.dumps({n: s for n, s in said.items() if s is not None}))
    return {name: state for name, state in after.items() if name not in said} | states
