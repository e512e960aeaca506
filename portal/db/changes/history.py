"""History: what an entity was, and when, how and why it changed.

What is written is in `portal.db.changes.past`; what is kept of it, and for how long, is in
`portal.db.changes.instants`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from portal.db import bulk
from portal.db.catalog.keys import storable
from portal.db.changes.instants import kept_since
from portal.db.engine import time_of
from portal.db.page import Page, number
from portal.db.tables import (
    aliases,
    changes,
    entities,
    files,
    refs,
    tombstones,
    versions,
)

REMOVED = "removed"
"""How a version ended whose entity went."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """An entity as it was for a while, or is."""

    entity_id: int
    """Of its ref: another one after a rename."""
    uid: str
    ref: str
    seq: int
    """The catalog's sequence number at which it came: tells the versions of an entity apart."""
    ended_seq: int | None
    """The first sequence number without it; None: it is the present one."""
    since: datetime
    until: datetime | None
    body: bytes
    """JSON as declared."""
    url: str
    """Location ref of the file that declared it; '' of an orphan."""
    document: int
    revision: str
    """Commit that it was read from; '' where the source has none."""
    removed: bool
    """Whether its entity went with it."""
    reason: str
    """Why the entity went; '' where it did not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """An entity through the times, as one of its refs leads to it."""

    asked: int
    """Id of the ref that was asked for."""
    present: int
    """Id of its present ref, or of the last one that it had."""
    ids: frozenset[int]
    """Of all its refs, the asked one included."""
    uid: str | None
    """Its own; None: of any entity with these refs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One entry of an entity's history."""

    change: str
    """added, changed, renamed, removed, restored; earlier: what was before is no longer kept."""
    seq: int
    at: datetime
    version: Version
    """What came; of a removal, what went."""
    before: Version | None
    """What was before, where something was and is kept."""
    source: str
    """URL of the repository that was read; '' where none was, or where that is no longer kept."""
    actor: str
    """Who asked for it; '': a reading found it."""


def identify(connection: Connection, ref: str) -> Identity | None:
    """The entity that a canonical ref means, or meant; None: it never was one's, as far as kept.

    A former ref means the entity that has another one now.
    """
    if not storable([ref]):
        return None
    found = connection.execute(
        select(refs.c.id, aliases.c.entity_id)
        .outerjoin(aliases, aliases.c.id == refs.c.id)
        .where(refs.c.ref == ref)
    ).first()
    if found is None:
        return None
    present = found.entity_id or found.id
    former = connection.execute(select(aliases.c.id).where(aliases.c.entity_id == present))
    ids = frozenset([found.id, present, *former.scalars()])
    uid = _uid(connection, present, ids)
    return None if uid is None else Identity(asked=found.id, present=present, ids=ids, uid=uid)


def history(
    connection: Connection, identity: Identity, *, after: str | None = None, limit: int = 50
) -> Page[Event]:
    """What happened to an entity, the newest first.

    Raises `QueryError` for an `after` that no page has given.
    """
    before_seq = number(after) if after else None
    # A version yields one event or two; the last one read is needed to tell what changed.
    rows = _versions(connection, identity, came_before=before_seq, limit=limit + 2)
    whole = len(rows) < limit + 2
    oldest = kept_since(connection)
    events: list[Event] = []
    for n, row in enumerate(rows):
        if row.removed and not (n > 0 and rows[n - 1].seq == row.ended_seq):
            events.append(_went(row))
        earlier = rows[n + 1] if n + 1 < len(rows) else None
        if earlier is not None or whole:
            events.append(_came(row, earlier, oldest))
    events = [event for event in events if before_seq is None or event.seq < before_seq]
    shown = _attributed(connection, events[:limit])
    more = len(events) > limit
    return Page(items=tuple(shown), after=str(shown[-1].seq) if more else None)


def version_at(connection: Connection, identity: Identity, seq: int) -> Version | None:
    """What had the ref that was asked for at a sequence number; None: nothing had.

    Where nothing had it, the entity may have been there under another one of its refs.
    """
    by_ref = replace(identity, ids=frozenset([identity.asked]), uid=None)
    for wanted in (by_ref, identity):
        found = _versions(connection, wanted, came_before=seq + 1, limit=1)
        if found and (found[0].ended_seq is None or found[0].ended_seq > seq):
            return found[0]
    return None


def _uid(connection: Connection, present: int, ids: Collection[int]) -> str | None:
    """The uid of the entity, of its tombstone, or else of its last version."""
    for table in (entities, tombstones):
        uid = connection.execute(select(table.c.uid).where(table.c.id == present)).scalar()
        if uid is not None:
            return str(uid)
    last = (
        select(versions.c.uid)
        .where(bulk.among(connection, versions.c.entity_id, ids))
        .order_by(versions.c.from_seq.desc())
        .limit(1)
    )
    return connection.execute(last).scalar()


def _versions(
    connection: Connection, identity: Identity, *, came_before: int | None, limit: int
) -> list[Version]:
    """Versions that came before a sequence number, the newest first."""
    past = (
        select(versions, refs.c.ref)
        .join(refs, refs.c.id == versions.c.entity_id)
        .where(bulk.among(connection, versions.c.entity_id, identity.ids))
        .order_by(versions.c.from_seq.desc())
        .limit(limit)
    )
    present = (
        select(entities, files.c.url)
        .outerjoin(files, files.c.id == entities.c.file_id)
        .where(bulk.among(connection, entities.c.id, identity.ids))
    )
    if identity.uid is not None:
        past = past.where(versions.c.uid == identity.uid)
        present = present.where(entities.c.uid == identity.uid)
    if came_before is not None:
        past = past.where(versions.c.from_seq < came_before)
        present = present.where(entities.c.seq < came_before)
    found = [_present(row) for row in connection.execute(present)]
    found += [_past(row) for row in connection.execute(past)]
    return sorted(found, key=lambda version: version.seq, reverse=True)[:limit]


def _present(row: Any) -> Version:
    return Version(
        entity_id=row.id,
        uid=row.uid,
        ref=row.ref,
        seq=row.seq,
        ended_seq=None,
        since=time_of(row.updated_at),
        until=None,
        body=row.body,
        url=row.url or "",
        document=row.document,
        revision=row.revision,
        removed=False,
        reason="",
    )


def _past(row: Any) -> Version:
    return Version(
        entity_id=row.entity_id,
        uid=row.uid,
        ref=row.ref,
        seq=row.from_seq,
        ended_seq=row.to_seq,
        since=time_of(row.from_at),
        until=time_of(row.to_at),
        body=row.body,
        url=row.url,
        document=row.document,
        revision=row.revision,
        removed=row.ended == REMOVED,
        reason=row.reason,
    )


def _came(version: Version, earlier: Version | None, oldest: datetime | None) -> Event:
    follows = earlier is not None and earlier.ended_seq == version.seq
    if earlier is not None:
        same = earlier.entity_id == version.entity_id
        change = ("changed" if same else "renamed") if follows else "restored"
    elif earlier is None and oldest is not None and version.since < oldest:
        change = "earlier"
    else:
        change = "added"
    return Event(
        change=change,
        seq=version.seq,
        at=version.since,
        version=version,
        before=earlier,
        source="",
        actor="",
    )


def _went(version: Version) -> Event:
    assert version.ended_seq is not None
    assert version.until is not None
    return Event(
        change="removed",
        seq=version.ended_seq,
        at=version.until,
        version=version,
        before=version,
        source="",
        actor="",
    )


def _attributed(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """The events with who and what caused them, from the change feed."""
    columns = (changes.c.seq, changes.c.source, changes.c.actor)
    found = {
        row.seq: (row.source, row.actor)
        for row in bulk.pick(connection, columns, changes.c.seq, {event.seq for event in events})
    }
    nobody = ("", "")
    return [
        replace(event, source=source, actor=actor)
        for event in events
        for source, actor in [found.get(event.seq, nobody)]
    ]
