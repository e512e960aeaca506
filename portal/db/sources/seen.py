"""How places stand: locations, repositories, files, claims and faults, as evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, select

from catalog.explanations.evidence import Claim, Fault, FileSeen, LocationSeen, RepositorySeen
from portal.db import bulk
from portal.db.engine import time_of, utc
from portal.db.sources.problems import problem_in, stored_problem
from portal.db.tables import (
    declarations,
    files,
    location_links,
    locations,
    problems,
    refs,
    repositories,
)

MOST = 50
"""Documents, faults and locations that an explanation holds at most, of each."""


def files_where(connection: Connection, where: ColumnElement[bool]) -> list[FileSeen]:
    """At most `MOST` files for which it holds; those that are missing last."""
    ids = connection.execute(
        select(files.c.id).where(where).order_by(files.c.missed, files.c.id).limit(MOST)
    ).scalars()
    wanted = list(ids)
    seen = _files_by_id(connection, wanted)
    return [seen[number] for number in wanted]


def _files_by_id(connection: Connection, ids: Collection[int]) -> dict[int, FileSeen]:
    rows = connection.execute(
        select(files, repositories.c.location_id)
        .join(repositories, repositories.c.id == files.c.repository_id)
        .where(bulk.among(connection, files.c.id, ids))
    ).all()
    of_rows = bulk.among(connection, repositories.c.id, {row.repository_id for row in rows})
    found = connection.execute(select(repositories).where(of_rows))
    seen = {row.id: repository_seen(row) for row in found}
    lead = {row.location_id for row in rows if row.location_id is not None}
    places = {
        one.id: one
        for one in locations_where(
            connection, bulk.among(connection, locations.c.id, lead), most=None
        )
    }
    return {
        row.id: FileSeen(
            path=row.path,
            url=row.url,
            read_at=time_of(row.read_at),
            missing_since=utc(row.missing_since),
            location=places.get(row.location_id),
            repository=seen[row.repository_id],
        )
        for row in rows
    }


def claims_where(connection: Connection, where: ColumnElement[bool]) -> tuple[Claim, ...]:
    """At most `MOST` declarations for which a condition on them, files or repositories holds."""
    rows = connection.execute(
        select(
            declarations.c.file_id,
            declarations.c.serving,
            refs.c.ref,
        )
        .join(refs, refs.c.id == declarations.c.ref_id)
        .join(files, files.c.id == declarations.c.file_id)
        .join(repositories, repositories.c.id == files.c.repository_id)
        .where(where)
        .order_by(declarations.c.file_id, declarations.c.document)
        .limit(MOST)
    ).all()
    seen = _files_by_id(connection, {row.file_id for row in rows})
    return tuple(
        Claim(ref=row.ref, file=seen[row.file_id], serving=bool(row.serving)) for row in rows
    )


def faults_where(
    connection: Connection, where: ColumnElement[bool]
) -> Sequence[tuple[FileSeen, Fault]]:
    """At most `MOST` problems for which it holds, errors first, each with its file."""
    rank = case((problems.c.severity == "error", 0), else_=1)
    rows = connection.execute(
        select(problems)
        .join(files, files.c.id == problems.c.file_id)
        .join(repositories, repositories.c.id == files.c.repository_id)
        .where(where)
        .order_by(rank, problems.c.id)
        .limit(MOST)
    ).all()
    seen = _files_by_id(connection, {row.file_id for row in rows})
    return [
        (
            seen[row.file_id],
            Fault(ref=row.ref, problem=stored_problem(row)),
        )
        for row in rows
    ]


def locations_where(
    connection: Connection, where: ColumnElement[bool], *, most: int | None = MOST
) -> tuple[LocationSeen, ...]:
    """Locations for which it holds, also those that were unregistered, by target."""
    rows = connection.execute(
        select(locations).where(where).order_by(locations.c.target).limit(most)
    ).all()
    named: dict[str, list[str]] = defaultdict(list)
    links = connection.execute(
        select(location_links.c.location_id, refs.c.ref)
        .join(refs, refs.c.id == location_links.c.ref_id)
        .where(bulk.among(connection, location_links.c.location_id, [row.id for row in rows]))
        .distinct()
        .order_by(refs.c.ref)
    )
    for location, ref in links:
        named[location].append(ref)
    return tuple(
        LocationSeen(
            id=row.id,
            type=row.type,
            target=row.target,
            origin=row.origin,
            named_by=tuple(named[row.id]),
            state=row.state,
            problem=problem_in(row.problem),
            listed_at=utc(row.listed_at),
            removed_at=utc(row.removed_at),
        )
        for row in rows
    )


def repository_seen(row: Any) -> RepositorySeen:
    """The repository of a row of its table."""
    return RepositorySeen(
        url=row.url,
        revision=row.revision.rpartition("/")[2],
        state=row.state,
        problem=problem_in(row.problem),
        read_at=utc(row.read_at),
        missing_since=utc(row.missing_since),
    )
