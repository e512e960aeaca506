"""Pushed records, brought together with what is stored: what is new, a retry, or too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, select

from portal.db.bulk import among
from portal.db.collection import fact_history, facts
from portal.db.tables import entities
from portal.db.work import marks
from scorecards.collection.pushed import Verdict, add_up, is_same_run, joined
from scorecards.collection.stored_facts import pack_record
from scorecards.facts import FactRecord

Key: TypeAlias = tuple[str, str]
"""Ref of the entity, and namespace."""


def known(connection: Connection, refs: Sequence[str]) -> set[str]:
    """Those of these canonical refs that name an entity."""
    found = select(entities.c.ref).where(among(connection, entities.c.ref, sorted({*refs})))
    return set(connection.execute(found).scalars())


def push(
    connection: Connection,
    records: Sequence[FactRecord],
    readers: Mapping[str, frozenset[str]],
    *,
    again: bool = True,
) -> dict[Key, Verdict]:
    """Store what is new, and mark its entities to be assessed; what became of each.

    `readers` are the scorecards that look at each fact, see `scorecards.definitions.readers`. What is said
    `again`, by a run that is not known to be the one before, is as young as that: a check may have a
    `max_age`.

    A record of the run that is stored adds to what that run has said. One that was observed before
    what is stored, or whose run something newer has followed, is a retry that comes too late. The
    connection is in a write transaction.
    """
    ids = _ids(connection, records)
    namespaces = sorted({record.collector for record in records})
    stored = {
        (record.ref, record.collector): record
        for found in facts.for_entities(connection, list(ids.values()), namespaces).values()
        for record in found
    }
    former = fact_history.runs_seen(connection, list(ids.values()))
    verdicts: dict[Key, Verdict] = {}
    fresh: dict[Key, FactRecord] = {}
    for record in sorted(add_up(records), key=lambda record: record.observed_at):
        key = (record.ref, record.collector)
        run = (ids[record.ref], record.collector, record.url, record.revision)
        made = _after(fresh.get(key, stored.get(key)), record, seen=run in former)
        if isinstance(made, Verdict):
            verdicts.setdefault(key, made)
        else:
            fresh[key] = made
    written = facts.save(connection, map(pack_record, fresh.values()), again=again)
    mark_readers(connection, ids, {key: (stored.get(key), fresh[key]) for key in written}, readers)
    for key in fresh:
        verdicts[key] = Verdict.STORED if key in written else Verdict.UNCHANGED
    return verdicts


def mark_readers(
    connection: Connection,
    ids: Mapping[str, int],
    written: Mapping[Key, tuple[FactRecord | None, FactRecord]],
    readers: Mapping[str, frozenset[str]],
) -> None:
    """Mark entities for the scorecards that look at what was written about them, before and now."""
    cards: dict[int, set[str]] = {}
    for (ref, _), records in written.items():
        names = {name for record in records if record is not None for name in record.facts}
        cards.setdefault(ids[ref], set()).update(*(readers.get(name, ()) for name in names))
    alike: dict[frozenset[str], list[int]] = {}
    for entity, asked in cards.items():
        alike.setdefault(frozenset(asked), []).append(entity)
    for asked_alike, entities_alike in alike.items():
        if asked_alike:
            marks.mark(connection, entities_alike, asked_alike)


def _after(before: FactRecord | None, record: FactRecord, *, seen: bool) -> FactRecord | Verdict:
    """What is to be stored once `record` has come, or why nothing is."""
    if before is None:
        return record
    same = is_same_run(before, record)
    made = joined(before, record) if same else record
    if same and record.url:
        # A retry must not make old facts young; without a URL it may be another run of the commit.
        return Verdict.UNCHANGED if made.facts == before.facts else made
    if record.observed_at < before.observed_at or (record.url and seen):
        return Verdict.SUPERSEDED
    return made


def _ids(connection: Connection, records: Sequence[FactRecord]) -> dict[str, int]:
    refs = sorted({record.ref for record in records})
    found = select(entities.c.ref, entities.c.id).where(among(connection, entities.c.ref, refs))
    return {row.ref: row.id for row in connection.execute(found)}
