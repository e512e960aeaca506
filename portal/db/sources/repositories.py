"""Repositories: their rows, what snapshots said of them, what is stored of each, and which are due.

What listings say of them is in `portal.db.sources.listings`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from catalog.entity import NamedTarget
from catalog.ingest.store import Batch, Companion, StoredFile, StoredRepository
from catalog.problems import Problem
from catalog.sources import Repository
from portal.db import bulk
from portal.db.engine import utc
from portal.db.tables import approved_removals, entities, files, locations, repositories

PART = 20
"""Repositories of a location, by their ids, that one piece of work is about."""


def put_repositories(
    connection: Connection, found: Iterable[tuple[str | None, Repository]]
) -> dict[str, int]:
    """The id of each repository's row, by URL; rows are made for new ones.

    Each comes with the location that found it. It stays with the one that found it first, unless that
    one has lost it.
    """
    owners: dict[str, str | None] = {}
    names: dict[str, str] = {}
    for location, repository in found:
        owners.setdefault(repository.url, location)
        names[repository.url] = repository.name
    statement = _by_url(connection.dialect.name)
    rows = connection.execute(statement, bulk.listed(connection, list(names))).all()
    ids = {row.url: row.id for row in rows}
    moved = [
        (row.id, owner, names[row.url])
        for row in rows
        for owner in [owners[row.url] if row.missed or row.removed_at else row.location_id]
        if (owner, names[row.url]) != (row.location_id, row.name)
    ]
    bulk.change(connection, repositories, "id", ("location_id", "name"), moved)
    new = [url for url in names if url not in ids]
    if new:
        ids.update((url, n) for n, url in enumerate(new, bulk.next_id(connection, repositories)))
        added = [(ids[url], owners[url], url, names[url]) for url in new]
        bulk.add(connection, repositories, ("id", "location_id", "url", "name"), added)
    return ids


def finish_repositories(connection: Connection, ended: Mapping[int, Batch]) -> None:
    """Note, by id, what was ingested to its end; forget a missing repository without files."""
    read = [
        (id_, batch.revision, batch.head_read, "ok", None, batch.now)
        for id_, batch in ended.items()
        if batch.revision is not None
    ]
    columns = ("revision", "head_read", "state", "problem", "read_at")
    bulk.change(connection, repositories, "id", columns, read)
    gone = [
        id_
        for id_, batch in ended.items()
        if batch.removed or (batch.revision is None and not batch.readings)
    ]
    if gone:
        these = bulk.among(connection, repositories.c.id, gone)
        has_files = exists().where(files.c.repository_id == repositories.c.id)
        connection.execute(delete(repositories).where(these, repositories.c.missed > 0, ~has_files))


def fail(
    connection: Connection, location: str, repository: Repository | None, problem: Problem
) -> bool:
    """Note why a listing or a snapshot failed; returns whether that is news."""
    said = orjson.dumps(problem.as_dict()).decode()
    table, this = locations, locations.c.id == location
    if repository is not None:
        table = repositories
        this = (
            repositories.c.id
            == put_repositories(connection, [(location, repository)])[repository.url]
        )
    known = connection.execute(select(table.c.state, table.c.problem).where(this)).one_or_none()
    if known is None or tuple(known) == ("failed", said):
        return False
    connection.execute(update(table).where(this).values(state="failed", problem=said))
    return True


def note_heads(connection: Connection, heads: Mapping[str, str]) -> None:
    """Note, by URL, the heads that the stored states are of. The connection is in a write transaction."""
    bulk.change(connection, repositories, "url", ("head_read",), [*heads.items()])


def due(
    connection: Connection, editions: Mapping[str, str], *, part: int | None = None
) -> list[tuple[str, Repository]]:
    """The repositories of locations, or of a part of them, that are to be looked at, each after its
    location; `editions` are by location.

    These are all but those that were read by this edition at the head that the listing told, and of
    which nothing is open: a file that is missing, to be read again, or takes in what lies elsewhere.
    """
    this = repositories.c.id
    within = [] if part is None else [this >= part * PART, this < (part + 1) * PART]
    rows = _due(connection, editions, *within)
    return [
        (row.location_id, Repository(url=row.url, name=row.name, head=row.head)) for row in rows
    ]


def part_of(number: int) -> range:
    """The ids of the repositories of a part, whatever their location."""
    return range(number * PART, (number + 1) * PART)


def parts_due(connection: Connection, location: str, edition: str) -> tuple[int, ...]:
    """The numbers of the parts of a location in which a repository is due, in order."""
    ids = (row.id for row in _due(connection, {location: edition}))
    return tuple(dict.fromkeys(id_ // PART for id_ in ids))


def _due(
    connection: Connection, editions: Mapping[str, str], *where: ColumnElement[bool]
) -> list[Any]:
    this = repositories.c
    is_open = or_(files.c.missed > 0, files.c.token == "", files.c.companions.like("%://%"))
    is_due = or_(
        this.state != "ok",
        this.revision == "",
        this.head == "",
        exists().where(files.c.repository_id == this.id, is_open),
    )
    rows = connection.execute(
        select(
            *(this.id, this.location_id, this.url, this.name, this.head, this.head_read),
            is_due.label("is_due"),
        )
        .where(bulk.among(connection, this.location_id, editions), this.missed == 0, *where)
        .order_by(this.id)
    )
    return [
        row
        for row in rows
        if row.is_due or not _is_read(row.head_read, f"{editions[row.location_id]}/{row.head}")
    ]


def _is_read(head_read: str, told: str) -> bool:
    """What was read says what the listing does, and perhaps in a line more what that does not know."""
    return head_read == told or head_read.startswith(f"{told}\n")


def stored_repositories(
    connection: Connection, urls: Collection[str]
) -> dict[str, StoredRepository]:
    """What is stored of the repositories with these URLs, by URL."""
    this = repositories.c
    columns = (this.id, this.url, this.revision, this.state, this.head_read)
    rows = {row.id: row for row in bulk.pick(connection, columns, this.url, urls)}
    of_repository: dict[int, dict[str, StoredFile]] = defaultdict(dict)
    for file in _files_of(connection, rows):
        of_repository[file.repository_id][file.path] = StoredFile(
            token=file.token,
            entities=file.entities,
            missing_since=utc(file.missing_since),
            missed=file.missed,
            approved=file.approved,
            targets=tuple(NamedTarget(*target) for target in orjson.loads(file.targets)),
            companions=tuple(Companion(*one) for one in orjson.loads(file.companions)),
        )
    found = {
        row.url: StoredRepository(
            revision=row.revision,
            failed=row.state == "failed",
            head_read=row.head_read,
            files=of_repository.get(row.id, {}),
        )
        for row in rows.values()
    }
    return {url: found.get(url, StoredRepository(revision="", files={})) for url in urls}


def _files_of(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """The rows of the files of these repositories, with how many entities each is serving."""
    if not ids:
        return []
    of_file = entities.c.file_id == files.c.id
    may_go = entities.c.id.in_(select(approved_removals.c.id))
    return connection.execute(
        select(
            files,
            select(func.count()).where(of_file).scalar_subquery().label("entities"),
            select(func.count()).where(of_file, may_go).scalar_subquery().label("approved"),
        )
        .where(bulk.among(connection, files.c.repository_id, ids))
        .order_by(files.c.path)
    ).all()


@cache
def _by_url(dialect: str) -> Select[Any]:
    return (
        select(
            repositories.c.id,
            repositories.c.url,
            repositories.c.name,
            repositories.c.missed,
            repositories.c.location_id,
            locations.c.removed_at,
        )
        .outerjoin(locations, locations.c.id == repositories.c.location_id)
        .where(bulk.is_listed(dialect, repositories.c.url))
    )
