"""Locations: how what the operator told us to read stands, down to each file.

For people to look at: the counts take the longer the more there is. Locations are registered in
`portal.db.ingest.registrations`, jobs look them up in `portal.db.sources.targets`, and what an
ingestion writes of them is in `portal.db.ingest.catalog_store`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    Row,
    ScalarSelect,
    Select,
    Table,
    and_,
    func,
    select,
)

from catalog.problems import Problem
from portal.db import tables
from portal.db.engine import time_of, utc
from portal.db.page import Page, page_of
from portal.db.sources.problems import problem_in
from portal.db.tables import entities, locations, problems


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationRow:
    """A registered location."""

    id: str
    type: str
    """`file` or `url`."""
    target: str
    origin: str
    """Who registered it: command, config, api, sample; entity: Location entities name it."""
    root_id: str | None
    """Of what Location entities name: the registered location behind it."""
    ref: str | None
    """Of its generated Location entity; None where it has none."""
    state: str
    """new, ok, partial, failed: of its last listing, and of the repositories that it led to."""
    problem: Problem | None
    """Why the last listing could not be done; else of the first of these repositories that could not
    be read, whose name is the problem's `file`."""
    listed_at: datetime | None
    failed: int
    """Of the repositories, those that could not be read."""
    repositories: int
    files: int
    entities: int
    errors: int
    warnings: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryRow:
    """A repository that a location led to."""

    id: int
    url: str
    name: str
    revision: str
    state: str
    """new, ok, failed: of its last snapshot."""
    problem: Problem | None
    """Why the last snapshot failed."""
    read_at: datetime | None
    missing_since: datetime | None
    """When a complete listing first lacked it."""
    files: int
    entities: int
    errors: int
    warnings: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRow:
    """A descriptor file of a repository."""

    id: int
    path: str
    url: str
    """Location ref."""
    state: str
    """missing, failed (it has errors), ok."""
    read_at: datetime
    missing_since: datetime | None
    """When a complete listing first lacked it."""
    entities: int
    """How many it is serving."""
    errors: int
    warnings: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOrigin:
    """Where an entity comes from."""

    path: str
    url: str
    """Location ref of the file."""
    document: int
    repository: str
    """Its name, for people."""
    repository_url: str
    revision: str
    location_id: str


def list_locations(connection: Connection) -> tuple[LocationRow, ...]:
    """Every registered location, in the order of registration."""
    wanted = _locations().order_by(locations.c.registered_at, locations.c.target)
    return tuple(_location(row) for row in connection.execute(wanted))


def targets(connection: Connection) -> dict[str, str]:
    """By id the targets of the same locations, without counting what they led to."""
    rows = connection.execute(
        select(locations.c.id, locations.c.target)
        .where(locations.c.removed_at.is_(None))
        .order_by(locations.c.registered_at, locations.c.target)
    )
    return {row.id: row.target for row in rows}


def get_location(connection: Connection, location_id: str) -> LocationRow | None:
    """The registered location with this id; None where there is none, or no longer."""
    row = connection.execute(_locations().where(locations.c.id == location_id)).first()
    return None if row is None else _location(row)


def repositories(connection: Connection, location_id: str) -> tuple[RepositoryRow, ...]:
    """The repositories of a location, by name."""
    this = tables.repositories
    inside = tables.files.c.repository_id == this.c.id
    wanted = (
        select(this, _count(tables.files, inside).label("files"), *_contents(inside))
        .where(this.c.location_id == location_id)
        .order_by(this.c.name, this.c.url)
    )
    return tuple(
        RepositoryRow(
            id=row.id,
            url=row.url,
            name=row.name,
            revision=row.revision,
            state=row.state,
            problem=problem_in(row.problem),
            read_at=utc(row.read_at),
            missing_since=utc(row.missing_since),
            files=row.files,
            entities=row.entities,
            errors=row.errors,
            warnings=row.warnings,
        )
        for row in connection.execute(wanted)
    )


def files(
    connection: Connection, repository_id: int, *, after: str | None = None, limit: int = 50
) -> Page[FileRow]:
    """The descriptor files of a repository, by path."""
    outer = tables.files.alias()
    inside = tables.files.c.id == outer.c.id
    wanted = select(outer, *_contents(inside)).where(outer.c.repository_id == repository_id)
    if after is not None:
        wanted = wanted.where(outer.c.path > after)
    rows = connection.execute(wanted.order_by(outer.c.path).limit(limit + 1)).all()
    return page_of(rows, limit, item=_file, place=lambda row: str(row.path))


def origin_of(connection: Connection, entity_id: int) -> FileOrigin | None:
    """Where an entity comes from; None where there is no such entity."""
    row = connection.execute(
        select(
            tables.files.c.path,
            tables.files.c.url,
            entities.c.document,
            tables.repositories.c.name.label("repository"),
            tables.repositories.c.url.label("repository_url"),
            tables.repositories.c.revision,
            tables.repositories.c.location_id,
        )
        .select_from(entities)
        .join(tables.files, tables.files.c.id == entities.c.file_id)
        .join(tables.repositories, tables.repositories.c.id == tables.files.c.repository_id)
        .where(entities.c.id == entity_id)
    ).first()
    return None if row is None else FileOrigin(**row._mapping)


def _locations() -> Select[Any]:
    in_location = tables.repositories.c.location_id == locations.c.id
    these = select(tables.repositories.c.id).where(in_location)
    inside = tables.files.c.repository_id.in_(these.correlate_except(tables.repositories))
    has_failed = and_(in_location, tables.repositories.c.problem.is_not(None))
    in_order = (tables.repositories.c.name, tables.repositories.c.id)
    fault, faulty = (
        select(column).where(has_failed).order_by(*in_order).limit(1).scalar_subquery()
        for column in (tables.repositories.c.problem, tables.repositories.c.name)
    )
    return select(
        locations,
        _count(tables.repositories, has_failed).label("failed"),
        fault.label("fault"),
        faulty.label("faulty"),
        _count(tables.repositories, in_location).label("repositories"),
        _count(tables.files, inside).label("files"),
        *_contents(inside),
    ).where(locations.c.removed_at.is_(None))


def _contents(inside: ColumnElement[bool]) -> tuple[Label[int], ...]:
    """What the files for which `inside` holds come to: entities, errors, warnings."""
    # Two levels down, SQLAlchemy would not take the outer row's column by itself.
    these = select(tables.files.c.id).where(inside).correlate_except(tables.files)
    in_problems = problems.c.file_id.in_(these)
    # An expression, which no index is of: nearly all problems have the same severity.
    severity = problems.c.severity.concat("")
    return (
        _count(entities, entities.c.file_id.in_(these)).label("entities"),
        _count(problems, and_(in_problems, severity == "error")).label("errors"),
        _count(problems, and_(in_problems, severity == "warning")).label("warnings"),
    )


def _count(table: Table, where: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(where).scalar_subquery()


def _location(row: Row[Any]) -> LocationRow:
    return LocationRow(
        id=row.id,
        type=row.type,
        target=row.target,
        origin=row.origin,
        root_id=row.root_id,
        ref=row.ref,
        state=_state(row),
        problem=problem_in(row.problem) or _of_repository(row),
        listed_at=utc(row.listed_at),
        failed=row.failed,
        repositories=row.repositories,
        files=row.files,
        entities=row.entities,
        errors=row.errors,
        warnings=row.warnings,
    )


def _state(row: Row[Any]) -> str:
    """Of the last listing, and of what it led to: one repository that failed is told of."""
    if row.state == "ok" and row.failed:
        return "failed" if row.failed == row.repositories else "partial"
    return str(row.state)


def _of_repository(row: Row[Any]) -> Problem | None:
    """The problem of the first repository that failed, with its name as the place."""
    problem = problem_in(row.fault)
    return problem and replace(problem, file=problem.file or row.faulty)


def _file(row: Row[Any]) -> FileRow:
    return FileRow(
        id=row.id,
        path=row.path,
        url=row.url,
        state="missing" if row.missed else "failed" if row.errors else "ok",
        read_at=time_of(row.read_at),
        missing_since=utc(row.missing_since),
        entities=row.entities,
        errors=row.errors,
        warnings=row.warnings,
    )
