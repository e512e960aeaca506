"""Repositories: their rows, what listings and snapshots said of them, and what is stored of each.

A repository that a complete listing lacks takes its files with it: they count as missing too, and
the one removal policy for files decides about them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
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

MISSED_LISTINGS = 2
"""Complete listings without a repository before it is reported as missing (design 2a.6)."""


def put_repositories(
    connection: Connection, location: str | None, found: Sequence[Repository]
) -> dict[str, int]:
    """The id of each repository's row, by URL; rows are made for new ones.

    A repository stays with the location that found it first, unless that one has lost it.
    """
    urls = [repository.url for repository in found]
    statement = _by_url(connection.dialect.name)
    rows = connection.execute(statement, bulk.listed(connection, urls)).all()
    ids = {row.url: row.id for row in rows}
    names = {repository.url: repository.name for repository in found}
    moved = [
        (row.id, owner, names[row.url])
        for row in rows
        for owner in [location if row.missed or row.removed_at else row.location_id]
        if (owner, names[row.url]) != (row.location_id, row.name)
    ]
    bulk.change(connection, repositories, "id", ("location_id", "name"), moved)
    new = [url for url in names if url not in ids]
    if new:
        ids.update((url, n) for n, url in enumerate(new, bulk.next_id(connection, repositories)))
        added = [(ids[url], location, url, names[url]) for url in new]
        bulk.add(connection, repositories, ("id", "location_id", "url", "name"), added)
    return ids


def finish_repository(connection: Connection, repository_id: int, batch: Batch) -> None:
    """Note that the snapshot was ingested to its end; forget a missing repository without files."""
    this = repositories.c.id == repository_id
    if batch.revision is not None:
        connection.execute(
            update(repositories)
            .where(this)
            .values(
                revision=batch.revision,
                head_read=batch.head_read,
                state="ok",
                problem=None,
                read_at=batch.now,
            )
        )
    if batch.removed or (batch.revision is None and not batch.readings):
        has_files = exists().where(files.c.repository_id == repositories.c.id)
        connection.execute(delete(repositories).where(this, repositories.c.missed > 0, ~has_files))


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
            == put_repositories(connection, location, [repository])[repository.url]
        )
    known = connection.execute(select(table.c.state, table.c.problem).where(this)).one_or_none()
    if known is None or tuple(known) == ("failed", said):
        return False
    connection.execute(update(table).where(this).values(state="failed", problem=said))
    return True


def list_seen(
    connection: Connection,
    location: str,
    found: Sequence[Repository],
    *,
    complete: bool,
    now: datetime,
    problem: Problem | None = None,
) -> bool:
    """Note a listing: what it found is there, what a complete one lacks is missed.

    Returns whether that is news.
    """
    this = locations.c.id == location
    state = "ok" if complete else "partial"
    said = None if problem is None else orjson.dumps(problem.as_dict()).decode()
    columns = locations.c.state, locations.c.problem
    row = connection.execute(select(*columns).where(this)).one_or_none()
    before = None if row is None else tuple(row)
    connection.execute(
        update(locations).where(this).values(state=state, problem=said, listed_at=now)
    )
    known = connection.execute(
        select(repositories.c.url, repositories.c.id, repositories.c.missed).where(
            bulk.among(connection, repositories.c.url, [repository.url for repository in found])
        )
    ).all()
    ids = put_repositories(connection, location, found)
    _put_heads(connection, found)
    _find_again(connection, [row.id for row in known if row.missed])
    lost = _lose(connection, location, set(ids.values()), now) if complete else 0
    return bool(before != (state, said) or len(known) != len(ids) or lost)


def note_head(connection: Connection, url: str, head_read: str) -> None:
    """Note the head that the stored state is of. The connection is in a write transaction."""
    this = repositories.c.url == url
    connection.execute(update(repositories).where(this).values(head_read=head_read))


def due(
    connection: Connection, location: str, edition: str, *, part: int | None = None
) -> tuple[Repository, ...]:
    """The repositories of a location, or of a part of it, that are to be looked at.

    These are all but those that were read by this edition at the head that the listing told, and of
    which nothing is open: a file that is missing, to be read again, or takes in what lies elsewhere.
    """
    this = repositories.c
    found = select(this.url, this.name, this.head).where(_is_due(location, edition))
    if part is not None:
        found = found.where(this.id >= part * PART, this.id < (part + 1) * PART)
    rows = connection.execute(found.order_by(this.id))
    return tuple(Repository(url=row.url, name=row.name, head=row.head) for row in rows)


def part_of(number: int) -> range:
    """The ids of the repositories of a part, whatever their location."""
    return range(number * PART, (number + 1) * PART)


def parts_due(connection: Connection, location: str, edition: str) -> tuple[int, ...]:
    """The numbers of the parts of a location in which a repository is due, in order."""
    ids = connection.execute(
        select(repositories.c.id).where(_is_due(location, edition)).order_by(repositories.c.id)
    )
    return tuple(dict.fromkeys(id_ // PART for id_ in ids.scalars()))


def _is_due(location: str, edition: str) -> ColumnElement[bool]:
    this = repositories.c
    is_open = or_(files.c.missed > 0, files.c.token == "", files.c.companions.like("%://%"))
    return and_(
        this.location_id == location,
        this.missed == 0,
        or_(
            this.state != "ok",
            this.revision == "",
            this.head == "",
            this.head_read != literal(f"{edition}/").concat(this.head),
            exists().where(files.c.repository_id == this.id, is_open),
        ),
    )


def _put_heads(connection: Connection, found: Sequence[Repository]) -> None:
    """Note what a listing said of its repositories."""
    heads = {repository.url: repository.head for repository in found}
    columns = (repositories.c.id, repositories.c.url, repositories.c.head)
    rows = bulk.pick(connection, columns, repositories.c.url, list(heads))
    told = [(row.id, heads[row.url]) for row in rows if row.head != heads[row.url]]
    bulk.change(connection, repositories, "id", ("head",), told)


def missing_repositories(connection: Connection, location: str) -> tuple[Repository, ...]:
    """The repositories of a location that so many complete listings in a row lacked."""
    rows = connection.execute(
        select(repositories.c.url, repositories.c.name)
        .where(repositories.c.location_id == location, repositories.c.missed >= MISSED_LISTINGS)
        .order_by(repositories.c.url)
    )
    return tuple(Repository(url=row.url, name=row.name) for row in rows)


def stored_repository(connection: Connection, url: str) -> StoredRepository:
    """What is stored of the repository with this URL."""
    row = connection.execute(
        select(
            repositories.c.id,
            repositories.c.revision,
            repositories.c.state,
            repositories.c.head_read,
        ).where(repositories.c.url == url)
    ).one_or_none()
    if row is None:
        return StoredRepository(revision="", files={})
    of_file = entities.c.file_id == files.c.id
    may_go = entities.c.id.in_(select(approved_removals.c.id))
    rows = connection.execute(
        select(
            files,
            select(func.count()).where(of_file).scalar_subquery().label("entities"),
            select(func.count()).where(of_file, may_go).scalar_subquery().label("approved"),
        )
        .where(files.c.repository_id == row.id)
        .order_by(files.c.path)
    )
    return StoredRepository(
        revision=row.revision,
        failed=row.state == "failed",
        head_read=row.head_read,
        files={
            file.path: StoredFile(
                token=file.token,
                entities=file.entities,
                missing_since=utc(file.missing_since),
                missed=file.missed,
                approved=file.approved,
                targets=tuple(NamedTarget(*target) for target in orjson.loads(file.targets)),
                companions=tuple(Companion(*one) for one in orjson.loads(file.companions)),
            )
            for file in rows
        },
    )


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


def _find_again(connection: Connection, ids: Sequence[int]) -> None:
    """Repositories that are back are read from the start: what went meanwhile is seen then."""
    if ids:
        back = {"missing_since": None, "missed": 0}
        these = bulk.among(connection, repositories.c.id, ids)
        connection.execute(update(repositories).where(these).values(revision="", **back))
        of_these = bulk.among(connection, files.c.repository_id, ids)
        connection.execute(update(files).where(of_these).values(back))


def _lose(connection: Connection, location: str, present: Collection[int], now: datetime) -> int:
    lost = [
        row
        for row in connection.execute(
            select(repositories.c.id).where(repositories.c.location_id == location)
        ).scalars()
        if row not in present
    ]
    for table, column in ((repositories, repositories.c.id), (files, files.c.repository_id)):
        if lost:
            connection.execute(
                update(table)
                .where(bulk.among(connection, column, lost))
                .values(
                    missed=table.c.missed + 1,
                    missing_since=func.coalesce(table.c.missing_since, now),
                )
            )
    return len(lost)
