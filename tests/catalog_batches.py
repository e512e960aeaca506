"""Readings and batches for tests of what writes the catalog, and a look at all that was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from catalog.entity import Entity, Outcome, Verdict
from catalog.ingest.store import Applied, Batch, FileReading, Listed, StoredRepository
from catalog.problems import Problem
from catalog.sources import Repository
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.sources.listings import missing_repositories
from portal.db.tables import entities, files, locations, metadata, problems
from tests.catalog_rows import LOCATION, NOW, REPOSITORY

BROKEN = Problem(code="BROKEN", message="Something is wrong.", line=3, column=1)
NOT_ENTITIES = {"files", "meta", "repositories", "locations"}
"""Tables in which reading an unchanged file leaves its time."""


def reading(
    path: str, *found: Entity, rejected: Sequence[str | None] = (), unreadable: bool = False
) -> FileReading:
    """A file that was read: its entities, then the refs of its rejected documents."""
    accepted = [
        Outcome(
            file=path,
            document=n,
            verdict=Verdict.ACCEPT,
            ref=str(one.ref),
            line=10 * n + 1,
            entity=one,
        )
        for n, one in enumerate(found)
    ]
    refused = [
        Outcome(file=path, document=n, verdict=Verdict.REJECT, ref=ref, problems=(BROKEN,))
        for n, ref in enumerate(rejected, start=len(accepted))
    ]
    return FileReading(
        path=path,
        token="1",
        url=f"file:/srv/shop/{path}",
        outcomes=(*accepted, *refused),
        problems=(BROKEN,) if unreadable else (),
    )


def batch(
    *readings: FileReading, repository: Repository = REPOSITORY, now: datetime = NOW, **more: Any
) -> Batch:
    """A batch of the repository of `catalog_rows`."""
    return Batch(
        location=LOCATION,
        repository=repository,
        origin="file:/srv",
        readings=readings,
        now=now,
        **more,
    )


def new_store(database: Database) -> Store:
    """A store with one registered location, whose uids are numbered."""
    with database.write() as connection:
        values = {"type": "file", "target": "/srv", "origin": "command", "registered_at": NOW}
        connection.execute(insert(locations).values(id=LOCATION, **values))
    numbers = iter(range(1, 1_000_000))
    return replace(Store(database), new_uid=lambda: f"uid-{next(numbers)}")


def put(store: Store, *readings: FileReading, **more: Any) -> Applied:
    """Apply a batch of these readings."""
    (applied,) = store.apply([batch(*readings, **more)])
    return applied


def note_listing(
    store: Store, location: str, found: Sequence[Repository], *, complete: bool, now: datetime
) -> tuple[Repository, ...]:
    """Note what a listing said; returns what two complete ones in a row lacked, if this is one."""
    seen = Listed(location=location, repositories=tuple(found), complete=complete)
    store.note_listings([seen], now=now)
    with store.database.read() as connection:
        missing = missing_repositories(connection, [location])
    return missing.get(location, ()) if complete else ()


def stored_of(store: Store, url: str) -> StoredRepository:
    """What is stored of one repository."""
    return store.repositories([url])[url]


def dump(database: Database, *, without: set[str] = frozenset()) -> dict[str, list[Any]]:  # type: ignore[assignment]
    """All rows of all tables, sorted, with times as text."""
    with database.read() as connection:
        return {
            table.name: sorted(
                repr([_plain(value) for value in row]) for row in connection.execute(select(table))
            )
            for table in metadata.sorted_tables
            if table.name not in without
        }


def shown(database: Database) -> dict[str, Any]:
    """Of each entity, by ref: uid, body, relations, path of its file and document."""
    with database.read() as connection:
        rows = connection.execute(
            select(entities, files.c.path).join(files, files.c.id == entities.c.file_id)
        ).all()
    return {
        row.ref: (row.uid, bytes(row.body), bytes(row.relations), row.path, row.document)
        for row in rows
    }


def problems_of(database: Database) -> list[tuple[str, str, str | None, str]]:
    """Path, code, ref and severity of every problem, sorted."""
    with database.read() as connection:
        rows = connection.execute(
            select(files.c.path, problems.c.code, problems.c.ref, problems.c.severity).join(
                files, files.c.id == problems.c.file_id
            )
        )
        return sorted(tuple(row) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    return bytes(value) if isinstance(value, memoryview) else value
