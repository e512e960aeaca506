"""Definitions of scorecards as they were and are: one row whenever one changes, comes or goes.

A definition is known by its name and its version, which follows its text. It can be loaded again
for as long as its facts are known; its outline can always be read and compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select

from portal.db.bulk import among
from portal.db.engine import time_of
from portal.db.page import Page, number, page_of
from portal.db.tables import scorecard_versions as table
from scorecards.definitions.outline import Outline, outline
from scorecards.scorecard import Scorecard

GONE = ""
"""The version of a scorecard that is no longer defined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A definition that is in force."""

    scorecard: Scorecard
    text: str
    """Its document."""
    source: str
    """`plugin`, `config`, or the URL of a repository."""
    author: str
    """Who wrote it, as git says it; '' where nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A definition that was in force for a while, or is; or the news that there is none."""

    number: int
    """A later one has a higher number."""
    name: str
    version: str
    """`GONE` where the scorecard went."""
    outline: Outline
    """What it says, see `scorecards.definitions.outline`; empty where it went."""
    text: str
    """The document alone; '' where it went."""
    file: str
    source: str
    author: str
    seen_at: datetime


def record(connection: Connection, published: Iterable[Published], *, now: datetime) -> list[str]:
    """Write down what is otherwise than before; returns the names, sorted.

    The connection is in a write transaction. What is no longer published is written down as gone.
    """
    current = {row.name: row.version for row in connection.execute(_latest())}
    found = {one.scorecard.name: one for one in published}
    rows = [
        _row(one, found, now)
        for name, one in found.items()
        if current.get(name, GONE) != one.scorecard.version
    ]
    rows += [
        {
            "name": name,
            "version": GONE,
            "base_version": "",
            "text": "",
            "outline": b"{}",
            "file": "",
            "source": "",
            "author": "",
            "seen_at": now,
        }
        for name, version in current.items()
        if version != GONE and name not in found
    ]
    if rows:
        connection.execute(insert(table), rows)
    return sorted(str(row["name"]) for row in rows)


def _row(one: Published, found: dict[str, Published], now: datetime) -> dict[str, Any]:
    base = found.get(one.scorecard.extends)
    return {
        "name": one.scorecard.name,
        "version": one.scorecard.version,
        "base_version": base.scorecard.version if base else "",
        "text": one.text,
        "outline": orjson.dumps(outline(one.scorecard)),
        "file": one.scorecard.file,
        "source": one.source,
        "author": one.author,
        "seen_at": now,
    }


def _latest() -> Any:
    newest = select(func.max(table.c.id)).group_by(table.c.name)
    return select(table.c.name, table.c.version).where(table.c.id.in_(newest))


def versions(
    connection: Connection, name: str, *, after: str | None = None, limit: int = 50
) -> Page[Definition]:
    """All that is kept of the scorecard, the newest first. Raises `QueryError` for a bad `after`."""
    wanted = select(table).where(table.c.name == name)
    if after is not None:
        wanted = wanted.where(table.c.id < number(after))
    rows = connection.execute(wanted.order_by(table.c.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit, item=_definition, place=lambda row: str(row.id))


def between(connection: Connection, start: datetime, end: datetime) -> tuple[Definition, ...]:
    """What came into force, or went, after `start` and until `end`, by name, the oldest first."""
    wanted = select(table).where(table.c.seen_at > start, table.c.seen_at <= end)
    rows = connection.execute(wanted.order_by(table.c.name, table.c.id))
    return tuple(_definition(row) for row in rows)


def first_of(connection: Connection, names: Collection[str]) -> frozenset[int]:
    """The numbers of the first definitions that are kept of these scorecards."""
    these = among(connection, table.c.name, sorted(names))
    oldest = select(func.min(table.c.id)).where(these).group_by(table.c.name)
    return frozenset(connection.execute(oldest).scalars())


def find(connection: Connection, name: str, version: str) -> Definition | None:
    """The definition; of one that came back, the last time."""
    wanted = select(table).where(table.c.name == name, table.c.version == version)
    row = connection.execute(wanted.order_by(table.c.id.desc()).limit(1)).first()
    return None if row is None else _definition(row)


def before(connection: Connection, definition: Definition) -> Definition | None:
    """What was in force before it; None: nothing is known."""
    wanted = select(table).where(table.c.name == definition.name, table.c.id < definition.number)
    row = connection.execute(wanted.order_by(table.c.id.desc()).limit(1)).first()
    return None if row is None else _definition(row)


def definition(connection: Connection, name: str, version: str) -> str | None:
    """A YAML text that defines the scorecard as it was: the last of its documents.

    The documents before it are what it extends, as that was then. Loading all of it gives the
    scorecard with this version again. None: no such version is kept, or not all of it.
    """
    documents: list[str] = []
    while name:
        wanted = select(table).where(table.c.name == name, table.c.version == version)
        row = connection.execute(wanted.order_by(table.c.id.desc()).limit(1)).first()
        if row is None or version == GONE:
            return None
        documents.append(row.text.rstrip("\n"))
        name, version = orjson.loads(row.outline)["extends"], row.base_version
    return "\n...\n".join(reversed(documents)) + "\n"


def _definition(row: Any) -> Definition:
    return Definition(
        number=row.id,
        name=row.name,
        version=row.version,
        outline=orjson.loads(row.outline),
        text=row.text,
        file=row.file,
        source=row.source,
        author=row.author,
        seen_at=time_of(row.seen_at),
    )
