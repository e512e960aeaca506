"""Results as they are stored: one packed row for each entity and scorecard, the current one.

Outcomes are one letter for each check, in the order of the scorecard's checks, so that lists and
rates need no evidence. What is written is here; what is read of many rows is in `result_lists`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from portal.db import transitions
from portal.db.bulk import add, among, remove
from portal.db.engine import Database, utc
from portal.db.facts import for_entities as records_of
from portal.db.result_lists import (
    Distribution,
    Summary,
    attention,
    check_counts,
    distribution,
    summaries,
)
from portal.db.result_lists import entities_of as entities
from portal.db.state import raise_assessment
from portal.db.tables import entities as entity_table
from portal.db.tables import results
from scorecards.results import ScorecardResult, outcome_letters
from scorecards.serialization import evidence_from_json, evidence_to_json
from scorecards.store import Asked, Assessable

__all__ = [
    "Distribution",
    "ResultRows",
    "StoredResult",
    "Summary",
    "attention",
    "check_counts",
    "distribution",
    "entities",
    "for_entities",
    "for_entity",
    "summaries",
]

COLUMNS = (
    "entity_id",
    "scorecard",
    "version",
    "proven",
    "possible",
    "outcomes",
    "passes",
    "fails",
    "unknowns",
    "evidence",
    "since",
    "evaluated_at",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredResult:
    """A scorecard's current result for an entity."""

    result: ScorecardResult
    """`evaluated_at` is when it was first found so: finding the same again changes nothing."""
    since: Mapping[str, datetime]
    """By id of the check, when its outcome began."""


@dataclass(frozen=True, kw_only=True)
class ResultRows:
    """The `scorecards.store.ResultStore` of a database."""

    database: Database

    def assessable(self, ids: Sequence[int]) -> list[Assessable]:
        """The entities that still exist, in the order of `ids`."""
        columns = (entity_table.c.id, entity_table.c.ref, entity_table.c.body)
        with self.database.read() as connection:
            rows = {
                row.id: row
                for row in connection.execute(
                    select(*columns).where(among(connection, entity_table.c.id, ids))
                )
            }
            records = records_of(connection, ids)
        return [
            Assessable(
                id=number,
                ref=rows[number].ref,
                body=rows[number].body,
                records=records.get(number, ()),
            )
            for number in ids
            if number in rows
        ]

    def save_results(
        self, ids: Sequence[int], results: Sequence[ScorecardResult], *, asked: Asked | None = None
    ) -> None:
        """Replace what is stored for these entities: without a result, a scorecard applies no more.

        One transaction. Results of entities that went are dropped, as are those of entities that
        have changed since they were read, whose turn comes again; and what is already stored is not
        written again. `since` of a check stays while its outcome does.
        """
        with self.database.write() as connection:
            by_ref = _as_read(connection, ids, asked)
            stored = _stored(connection, list(by_ref.values()))
            given = {
                (by_ref[result.ref], result.scorecard): result
                for result in results
                if result.ref in by_ref
            }
            rows = [
                _row(key[0], result, stored.get(key))
                for key, result in sorted(given.items(), key=lambda item: (item[0][1], item[0][0]))
            ]
            fresh = [row for row in rows if stored.get(row[:2]) != row[2:11]]
            gone = [key for key in stored if key not in given]
            replaced = [row[:2] for row in fresh if row[:2] in stored]
            transitions.record(
                connection,
                {
                    key: transitions.Former(version=stored[key][0], evidence=stored[key][7])
                    for key in gone + replaced
                },
                {row[:2]: given[row[:2]] for row in fresh},
                gone,
                asked=asked,
            )
            remove(connection, _TABLE, COLUMNS[:2], gone + replaced)
            add(connection, _TABLE, COLUMNS, fresh)
            if fresh or gone:
                raise_assessment(connection)


_TABLE = results  # `save_results` has an argument of this name, as the protocol has


def for_entity(connection: Connection, entity_id: int) -> tuple[StoredResult, ...]:
    """The results of an entity, by scorecard."""
    return for_entities(connection, [entity_id]).get(entity_id, ())


def for_entities(
    connection: Connection, ids: Collection[int]
) -> dict[int, tuple[StoredResult, ...]]:
    """For each of these entities its results by scorecard; an entity without any is not there."""
    found = (
        select(entity_table.c.ref, results)
        .join(entity_table, entity_table.c.id == results.c.entity_id)
        .where(among(connection, results.c.entity_id, ids))
        .order_by(results.c.entity_id, results.c.scorecard)
    )
    gathered: dict[int, list[StoredResult]] = {}
    for row in connection.execute(found):
        gathered.setdefault(row.entity_id, []).append(_stored_result(row))
    return {number: tuple(stored) for number, stored in gathered.items()}


def _as_read(connection: Connection, ids: Sequence[int], asked: Asked | None) -> dict[str, int]:
    """The ids of those entities that are still what they were when they were read, by ref."""
    found = select(entity_table.c.ref, entity_table.c.id).where(
        among(connection, entity_table.c.id, ids)
    )
    if asked is not None:
        found = found.where(entity_table.c.seq <= asked.seq)
    return {row.ref: row.id for row in connection.execute(found)}


_Key = tuple[int, str]


def _stored(connection: Connection, ids: Sequence[int]) -> dict[_Key, tuple[Any, ...]]:
    """What is stored for these entities, without the time: the columns from `version` on."""
    columns = [results.c[name] for name in COLUMNS[:11]]
    found = select(*columns).where(among(connection, results.c.entity_id, ids))
    return {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(found)}


def _row(
    entity_id: int, result: ScorecardResult, stored: tuple[Any, ...] | None
) -> tuple[Any, ...]:
    letters = outcome_letters(result)
    counted = [letter for said, letter in zip(result.results, letters, strict=True) if said.counts]
    began: dict[str, tuple[str, str]] = {}
    if stored is not None:
        # `since` is in the order of the checks as they were, whatever they are now.
        times: dict[str, str] = orjson.loads(stored[8])
        began = {
            check: (letter, time)
            for (check, time), letter in zip(times.items(), stored[3], strict=True)
        }
    now = result.evaluated_at.isoformat()
    since = {}
    for said, letter in zip(result.results, letters, strict=True):
        before, time = began.get(said.check, ("", now))
        since[said.check] = time if before == letter else now
    return (
        entity_id,
        result.scorecard,
        result.version,
        result.proven,
        result.possible,
        letters,
        counted.count("p"),
        counted.count("f"),
        counted.count("u") + counted.count("e"),
        evidence_to_json(result),
        orjson.dumps(since).decode(),
        result.evaluated_at,
    )


def _stored_result(row: Any) -> StoredResult:
    evaluated_at = utc(row.evaluated_at)
    assert evaluated_at is not None
    return StoredResult(
        result=ScorecardResult(
            ref=row.ref,
            scorecard=row.scorecard,
            version=row.version,
            proven=row.proven,
            possible=row.possible,
            results=evidence_from_json(row.evidence),
            evaluated_at=evaluated_at,
        ),
        since={
            check: datetime.fromisoformat(time) for check, time in orjson.loads(row.since).items()
        },
    )
