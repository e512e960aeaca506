"""Sets of pages: documentation written, with what is equal kept once, and forgotten.

A page is dated by the commit in which its text was first seen, however often its repository is read
again. Nothing of an entity itself changes with its documentation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, delete, except_, select

from catalog.documentation import Documentation, Pages
from portal.db.bulk import add, among, change, drop, next_id, pick
from portal.db.engine import utc
from portal.db.lookups import find
from portal.db.tables import doc_pages, doc_sets, doc_texts, entities, entity_docs

PAGE = (
    *("set_id", "place", "path", "title", "folded", "section", "state"),
    *("size", "text_id", "revision", "committed_at"),
)
LOOK = ("entity_id", "set_id", "outline", "url", "revision", "committed_at", "read_at")


class _Since(NamedTuple):
    """A text of a page, and the commit in which it was first seen."""

    text_id: int | None
    revision: str
    committed_at: datetime | None


class _Content(NamedTuple):
    """What a set is to hold."""

    pages: Pages
    rows: list[tuple[Any, ...]]
    """Of `doc_pages`, without the number of the set."""


def save(connection: Connection, found: Sequence[Documentation], *, now: datetime) -> None:
    """Store what was found; what is of an entity that went is dropped.

    The connection is in a write transaction.
    """
    where = among(connection, entities.c.ref, sorted(one.ref for one in found))
    rows = connection.execute(select(entities.c.ref, entities.c.id).where(where)) if found else ()
    ids = {row.ref: row.id for row in rows}
    columns = (entity_docs.c.entity_id, entity_docs.c.set_id, entity_docs.c.revision)
    stored = {row[0]: row for row in pick(connection, columns, columns[0], sorted(ids.values()))}
    there = [(ids[one.ref], one) for one in found if one.ref in ids]
    looked = [
        (entity, one.revision, one.committed_at, now)
        for entity, one in there
        if one.pages is None and entity in stored and stored[entity].revision != one.revision
    ]
    change(connection, entity_docs, "entity_id", LOOK[4:], looked)
    fresh = [
        (entity, one, one.pages)
        for entity, one in sorted(there, key=itemgetter(0))
        if one.pages is not None
    ]
    before = {entity: stored[entity].set_id for entity, _, _ in fresh if entity in stored}
    sets = _keep_sets(connection, fresh, before)
    drop(connection, entity_docs.c.entity_id, list(before))
    told = [
        (entity, sets[entity], one.outline, one.url, one.revision, one.committed_at, now)
        for entity, one, _ in fresh
    ]
    add(connection, entity_docs, LOOK, told)


def _keep_sets(
    connection: Connection,
    fresh: Sequence[tuple[int, Documentation, Pages]],
    before: Mapping[int, int],
) -> dict[int, int]:
    """The set of each entity; `before` are the ones that they had."""
    texts = _keep_texts(connection, [pages for _, _, pages in fresh])
    former = _former(connection, set(before.values()))
    digests: dict[tuple[int, int | None], str] = {}
    of_entity: dict[int, str] = {}
    contents: dict[str, _Content] = {}
    for entity, one, pages in fresh:
        key = (id(pages), before.get(entity))  # entities that share pages do so as one object
        if key not in digests:
            rows = _rows(pages, one, texts, former.get(before.get(entity, 0), {}))
            digests[key] = _digest(pages, rows)
            contents[digests[key]] = _Content(pages, rows)
        of_entity[entity] = digests[key]
    numbers = _add_sets(connection, contents)
    return {entity: numbers[digest] for entity, digest in of_entity.items()}


def _add_sets(connection: Connection, contents: Mapping[str, _Content]) -> dict[str, int]:
    """The number of each set, by digest; what is not there yet is added."""
    rows = find(connection, doc_sets, ["digest"], [(digest,) for digest in sorted(contents)])
    numbers = {key[0]: number for key, number in rows.items()}
    new = [digest for digest in sorted(contents) if digest not in numbers]
    if new:
        added = list(enumerate(new, start=next_id(connection, doc_sets)))
        told = [
            (n, one, contents[one].pages.left_out, contents[one].pages.note) for n, one in added
        ]
        add(connection, doc_sets, ("id", "digest", "left_out", "note"), told)
        rows_of = [(n, *row) for n, digest in added for row in contents[digest].rows]
        add(connection, doc_pages, PAGE, rows_of)
        numbers |= {digest: number for number, digest in added}
    return numbers


def _rows(
    pages: Pages, one: Documentation, texts: Mapping[str, int], former: Mapping[str, _Since]
) -> list[tuple[Any, ...]]:
    """The rows of a set, without its number."""
    rows = []
    for place, page in enumerate(pages.pages):
        text = texts[page.text.digest] if page.text else None
        since = former.get(page.path)
        if since is None or text is None or since.text_id != text:
            since = _Since(text, one.revision, one.committed_at)
        told = (page.path, page.title, page.title.lower(), page.section, page.state.value)
        rows.append((place, *told, page.size, text, since.revision, since.committed_at))
    return rows


def _digest(pages: Pages, rows: Sequence[tuple[Any, ...]]) -> str:
    """Of all that a set says. The number of a text is no other's for as long as the set is there."""
    return hashlib.sha256(orjson.dumps([rows, pages.left_out, pages.note])).hexdigest()


def _keep_texts(connection: Connection, found: Sequence[Pages]) -> dict[str, int]:
    """The number of each text, by digest."""
    different = {id(pages): pages for pages in found}.values()
    data = {one.text.digest: one.text.data for p in different for one in p.pages if one.text}
    rows = find(connection, doc_texts, ["digest"], [(digest,) for digest in sorted(data)])
    numbers = {key[0]: number for key, number in rows.items()}
    new = [digest for digest in sorted(data) if digest not in numbers]
    if new:
        added = list(enumerate(new, start=next_id(connection, doc_texts)))
        rows_of = [(number, digest, data[digest]) for number, digest in added]
        add(connection, doc_texts, ("id", "digest", "data"), rows_of)
        numbers |= {digest: number for number, digest in added}
    return numbers


def _former(connection: Connection, sets: Collection[int]) -> dict[int, dict[str, _Since]]:
    """Since when each page of these sets has its text, by path."""
    this = doc_pages.c
    columns = (this.set_id, this.path, this.text_id, this.revision, this.committed_at)
    found: dict[int, dict[str, _Since]] = {}
    for row in pick(connection, columns, this.set_id, sorted(sets)):
        since = _Since(row.text_id, row.revision, utc(row.committed_at))
        found.setdefault(row.set_id, {})[row.path] = since
    return found


def forget_unused(connection: Connection) -> int:
    """Forget sets that no entity has, and texts that no page has; returns how many went.

    The connection is in a write transaction.
    """
    gone = except_(select(doc_sets.c.id), select(entity_docs.c.set_id))
    connection.execute(delete(doc_pages).where(doc_pages.c.set_id.in_(gone)))
    sets = connection.execute(delete(doc_sets).where(doc_sets.c.id.in_(gone))).rowcount
    used = select(doc_pages.c.text_id).where(doc_pages.c.text_id.is_not(None))
    unused = except_(select(doc_texts.c.id), used)
    return sets + connection.execute(delete(doc_texts).where(doc_texts.c.id.in_(unused))).rowcount
