"""Descriptor files: their rows, what a listing said of them, and their problems.

What a file declares is in `portal.db.ingest.declarations`; the problems page reads elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, update

from catalog.ingest.changes import Noted, Plan
from catalog.ingest.conflicts import ENTITY_CONFLICT, ENTITY_SUPPRESSED
from catalog.ingest.store import Batch, FileReading
from portal.db import bulk, lookups
from portal.db.tables import file_parents, files, location_links, problems

PROBLEM = (
    *("file_id", "ref", "code", "severity", "message", "hint", "document", "line", "column"),
    *("pointer", "found", "expected", "owner"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchFiles:
    """The files of a batch, by id."""

    readings: Mapping[int, FileReading]
    gone: frozenset[int]
    ids: frozenset[int]
    """All of them: read, missing, found again, gone."""
    batches: Mapping[int, int] = field(default_factory=dict)
    """The place of the batch of each of them among those that are written together."""


def put_files(connection: Connection, batches: Mapping[int, Batch]) -> BatchFiles:
    """Write the rows of the files that were read, count the missing, clear the ones found again.

    The batches are by the id of their repository.
    """
    numbers = {id_: number for number, id_ in enumerate(batches)}
    readings = {(id_, one.path): one for id_, batch in batches.items() for one in batch.readings}
    missing, again, gone = (
        [(id_, path) for id_, batch in batches.items() for path in getattr(batch, marked)]
        for marked in ("missing", "found_again", "removed")
    )
    places = sorted({*readings, *missing, *again, *gone})
    known = lookups.find(connection, files, ("repository_id", "path"), places)
    columns = ("url", "token", "read_at", "targets", "companions", "missing_since", "missed")
    rows = {place: _row(one, batches[place[0]]) for place, one in sorted(readings.items())}
    old = [(known[place], *row) for place, row in rows.items() if place in known]
    bulk.change(connection, files, "id", columns, old)
    new = [place for place in rows if place not in known]
    if new:
        first = bulk.next_id(connection, files)
        known.update((place, n) for n, place in enumerate(new, start=first))
        added = [(known[place], *place, *rows[place]) for place in new]
        bulk.add(connection, files, ("id", "repository_id", "path", *columns), added)
    back = [(known[place], None, 0) for place in again if place in known]
    bulk.change(connection, files, "id", ("missing_since", "missed"), back)
    _miss(connection, {known[place]: batches[place[0]].now for place in missing if place in known})
    return BatchFiles(
        readings={known[place]: one for place, one in readings.items()},
        gone=frozenset(known[place] for place in gone if place in known),
        ids=frozenset(known.values()),
        batches={id_: numbers[repository] for (repository, _), id_ in known.items()},
    )


def _miss(connection: Connection, missing: Mapping[int, datetime]) -> None:
    """Count a miss for files."""
    if missing:
        connection.execute(
            update(files)
            .where(bulk.among(connection, files.c.id, missing))
            .values(
                missed=files.c.missed + 1,
                missing_since=func.coalesce(files.c.missing_since, max(missing.values())),
            )
        )


def read_again(connection: Connection, ids: Collection[int]) -> None:
    """Let these files be read whatever their token is, when they are next there."""
    bulk.change(connection, files, "id", ("token",), [(file, "") for file in sorted(ids)])


def delete_files(connection: Connection, ids: Collection[int]) -> None:
    """Delete files that declare nothing any more, with their problems and what led to them."""
    bulk.drop(connection, problems.c.file_id, ids)
    bulk.drop(connection, file_parents.c.file_id, ids)
    bulk.drop(connection, location_links.c.file_id, ids)
    bulk.drop(connection, files.c.id, ids)


def write_problems(connection: Connection, plan: Plan, batch: BatchFiles) -> set[str | None]:
    """Let the files have the problems of the plan; those that stay as they are are not written.

    Returns the refs whose problems are other than before; None stands for files as a whole.
    """
    wanted = Counter(
        _problem_row(file, noted)
        for file, found in plan.problems.items()
        if file not in batch.gone
        for noted in found
    )
    columns = tuple(problems.c[name] for name in ("id", *PROBLEM))
    stored = {
        row[0]: row[1:]
        for by, found in ((problems.c.file_id, batch.readings), (problems.c.ref, plan.contested))
        for row in bulk.pick(connection, columns, by, found)
        if row[1] in batch.readings or row[3] in (ENTITY_CONFLICT, ENTITY_SUPPRESSED)
    }
    stale = []
    news: set[str | None] = set()
    for problem_id, row in sorted(stored.items()):
        row = row if row[0] in batch.readings else _without_place(row)
        if wanted[row] > 0:
            wanted[row] -= 1
        else:
            stale.append(problem_id)
            news.add(row[1])
    bulk.drop(connection, problems.c.id, stale)
    new = list(wanted.elements())
    if new:
        rows = [(n, *row) for n, row in enumerate(new, start=bulk.next_id(connection, problems))]
        bulk.add(connection, problems, ("id", *PROBLEM), rows)
        news.update(row[1] for row in new)
    return news


def _without_place(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A stored problem of a file that was not read now: the plan does not know its line."""
    line = PROBLEM.index("line")
    return (*row[:line], None, None, *row[line + 2 :])


def _row(reading: FileReading, batch: Batch) -> tuple[Any, ...]:
    """Url, token, read_at, targets, companions, missing_since, missed."""
    targets, companions = (
        orjson.dumps([list(one) for one in found]).decode()
        for found in (reading.targets, reading.companions)
    )
    return (reading.url, reading.token, batch.now, targets, companions, None, 0)


def _problem_row(file: int, noted: Noted) -> tuple[Any, ...]:
    problem = noted.problem
    return (
        file,
        noted.ref,
        problem.code,
        problem.severity.value,
        problem.message,
        problem.hint,
        problem.document,
        problem.line,
        problem.column,
        problem.pointer,
        problem.found,
        problem.expected,
        noted.owner,
    )
