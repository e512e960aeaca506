"""The past: former versions of entities, former relations, former names, and the change feed.

Written in the transaction that changes the present, so that nothing is missed and nothing invented.
What is current is in the entities themselves: a first reading costs the history nothing but a row
for each batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from catalog.ingest.renames import Named, match_renames
from portal.db import bulk
from portal.db.catalog.keys import storable
from portal.db.engine import time_of
from portal.db.tables import aliases, changes, entities, files, past_edges, refs, versions

CHANGED, REMOVED = "changed", "removed"
"""How a version ended."""

VERSION = (
    *("id", "entity_id", "uid", "from_seq", "to_seq", "from_at", "to_at"),
    *("body", "url", "document", "revision", "ended", "reason"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Former:
    """An entity as it was served before the batch."""

    id: int
    uid: str
    ref: str
    seq: int
    created_at: datetime
    updated_at: datetime
    body: bytes
    terms: bytes
    file_id: int | None
    url: str
    """Location ref of its file; '' of an orphan."""
    document: int
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A batch that is being written, alone or with others."""

    seq: int
    now: datetime
    source: str = ""
    """URL of the repository that was read; '': it was none."""
    revision: str = ""
    actor: str = ""


class Moments:
    """The batches that are written together: `[id]` is that of an entity, by what became of it."""

    def __init__(self, last: Moment, others: Mapping[int, Moment] = MappingProxyType({})) -> None:
        """`others` are by entity, where they are not the last one."""
        self.last = last
        self._others = others

    def __getitem__(self, entity: int) -> Moment:
        """The batch in which an entity came, changed or went."""
        return self._others.get(entity, self.last)


def former(connection: Connection, ids: Collection[int]) -> dict[int, Former]:
    """Those of these entities that are served, as they are before the batch."""
    if not ids:
        return {}
    rows = connection.execute(
        select(
            entities.c.id,
            entities.c.uid,
            entities.c.ref,
            entities.c.seq,
            entities.c.created_at,
            entities.c.updated_at,
            entities.c.body,
            entities.c.terms,
            entities.c.file_id,
            files.c.url,
            entities.c.document,
            entities.c.revision,
        )
        .outerjoin(files, files.c.id == entities.c.file_id)
        .where(bulk.among(connection, entities.c.id, ids))
    )
    return {row.id: _former(row) for row in rows}


def present_ref(connection: Connection, ref: str) -> str | None:
    """What an entity is called now that was called `ref`; None where none was."""
    if not storable([ref]):
        return None
    before, now = refs.alias(), refs.alias()
    return connection.execute(
        select(now.c.ref)
        .join(aliases, aliases.c.entity_id == now.c.id)
        .join(before, before.c.id == aliases.c.id)
        .where(before.c.ref == ref)
    ).scalar()


def put_versions(
    connection: Connection, ended: Mapping[int, Former], reasons: Mapping[int, str], at: Moments
) -> None:
    """Keep versions that end now; those in `reasons` because their entity goes."""
    if not ended:
        return
    first = bulk.next_id(connection, versions)
    rows = [
        (
            number,
            one.id,
            one.uid,
            one.seq,
            at[one.id].seq,
            one.updated_at,
            at[one.id].now,
            one.body,
            one.url,
            one.document,
            one.revision,
            REMOVED if one.id in reasons else CHANGED,
            reasons.get(one.id, ""),
        )
        for number, (_, one) in enumerate(sorted(ended.items()), start=first)
    ]
    bulk.add(connection, versions, VERSION, rows)


def put_past_edges(
    connection: Connection, gone: Iterable[tuple[Sequence[int], int]], at: Moments
) -> None:
    """Keep edges that end now, each with the number of the batch in which it came.

    The last of an edge's ids is that of the entity that declared it.
    """
    ended = ((tuple(edge), came, at[edge[-1]].seq) for edge, came in gone)
    found = sorted(one for one in ended if one[1] < one[2])
    if found:
        first = bulk.next_id(connection, past_edges)
        columns = ("id", "source_id", "type_id", "target_id", "origin_id", "from_seq", "to_seq")
        rows = [(n, *edge, came, seq) for n, (edge, came, seq) in enumerate(found, start=first)]
        bulk.add(connection, past_edges, columns, rows)


def put_changes(
    connection: Connection,
    at: Moments,
    *,
    added: Iterable[int],
    changed: Iterable[int],
    removed: Iterable[int],
) -> None:
    """The row of each batch in the change feed; none where no entity changed."""
    parts: dict[int, tuple[Moment, tuple[list[int], ...]]] = {}
    for n, ids in enumerate((added, changed, removed)):
        for id_ in ids:
            one = at[id_]
            parts.setdefault(one.seq, (one, ([], [], [])))[1][n].append(id_)
    columns = ("seq", "at", "source", "revision", "actor", "added", "changed", "removed")
    rows = [
        (seq, one.now, one.source, one.revision, one.actor, *(orjson.dumps(sorted(p)) for p in ids))
        for seq, (one, ids) in sorted(parts.items())
    ]
    bulk.add(connection, changes, columns, rows)


def find_renames(
    gone: Iterable[Former], come: Iterable[tuple[int, str, int, int, bytes]]
) -> dict[int, Former]:
    """Entities that have a new name in the same file: by new id, what they were.

    `come` are id, ref, file, document and body of the entities that are new.
    """
    old = {one.id: one for one in gone if one.file_id is not None}
    if not old:
        return {}
    pairs = match_renames(
        [
            Named(
                id=one.id, ref=one.ref, file=one.file_id or 0, document=one.document, body=one.body
            )
            for one in old.values()
        ],
        [
            Named(id=id_, ref=ref, file=file, document=document, body=body)
            for id_, ref, file, document, body in come
        ],
    )
    return {new: old[before] for new, before in pairs.items()}


def put_aliases(
    connection: Connection, renamed: Mapping[int, int], taken: Collection[int], now: datetime
) -> None:
    """Let former refs lead to present ones; a ref that is an entity's own (`taken`) leads nowhere.

    `renamed` holds the id of the former ref by that of the new one.
    """
    if taken:
        bulk.drop(connection, aliases.c.id, taken)
    for new, old in sorted(renamed.items()):
        connection.execute(update(aliases).where(aliases.c.entity_id == old).values(entity_id=new))
    rows = sorted((old, new, now) for new, old in renamed.items())
    bulk.add(connection, aliases, ("id", "entity_id", "since"), rows)


def _former(row: Any) -> Former:
    return Former(
        id=row.id,
        uid=row.uid,
        ref=row.ref,
        seq=row.seq,
        created_at=time_of(row.created_at),
        updated_at=time_of(row.updated_at),
        body=row.body,
        terms=row.terms,
        file_id=row.file_id,
        url=row.url or "",
        document=row.document,
        revision=row.revision,
    )
