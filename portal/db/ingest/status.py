"""Status: what an entity says of its own problems, derived from them as its relations are from edges.

A Location entity also tells of what it led to: that it cannot be read, and documents of its files
of which nobody knows what entity they would be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import CompoundSelect, Connection, Select, and_, func, or_, select, union_all

from catalog.explanations.status import status_of
from catalog.problems import Problem, Severity, problem_from
from portal.db import bulk
from portal.db.ingest.serving import next_etag
from portal.db.sources.problems import stored_problem
from portal.db.tables import (
    entities,
    file_parents,
    files,
    location_links,
    locations,
    problems,
    repositories,
)

MOST = 100
"""Problems that one entity tells of; all of them are on the problems page."""


def refresh(connection: Connection, news: Collection[str], written: Collection[str]) -> None:
    """Bring the status of entities up to date: of refs whose problems are new, and of those written.

    Most of what is written has no problems, and costs no more than to see that.
    """
    told = select(problems.c.ref).where(
        bulk.among(connection, problems.c.ref, written), problems.c.severity != Severity.INFO.value
    )
    refs = {*news, *(connection.execute(told).scalars() if written else ())}
    refs.update(ref for ref in written if ref.startswith("location:"))
    _put(
        connection,
        {row[0] for row in bulk.pick(connection, (entities.c.id,), entities.c.ref, refs)},
    )


def refresh_locations(connection: Connection, ids: Collection[str]) -> None:
    """Bring the status of the Location entities up to date that stand for these locations."""
    of_link = select(location_links.c.ref_id).where(
        bulk.among(connection, location_links.c.location_id, ids)
    )
    generated = select(locations.c.ref).where(bulk.among(connection, locations.c.id, ids))
    found = select(entities.c.id).where(
        or_(entities.c.id.in_(of_link), entities.c.ref.in_(generated))
    )
    _put(connection, set(connection.execute(found).scalars()))


def _put(connection: Connection, ids: Collection[int]) -> None:
    if not ids:
        return
    rows = connection.execute(_own(connection.dialect.name), bulk.listed(connection, ids))
    own = {row.id: row for row in rows}
    found = _problems_of(connection, own)
    changed = []
    for entity_id, row in sorted(own.items()):
        told = found.get(entity_id, ())
        status = status_of(told[:MOST], ref=row.ref, location=row.url or "") if told else None
        if status != row.status:
            etag = next_etag(row, relations=row.relations, status=status)
            changed.append((entity_id, status, etag))
    bulk.change(connection, entities, "id", ("status", "etag"), changed)


def _problems_of(connection: Connection, own: Mapping[int, Any]) -> dict[int, list[Problem]]:
    by_ref = {row.ref: entity_id for entity_id, row in own.items()}
    found: dict[int, list[Problem]] = defaultdict(list)
    of_refs = _of_refs(connection.dialect.name)
    for row in connection.execute(of_refs, bulk.listed(connection, by_ref)):
        found[by_ref[row.ref]].append(stored_problem(row, file=row.path))
    of_kind = [entity_id for entity_id, row in own.items() if row.kind == "location"]
    if of_kind:
        _add_places(connection, {n: own[n].ref for n in of_kind}, found)
    return found


def _add_places(
    connection: Connection, refs: Mapping[int, str], found: dict[int, list[Problem]]
) -> None:
    """Add what is wrong with the places that these Location entities stand for."""
    ids = {ref: entity_id for entity_id, ref in refs.items()}
    generated = bulk.pick(connection, (locations.c.ref, locations.c.id), locations.c.ref, ids)
    pairs = [(ids[ref], location) for ref, location in generated]
    columns = (location_links.c.ref_id, location_links.c.location_id)
    pairs += [tuple(row) for row in bulk.pick(connection, columns, location_links.c.ref_id, refs)]
    of_location: dict[str, list[int]] = defaultdict(list)
    for entity_id, location in pairs:
        of_location[location].append(entity_id)
    for location, problem in _faults(connection, list(of_location)):
        for entity_id in of_location[location]:
            found[entity_id].append(problem)
    below = _below(connection.dialect.name)
    for row in connection.execute(below, bulk.listed(connection, refs)):
        found[row.ref_id].append(stored_problem(row, file=row.path))


def _faults(connection: Connection, ids: Sequence[str]) -> list[tuple[str, Problem]]:
    """What is wrong with locations, their repositories, and their files as a whole."""
    if not ids:
        return []
    dialect, listed = connection.dialect.name, bulk.listed(connection, ids)
    found = [
        (row.location, problem_from(orjson.loads(row.problem)))
        for row in connection.execute(_unread(dialect), listed)
    ]
    unnamed = connection.execute(_unnamed(dialect), listed)
    return found + [(row.location_id, stored_problem(row, file=row.path)) for row in unnamed]


@cache
def _own(dialect: str) -> Select[Any]:
    """What the status of entities is made of and shown with."""
    this = entities.c
    return (
        select(
            *(this.id, this.ref, this.kind, this.digest, this.relations, this.status, this.etag),
            files.c.url,
        )
        .outerjoin(files, files.c.id == this.file_id)
        .where(bulk.is_listed(dialect, this.id))
    )


@cache
def _of_refs(dialect: str) -> Select[Any]:
    """The problems of entities."""
    told = problems.c.severity != Severity.INFO.value
    is_of = bulk.is_listed(dialect, problems.c.ref)
    return _select().where(is_of, told).order_by(problems.c.id)


@cache
def _below(dialect: str) -> Select[Any]:
    """The problems of files, as a whole, that Location entities name in their own repository."""
    return (
        _select()
        .add_columns(file_parents.c.ref_id)
        .join(file_parents, file_parents.c.file_id == problems.c.file_id)
        .where(bulk.is_listed(dialect, file_parents.c.ref_id), _of_whole_file())
        .order_by(problems.c.id)
    )


@cache
def _unread(dialect: str) -> CompoundSelect[Any]:
    """Why locations and their repositories could not be read."""
    at, within = locations.c, repositories.c
    is_failed = and_(bulk.is_listed(dialect, at.id), at.problem.is_not(None))
    holds_failed = and_(bulk.is_listed(dialect, within.location_id), within.problem.is_not(None))
    return union_all(
        select(at.id.label("location"), at.problem).where(is_failed),
        select(within.location_id.label("location"), within.problem).where(holds_failed),
    )


@cache
def _unnamed(dialect: str) -> Select[Any]:
    """The first problems of the files of locations, as a whole."""
    location = repositories.c.location_id
    place = func.row_number().over(partition_by=location, order_by=problems.c.id)
    found = (
        _select()
        .add_columns(location, place.label("place"))
        .join(repositories, repositories.c.id == files.c.repository_id)
        .where(bulk.is_listed(dialect, location), _of_whole_file())
        .subquery()
    )
    return select(found).where(found.c.place <= MOST).order_by(found.c.id)


def _of_whole_file() -> Any:
    return and_(problems.c.ref.is_(None), problems.c.severity == Severity.ERROR.value)


def _select() -> Select[Any]:
    return select(problems, files.c.path).join(files, files.c.id == problems.c.file_id)
