"""Documentation as it is stored: pages in sets that entities share, and texts that pages share.

Written by `portal.db.collection.doc_sets`.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, case, func, select

from catalog.documentation import PageState
from catalog.problems import Problem, problem_from
from portal.db.bulk import pick
from portal.db.engine import time_of, utc
from portal.db.tables import (
    doc_pages,
    doc_sets,
    doc_texts,
    entities,
    entity_docs,
    files,
    repositories,
    unassessed,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page as it is listed."""

    path: str
    title: str
    section: str
    state: PageState
    size: int
    """Bytes of the file."""
    revision: str
    """The commit in which this text was first seen; '': of a plain folder."""
    committed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The documentation of an entity."""

    pages: tuple[Page, ...]
    left_out: int
    """Pages beyond the limit."""
    note: str
    url: str
    """Of the repository."""
    revision: str
    """Of the last look."""
    read_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PageHit:
    """A page that was found by its title."""

    path: str
    title: str
    entity_id: int
    """One of those that have it, a component if there is one."""
    entities: int
    """How many have it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What became of reading the repository of an entity."""

    repository: str
    """Its name; '': the entity is of none."""
    problem: Problem | None
    """Why it could not be read the last time."""
    waiting: bool
    """Whether the entity is still to be looked at."""


def outlines(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """The digest of what the stored pages of each entity were made from."""
    columns = (entity_docs.c.entity_id, entity_docs.c.outline)
    return {row[0]: row[1] for row in pick(connection, columns, entity_docs.c.entity_id, ids)}


def for_entity(connection: Connection, entity_id: int) -> Listed | None:
    """The pages of an entity, in order; None where nobody has looked for any."""
    this = entity_docs.c
    row = connection.execute(
        select(entity_docs, doc_sets.c.left_out, doc_sets.c.note)
        .join(doc_sets, doc_sets.c.id == this.set_id)
        .where(this.entity_id == entity_id)
    ).first()
    if row is None:
        return None
    found = select(doc_pages).where(doc_pages.c.set_id == row.set_id).order_by(doc_pages.c.place)
    return Listed(
        pages=tuple(_page(one) for one in connection.execute(found)),
        left_out=row.left_out,
        note=row.note,
        url=row.url,
        revision=row.revision,
        read_at=time_of(row.read_at),
    )


def count(connection: Connection, entity_id: int) -> int | None:
    """How many pages an entity has; None where nobody has looked for any."""
    row = connection.execute(
        select(entity_docs.c.set_id, func.count(doc_pages.c.place))
        .outerjoin(doc_pages, doc_pages.c.set_id == entity_docs.c.set_id)
        .where(entity_docs.c.entity_id == entity_id)
        .group_by(entity_docs.c.set_id)
    ).first()
    return None if row is None else int(row[1])


def text_of(connection: Connection, entity_id: int, path: str) -> tuple[str, str] | None:
    """Digest and text of a page of an entity; None where there is no text at this path."""
    row = connection.execute(
        select(doc_texts.c.digest, doc_texts.c.data)
        .select_from(entity_docs)
        .join(doc_pages, doc_pages.c.set_id == entity_docs.c.set_id)
        .join(doc_texts, doc_texts.c.id == doc_pages.c.text_id)
        .where(entity_docs.c.entity_id == entity_id, doc_pages.c.path == path)
    ).first()
    return None if row is None else (row.digest, zlib.decompress(row.data).decode())


def search(connection: Connection, text: str, limit: int) -> list[PageHit]:
    """At most `limit` pages whose titles have every word of the text, by title.

    A page that several entities have is one.
    """
    words = [word for word in text.lower().split() if "\0" not in word]
    if not words:
        return []
    this, whose = doc_pages.c, entity_docs.c
    component = case((entities.c.kind == "component", whose.entity_id))
    entity = func.coalesce(func.min(component), func.min(whose.entity_id))
    found = (
        select(this.path, this.title, entity, func.count())
        .join(entity_docs, whose.set_id == this.set_id)
        .join(entities, entities.c.id == whose.entity_id)
        .where(*(this.folded.contains(word, autoescape=True) for word in words))
        .group_by(this.set_id, this.place, this.path, this.title, this.folded)
        .order_by(this.folded, this.path, entity)
        .limit(limit)
    )
    return [
        PageHit(path=path, title=title, entity_id=shown, entities=count)
        for path, title, shown, count in connection.execute(found)
    ]


def reading_of(connection: Connection, entity_id: int) -> Reading:
    """What became of reading the repository of an entity."""
    row = connection.execute(
        select(
            repositories.c.name,
            repositories.c.state,
            repositories.c.problem,
            unassessed.c.entity_id.label("marked"),
        )
        .select_from(entities)
        .outerjoin(files, files.c.id == entities.c.file_id)
        .outerjoin(repositories, repositories.c.id == files.c.repository_id)
        .outerjoin(unassessed, unassessed.c.entity_id == entities.c.id)
        .where(entities.c.id == entity_id)
    ).first()
    if row is None:
        return Reading(repository="", problem=None, waiting=False)
    failed = row.state == "failed" and row.problem is not None
    return Reading(
        repository=row.name or "",
        problem=problem_from(orjson.loads(row.problem)) if failed else None,
        waiting=row.marked is not None,
    )


def _page(row: Row[Any]) -> Page:
    return Page(
        path=row.path,
        title=row.title,
        section=row.section,
        state=PageState(row.state),
        size=row.size,
        revision=row.revision,
        committed_at=utc(row.committed_at),
    )
