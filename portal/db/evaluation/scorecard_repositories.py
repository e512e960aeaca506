"""Repositories of scorecards: the files that were last read of each, and whether it could be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, delete, insert, inspect, select, update

from catalog.problems import Problem, problem_from
from portal.db import values
from portal.db.tables import scorecard_files, scorecard_repositories

EDITION = "scorecard_repositories_edition"
"""Key of the stored value that is another one whenever a file is."""


class ScorecardFile(NamedTuple):
    """A file with scorecards."""

    file: str
    """URL of its repository, and its path."""
    text: str
    author: str
    """Of its last change; '' where nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What is known of a repository."""

    problem: Problem | None
    """Why it could not be read the last time: what was read before is in force."""
    files: tuple[ScorecardFile, ...]


def all_kept(connection: Connection) -> dict[str, Kept]:
    """Every repository that was ever looked at, by target. Before the first migration: none."""
    if not inspect(connection).has_table(scorecard_repositories.name):
        return {}
    found: dict[str, list[ScorecardFile]] = {}
    rows = connection.execute(select(scorecard_files).order_by(scorecard_files.c.file))
    for row in rows:
        found.setdefault(row.target, []).append(ScorecardFile(row.file, row.text, row.author))
    return {
        row.target: Kept(
            problem=problem_from(orjson.loads(row.problem)) if row.problem else None,
            files=tuple(found.get(row.target, ())),
        )
        for row in connection.execute(select(scorecard_repositories))
    }


def edition(connection: Connection) -> str:
    """Another one whenever a file is; '' as long as none was read."""
    if not inspect(connection).has_table(scorecard_repositories.name):
        return ""
    return values.get(connection, EDITION) or ""


def keep(
    connection: Connection,
    target: str,
    *,
    revision: str,
    files: Collection[ScorecardFile],
    now: datetime,
) -> bool:
    """Keep what a repository has, read whole; returns whether that is otherwise than before.

    The connection is in a write transaction.
    """
    before = all_kept(connection).get(target)
    _put(connection, target, {"revision": revision, "problem": None, "read_at": now})
    texts = {one.file: one.text for one in files}
    if before is not None and texts == {one.file: one.text for one in before.files}:
        return False
    _replace(connection, target, files)
    return bool(texts or (before and before.files))


def note_failure(connection: Connection, target: str, problem: Problem, *, now: datetime) -> None:
    """Remember why a repository could not be read; its files stay. In a write transaction."""
    as_json = orjson.dumps(problem)
    _put(connection, target, {"problem": as_json, "read_at": now})


def forget_others(connection: Connection, targets: Collection[str]) -> bool:
    """Forget the repositories that are none of these; returns whether one of them had a file.

    The connection is in a write transaction.
    """
    others = {
        target: kept for target, kept in all_kept(connection).items() if target not in targets
    }
    for target in others:
        _replace(connection, target, ())
        where = scorecard_repositories.c.target == target
        connection.execute(delete(scorecard_repositories).where(where))
    return any(kept.files for kept in others.values())


def _replace(connection: Connection, target: str, files: Collection[ScorecardFile]) -> None:
    connection.execute(delete(scorecard_files).where(scorecard_files.c.target == target))
    if files:
        rows = [{"target": target, **one._asdict()} for one in files]
        connection.execute(insert(scorecard_files), rows)
    values.put(connection, EDITION, str(int(values.get(connection, EDITION) or 0) + 1))


def _put(connection: Connection, target: str, row: Mapping[str, object]) -> None:
    where = scorecard_repositories.c.target == target
    if connection.execute(update(scorecard_repositories).where(where).values(row)).rowcount == 0:
        connection.execute(
            insert(scorecard_repositories).values({"target": target, "revision": "", **row})
        )
