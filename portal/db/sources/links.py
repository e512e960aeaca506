"""Links: what Location entities lead to, inside their repository and outside it.

Outside, each URL is a location of its own, read like any other. It stays for as long as a Location
entity names it; its entities are judged by the rules of the registered location behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import uuid4

from sqlalchemy import Connection, exists, select, update

from catalog.ingest.store import Batch
from portal.db import bulk
from portal.db.tables import file_parents, files, location_links, locations, refs, repositories

ENTITY = "entity"
"""Origin of a location that only Location entities name."""


def put_links(connection: Connection, repository_id: int, batch: Batch) -> tuple[str, ...]:
    """Write what the Location entities of a repository name; returns the ids of new locations."""
    if batch.parents is None or batch.elsewhere is None:
        return ()
    paths = {*batch.parents, *batch.elsewhere}
    by_path = _ids_of(connection, repository_id, paths) if paths else {}
    _put_parents(connection, repository_id, batch.parents, by_path)
    named = {one.ref for found in batch.elsewhere.values() for one in found}
    ids = bulk.intern(connection, refs, "ref", named)
    targets = {one.url: one.optional for found in batch.elsewhere.values() for one in found}
    known, new = _put_locations(connection, targets, batch)
    wanted = {
        (known[one.url], by_path[path], ids[one.ref])
        for path, found in batch.elsewhere.items()
        for one in found
        if path in by_path
    }
    stored = _links_of(connection, repository_id)
    columns = ("location_id", "file_id", "ref_id")
    bulk.remove(connection, location_links, columns, sorted(stored - wanted))
    bulk.add(connection, location_links, columns, sorted(wanted - stored))
    return tuple(new)


def unlinked(connection: Connection) -> list[str]:
    """Ids of locations that no Location entity names any more, and that nobody registered."""
    named = exists().where(location_links.c.location_id == locations.c.id)
    gone = select(locations.c.id).where(
        locations.c.origin == ENTITY, locations.c.removed_at.is_(None), ~named
    )
    return list(connection.execute(gone).scalars())


def _put_parents(
    connection: Connection,
    repository_id: int,
    parents: Mapping[str, Iterable[str]],
    by_path: Mapping[str, int],
) -> None:
    ids = bulk.intern(connection, refs, "ref", {ref for found in parents.values() for ref in found})
    wanted = {
        (by_path[path], ids[ref])
        for path, found in parents.items()
        for ref in found
        if path in by_path
    }
    inside = files.c.id == file_parents.c.file_id
    rows = connection.execute(
        select(file_parents.c.file_id, file_parents.c.ref_id)
        .join(files, inside)
        .where(files.c.repository_id == repository_id)
    )
    stored = {(row.file_id, row.ref_id) for row in rows}
    bulk.remove(connection, file_parents, ("file_id", "ref_id"), sorted(stored - wanted))
    bulk.add(connection, file_parents, ("file_id", "ref_id"), sorted(wanted - stored))


def _put_locations(
    connection: Connection, targets: Mapping[str, bool], batch: Batch
) -> tuple[dict[str, str], list[str]]:
    """The location of each URL, and the ids of those that are new."""
    if not targets:
        return {}, []
    columns = (locations.c.target, locations.c.id, locations.c.removed_at, locations.c.type)
    rows = bulk.pick(connection, columns, locations.c.target, targets.keys())
    known = {row.target: row for row in rows if row.type == "url"}
    parent = connection.execute(
        select(locations.c.id, locations.c.root_id, locations.c.depth).where(
            locations.c.id == batch.location
        )
    ).one()
    common = {"origin": ENTITY, "root_id": parent.root_id or parent.id, "depth": parent.depth + 1}
    new: dict[str, str] = {}
    for url, optional in sorted(targets.items()):
        presence = "optional" if optional else "required"
        if url not in known:
            new[url] = str(uuid4())
            row = {"id": new[url], "type": "url", "target": url, "presence": presence}
            connection.execute(locations.insert().values(registered_at=batch.now, **row, **common))
        elif known[url].removed_at is not None:
            new[url] = known[url].id
            again = {"removed_at": None, "registered_at": batch.now, "presence": presence, **common}
            connection.execute(update(locations).where(locations.c.id == new[url]).values(again))
    return {**{url: row.id for url, row in known.items()}, **new}, list(new.values())


def _links_of(connection: Connection, repository_id: int) -> set[tuple[str, int, int]]:
    rows = connection.execute(
        select(location_links.c.location_id, location_links.c.file_id, location_links.c.ref_id)
        .join(files, files.c.id == location_links.c.file_id)
        .where(files.c.repository_id == repository_id)
    )
    return {(row.location_id, row.file_id, row.ref_id) for row in rows}


def _ids_of(connection: Connection, repository_id: int, paths: Collection[str]) -> dict[str, int]:
    rows = connection.execute(
        select(files.c.path, files.c.id).where(
            files.c.repository_id == repository_id, bulk.among(connection, files.c.path, paths)
        )
    )
    return {row.path: row.id for row in rows}


def reroot(connection: Connection, gone: Collection[str]) -> None:
    """Give locations whose registered location went another one that leads to them."""
    rows = connection.execute(
        select(locations.c.id).where(
            bulk.among(connection, locations.c.root_id, gone), locations.c.removed_at.is_(None)
        )
    ).scalars()
    for location in list(rows):
        root = connection.execute(
            select(repositories.c.location_id)
            .join(files, files.c.repository_id == repositories.c.id)
            .join(location_links, location_links.c.file_id == files.c.id)
            .where(location_links.c.location_id == location)
            .limit(1)
        ).scalar()
        if root is not None:
            parent = connection.execute(
                select(locations.c.id, locations.c.root_id).where(locations.c.id == root)
            ).one()
            connection.execute(
                update(locations)
                .where(locations.c.id == location)
                .values(root_id=parent.root_id or parent.id)
            )
