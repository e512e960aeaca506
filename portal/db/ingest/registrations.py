"""Registrations: locations that the operator named, each with its generated Location entity.

Those of a config and of the API have one, as in Backstage; it is stored like any other entity, in
a repository that nobody reads, with a file for each location. So it has history, conflicts and
problems as all the others have.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, insert, select, update

from catalog.entity import Outcome, Verdict
from catalog.ingest.registration import generated_entity, generated_ref
from catalog.ingest.store import Batch, FileReading
from catalog.sources import Repository
from portal.db import bulk
from portal.db.ingest.catalog_store import Store, next_seq
from portal.db.sources import links
from portal.db.sources.descriptor_files import BatchFiles
from portal.db.tables import (
    entities,
    files,
    held_removals,
    location_links,
    locations,
    repositories,
)

WITH_ENTITY = ("config", "api")
"""Origins of locations that have a Location entity."""

REGISTRATIONS = Repository(url="registration://", name="registrations")


def register(
    connection: Connection,
    *,
    type: str,  # noqa: A002 - Backstage's word for it
    target: str,
    origin: str,
    presence: str = "required",
    now: datetime,
) -> str:
    """Register a location; returns its id, the same one each time.

    One that had been removed, or that only Location entities named, is registered with its id.
    Those of a config and of the API are to have a Location entity: see `declare`.
    """
    same = and_(locations.c.type == type, locations.c.target == target)
    known = connection.execute(
        select(locations.c.id, locations.c.removed_at, locations.c.origin).where(same)
    ).first()
    ref = generated_ref(type, target) if origin in WITH_ENTITY else None
    values = {"origin": origin, "presence": presence, "ref": ref, "registered_at": now}
    if known is None:
        new = str(uuid4())
        connection.execute(insert(locations).values(id=new, type=type, target=target, **values))
        return new
    if known.removed_at is not None or known.origin == links.ENTITY:
        again = {**values, "removed_at": None, "root_id": None, "depth": 0}
        connection.execute(update(locations).where(same).values(again))
    return str(known.id)


def find(connection: Connection, type: str, target: str) -> str | None:  # noqa: A002 - as above
    """The id of the location with this type and target that somebody registered; None: nobody did."""
    return connection.execute(
        select(locations.c.id).where(
            locations.c.type == type,
            locations.c.target == target,
            locations.c.removed_at.is_(None),
            locations.c.origin != links.ENTITY,
        )
    ).scalar()


def ids_of(connection: Connection, targets: Sequence[str]) -> dict[str, str]:
    """By target, the ids of the URL locations with these targets that somebody registered."""
    found = connection.execute(
        select(locations.c.target, locations.c.id).where(
            locations.c.type == "url",
            locations.c.target.in_(targets),
            locations.c.removed_at.is_(None),
            locations.c.origin != links.ENTITY,
        )
    )
    return {row.target: row.id for row in found}


def declare(
    store: Store,
    connection: Connection,
    *,
    now: datetime,
    actor: str = "",
    only: Collection[str] | None = None,
) -> None:
    """Bring the generated Location entities in line with the registered locations, or `only` some."""
    registered = select(locations).where(
        locations.c.origin.in_(WITH_ENTITY), locations.c.removed_at.is_(None)
    )
    of_registrations = select(repositories.c.id).where(repositories.c.url == REGISTRATIONS.url)
    declared = select(files.c.path, files.c.token).where(
        files.c.repository_id.in_(of_registrations)
    )
    if only is not None:
        registered = registered.where(bulk.among(connection, locations.c.id, only))
        declared = declared.where(bulk.among(connection, files.c.path, only))
    wanted = {row.id: row for row in connection.execute(registered)}
    known = {row.path: row.token for row in connection.execute(declared)}
    fresh = [row for key, row in sorted(wanted.items()) if known.get(key) != _token(row)]
    gone = tuple(sorted(known.keys() - wanted.keys()))
    if not fresh and not gone:
        return
    batch = Batch(
        location=None,
        repository=REGISTRATIONS,
        origin="",
        readings=tuple(_reading(row) for row in fresh),
        removed=gone,
        actor=actor,
        now=now,
    )
    store.apply_in(connection, [batch])


def unregister(
    store: Store, connection: Connection, ids: Collection[str], *, now: datetime, actor: str
) -> None:
    """Let locations go, with their Location entities and everything that only they led to.

    Whoever asks for that means it: nothing of them stays as an orphan.
    """
    _drop(replace(store, keep_orphans=False), connection, ids, now=now, actor=actor)


def _drop(
    store: Store, connection: Connection, ids: Collection[str], *, now: datetime, actor: str
) -> None:
    going = set(ids)
    while going:
        connection.execute(
            update(locations)
            .where(bulk.among(connection, locations.c.id, going))
            .values(removed_at=now)
        )
        _empty(store, connection, going, now=now, actor=actor)
        links.reroot(connection, going)
        going = set(links.unlinked(connection))
    declare(store, connection, now=now, actor=actor)


def drop_unlinked(store: Store, connection: Connection, *, now: datetime) -> bool:
    """Let locations go that no Location entity names any more; False where there are none."""
    gone = links.unlinked(connection)
    if gone:
        _drop(store, connection, gone, now=now, actor="")
    return bool(gone)


def retarget(connection: Connection, location: str, *, target: str, now: datetime) -> None:
    """Let a location name another target: what it read so far goes when the new one is read.

    Its id and the name of its Location entity stay, and entities that both declare keep their uid.
    What Location entities name, or somebody registered before, may be that target; a location that is
    registered may not.
    """
    before = _set_aside(connection, location, target=target, now=now)
    connection.execute(
        update(locations)
        .where(locations.c.id == location)
        .values(target=target, state="new", problem=None, listed_at=None)
    )
    of_location = repositories.c.location_id == location
    these = select(repositories.c.id).where(of_location)
    # The operator's word is evidence enough: these were missed as often and as long as it takes.
    overdue = {"missed": 9, "missing_since": datetime(2000, 1, 1, tzinfo=now.tzinfo)}
    connection.execute(update(files).where(files.c.repository_id.in_(these)).values(overdue))
    connection.execute(update(repositories).where(of_location).values(overdue))
    if before is not None:
        _take_over(connection, before, location)


def _set_aside(connection: Connection, location: str, *, target: str, now: datetime) -> str | None:
    """Free a target for a location; returns the id of the location that had it, if there is one.

    That one stays for what refers to it, removed, under a name that nobody asks for.
    """
    type_ = select(locations.c.type).where(locations.c.id == location).scalar_subquery()
    same = and_(locations.c.type == type_, locations.c.target == target, locations.c.id != location)
    found = connection.execute(select(locations.c.id).where(same)).scalar()
    if found is not None:
        connection.execute(
            update(locations)
            .where(locations.c.id == found)
            .values(target=f"{found} was {target}", removed_at=now)
        )
    return found


def _take_over(connection: Connection, before: str, location: str) -> None:
    """Give a location what another one read, and what names that one."""
    connection.execute(
        update(repositories)
        .where(repositories.c.location_id == before)
        .values(location_id=location)
    )
    connection.execute(
        update(locations).where(locations.c.root_id == before).values(root_id=location)
    )
    columns = (location_links.c.file_id, location_links.c.ref_id)
    named = {
        tuple(row)
        for row in connection.execute(
            select(*columns).where(location_links.c.location_id == location)
        )
    }
    moving = connection.execute(
        select(*columns).where(location_links.c.location_id == before)
    ).all()
    connection.execute(delete(location_links).where(location_links.c.location_id == before))
    bulk.add(
        connection,
        location_links,
        ("location_id", "file_id", "ref_id"),
        sorted((location, *row) for row in moving if tuple(row) not in named),
    )


def _empty(
    store: Store, connection: Connection, ids: Collection[str], *, now: datetime, actor: str
) -> None:
    """Take away all that was read of locations."""
    connection.execute(
        delete(held_removals).where(bulk.among(connection, held_removals.c.location_id, ids))
    )
    these = select(repositories.c.id).where(bulk.among(connection, repositories.c.location_id, ids))
    of_these = select(files.c.id).where(files.c.repository_id.in_(these))
    gone = frozenset(connection.execute(of_these).scalars())
    batch = Batch(
        location=None, repository=REGISTRATIONS, origin="", readings=(), actor=actor, now=now
    )
    in_batch = BatchFiles(readings={}, gone=gone, ids=gone)
    store.write(connection, in_batch, [batch], next_seq(connection))
    connection.execute(delete(repositories).where(repositories.c.id.in_(these)))


def _reading(row: Any) -> FileReading:
    entity = generated_entity(type=row.type, target=row.target, presence=row.presence, ref=row.ref)
    outcome = Outcome(
        file=row.id, document=0, verdict=Verdict.ACCEPT, ref=str(entity.ref), entity=entity
    )
    return FileReading(
        path=row.id, token=_token(row), url=f"{row.type}:{row.target}", outcomes=(outcome,)
    )


def _token(row: Any) -> str:
    return f"{row.type}:{row.target}"


def served(connection: Connection, location: str) -> list[int]:
    """The ids of the entities that a location is serving."""
    rows = connection.execute(
        select(entities.c.id)
        .join(files, files.c.id == entities.c.file_id)
        .join(repositories, repositories.c.id == files.c.repository_id)
        .where(repositories.c.location_id == location)
    )
    return list(rows.scalars())
