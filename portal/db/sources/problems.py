"""Problems as they are stored: what is wrong in which file of which repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, case, func, or_, select, tuple_

from catalog.problems import Problem, Severity, problem_from
from portal.db.catalog.keys import storable
from portal.db.page import Page, number, page_of
from portal.db.tables import edges, files, problems, refs, relation_types, repositories

RANK = case((problems.c.severity == "error", 0), (problems.c.severity == "warning", 1), else_=2)
"""Errors come first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemRow:
    """A problem, and where its file is."""

    id: int
    problem: Problem
    ref: str | None
    """The entity that has it, or would have it; None where that cannot be told."""
    repository: str
    """Name, for people."""
    repository_url: str
    location_id: str


def list_problems(
    connection: Connection,
    *,
    ref: str | None = None,
    location: str | None = None,
    repository: str | None = None,
    code: str | None = None,
    severity: str | None = None,
    text: str | None = None,
    owner: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ProblemRow]:
    """The problems for which all that is given holds: errors first, then as they were found.

    `ref` is canonical, `repository` a name or a URL; `text` is part of message, path or ref, in any
    case; `owner` is the canonical ref of whoever owns the entity with the problem, as it is served
    now, or as the rejected document says. Raises `QueryError` for an `after` that no page has given.
    """
    given = [value for value in (ref, location, repository, code, severity, text, owner) if value]
    if len(storable(given)) < len(given):
        return Page(items=(), after=None)
    exact = (
        (problems.c.ref, ref),
        (repositories.c.location_id, location),
        (problems.c.code, code),
        (problems.c.severity, severity),
    )
    found = _select().where(*(column == value for column, value in exact if value is not None))
    if repository is not None:
        found = found.where(
            or_(repositories.c.name == repository, repositories.c.url == repository)
        )
    if owner is not None:
        found = found.where(or_(problems.c.ref.in_(_owned_by(owner)), problems.c.owner == owner))
    if text:
        looked_at = (problems.c.message, files.c.path, problems.c.ref)
        found = found.where(
            or_(*(column.icontains(text.strip(), autoescape=True) for column in looked_at))
        )
    if after:
        rank, _, last = after.partition("-")
        found = found.where(tuple_(RANK, problems.c.id) > (number(rank), number(last)))
    rows = connection.execute(found.order_by(RANK, problems.c.id).limit(limit + 1)).all()
    return page_of(rows, limit, item=_problem_row, place=lambda row: f"{row.rank}-{row.id}")


def problem_counts(connection: Connection) -> dict[str, int]:
    """The number of problems of each severity; all three are there."""
    counted = select(problems.c.severity, func.count()).group_by(problems.c.severity)
    counts = {row[0]: row[1] for row in connection.execute(counted)}
    return {severity.value: counts.get(severity, 0) for severity in Severity}


def code_counts(connection: Connection) -> dict[str, int]:
    """The number of problems of each code that occurs, the most frequent first."""
    n = func.count()
    counted = select(problems.c.code, n).group_by(problems.c.code)
    return {
        row[0]: row[1] for row in connection.execute(counted.order_by(n.desc(), problems.c.code))
    }


def _select() -> Any:
    return (
        select(
            problems,
            RANK.label("rank"),
            files.c.path,
            repositories.c.name.label("repository"),
            repositories.c.url.label("repository_url"),
            repositories.c.location_id,
        )
        .join(files, files.c.id == problems.c.file_id)
        .join(repositories, repositories.c.id == files.c.repository_id)
    )


def _owned_by(owner: str) -> Any:
    """The refs of what this group or user owns."""
    owners = select(refs.c.id).where(refs.c.ref == owner).scalar_subquery()
    owning = select(relation_types.c.id).where(relation_types.c.name == "ownedBy").scalar_subquery()
    return (
        select(refs.c.ref)
        .join(edges, edges.c.source_id == refs.c.id)
        .where(edges.c.target_id == owners, edges.c.type_id == owning)
    )


def stored_problem(row: Row[Any], *, file: str = "") -> Problem:
    """The problem of a row that has the columns of `problems`, in the file at this path."""
    return Problem(
        code=row.code,
        severity=Severity(row.severity),
        message=row.message,
        hint=row.hint,
        file=file,
        document=row.document,
        line=row.line,
        column=row.column,
        pointer=row.pointer,
        found=row.found,
        expected=row.expected,
    )


def problem_in(text: str | None) -> Problem | None:
    """The problem that is kept as JSON; None where none is."""
    return None if text is None else problem_from(orjson.loads(text))


def _problem_row(row: Row[Any]) -> ProblemRow:
    return ProblemRow(
        id=row.id,
        problem=stored_problem(row, file=row.path),
        ref=row.ref,
        repository=row.repository,
        repository_url=row.repository_url,
        location_id=row.location_id,
    )
