"""Decisions: what people do to entities, whatever files say: delete, suppress, restore, approve.

Each is one transaction of the caller, with its row in the change feed. What has to be read again
afterwards is returned as ids of repositories.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select, update

from catalog.ingest.orphans import entity_of, orphan_of
from catalog.ingest.store import Batch
from catalog.sources import Repository
from portal.db import bulk
from portal.db.catalog.entities import ref_id
from portal.db.changes.past import Moment, Moments, former
from portal.db.ingest import held, overrides, registrations
from portal.db.ingest.catalog_store import Store, next_seq, record
from portal.db.ingest.declarations import pack
from portal.db.ingest.serving import Served, write_served
from portal.db.sources.descriptor_files import BatchFiles
from portal.db.tables import (
    declarations,
    entities,
    files,
    held_removals,
    refs,
    repositories,
    tombstones,
)

NOWHERE = Repository(url="", name="")


def delete_entity(
    store: Store, connection: Connection, entity: int, *, actor: str, now: datetime
) -> list[int]:
    """Take an entity away; while a file declares it, it comes back with the next reading.

    Returns the repositories of these files, for them to be read again.
    """
    of_files = [
        row[0]
        for row in bulk.pick(connection, (declarations.c.file_id,), declarations.c.ref_id, [entity])
    ]
    bulk.drop(connection, declarations.c.ref_id, [entity])
    _remove(store, connection, entity, reason="It was deleted.", actor=actor, now=now)
    where = bulk.among(connection, files.c.id, of_files)
    connection.execute(update(files).where(where).values(token=""))
    read = select(files.c.repository_id).where(where).distinct()
    found = list(connection.execute(read).scalars())
    registrations.declare(store, connection, now=now)
    return found


def suppress(
    store: Store, connection: Connection, ref: str, *, reason: str, actor: str, now: datetime
) -> None:
    """Serve an entity no longer, whoever declares it, until the suppression is lifted.

    It need not exist (yet).
    """
    entity = bulk.intern(connection, refs, "ref", [ref])[ref]
    overrides.put_suppression(connection, entity, reason=reason, actor=actor, now=now)
    body = connection.execute(select(entities.c.body).where(entities.c.id == entity)).scalar()
    if body is None:
        return
    whole = pack(entity_of(body, store.all_kinds))
    serving = (declarations.c.ref_id == entity, declarations.c.serving)
    done = connection.execute(update(declarations).where(*serving).values(entity=whole))
    if done.rowcount == 0:  # an orphan
        _remove(store, connection, entity, reason="It was suppressed.", actor=actor, now=now)
    else:
        _settle(store, connection, entity, actor=actor, now=now)


def lift(store: Store, connection: Connection, ref: str, *, actor: str, now: datetime) -> bool:
    """Serve an entity again that was suppressed, with its uid; False where it was not."""
    entity = ref_id(connection, ref)
    if entity is None or not overrides.drop_suppression(connection, entity):
        return False
    _settle(store, connection, entity, actor=actor, now=now)
    return True


def restore(store: Store, connection: Connection, ref: str, *, actor: str, now: datetime) -> bool:
    """Serve an entity again that went, with its uid, as an orphan until a file declares it.

    False where there is no tombstone of it.
    """
    entity = ref_id(connection, ref)
    body = connection.scalar(select(tombstones.c.body).where(tombstones.c.id == entity))
    if entity is None or body is None:
        return False
    overrides.drop_suppression(connection, entity)
    served = Served(ref=ref, entity=orphan_of(body, store.all_kinds), file=None, document=0)
    at = Moments(Moment(seq=next_seq(connection), now=now, actor=actor))
    ids = {ref: entity}
    written = write_served(connection, {entity: served}, {}, {}, ids, at=at, new_uid=store.new_uid)
    record(connection, written, at)
    return True


def approve(
    store: Store, connection: Connection, number: int, *, actor: str, now: datetime
) -> list[int] | None:
    """Let a held removal happen; None where there is no such one.

    A location that went goes at once; of others the repositories are returned, to be read again.
    """
    row = connection.execute(select(held_removals).where(held_removals.c.id == number)).first()
    if row is None:
        return None
    overrides.approve(connection, held.ids_of(connection, number) or [], actor=actor, now=now)
    held.drop_held(connection, number)
    if row.source == "":
        registrations.unregister(store, connection, [row.location_id], now=now, actor=actor)
        return []
    this = select(repositories.c.id).where(repositories.c.url == row.source)
    return list(connection.execute(this).scalars())


def _settle(
    store: Store, connection: Connection, entity: int, *, actor: str, now: datetime
) -> None:
    """Decide anew which declaration of an entity is served."""
    columns = (declarations.c.file_id,)
    declaring = {row[0] for row in bulk.pick(connection, columns, declarations.c.ref_id, [entity])}
    batch = Batch(location=None, repository=NOWHERE, origin="", readings=(), actor=actor, now=now)
    in_batch = BatchFiles(readings={}, gone=frozenset(), ids=frozenset(declaring))
    store.write(connection, in_batch, [batch], next_seq(connection))


def _remove(
    store: Store,
    connection: Connection,
    entity: int,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    at = Moments(Moment(seq=next_seq(connection), now=now, actor=actor))
    before = former(connection, [entity])
    written = write_served(
        connection, {}, before, {entity: reason}, {}, at=at, new_uid=store.new_uid
    )
    record(connection, written, at)


def purge(connection: Connection, *, before: datetime, limit: int) -> int:
    """Forget tombstones that are older; returns how many. What they stand for cannot return."""
    old = connection.execute(
        select(tombstones.c.id).where(tombstones.c.removed_at < before).limit(limit)
    )
    ids: Collection[int] = list(old.scalars())
    bulk.drop(connection, tombstones.c.id, ids)
    return len(ids)
