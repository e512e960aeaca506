"""Results as they are stored: one packed row for each entity and scorecard, the current one.

Outcomes are one letter for each check, in the order of the scorecard's checks, so that lists and
rates need no evidence. What is written is here; what is read of many rows is in `result_lists`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import Connection, Select, select

from portal.db import transitions
from portal.db.bulk import add, among, remove
from portal.db.engine import Database, utc
from portal.db.facts import for_entities as records_of
from portal.db.layouts import read, said_in
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
from scorecards.packing import PackedResult, digest_of, pack
from scorecards.results import CheckResult, ScorecardResult
from scorecards.serialization import evidence_from_json
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
    "save",
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
        """Replace what is stored for these entities, as `save` does; one transaction."""
        by_ref: dict[str, list[PackedResult]] = {}
        for result in results:
            by_ref.setdefault(result.ref, []).append(pack(result))
        now = asked.at if asked else max((r.evaluated_at for r in results), default=None)
        with self.database.write() as connection:
            rows = connection.execute(_refs(connection, ids)).all()
            packed = {row.id: by_ref.get(row.ref, ()) for row in rows}
            save(connection, packed, at=now or datetime.now(UTC), asked=asked)


def save(
    connection: Connection,
    packed: Mapping[int, Sequence[PackedResult]],
    *,
    at: datetime,
    asked: Asked | None = None,
    cards: Collection[str] | None = None,
) -> None:
    """Replace what is stored for these entities: without a result, a scorecard applies no more.

    Results of entities that went are dropped, as are those of entities that have changed since they
    were read, whose turn comes again; and what is already stored is not written again. `since` of a
    check stays while its outcome does. `cards` are the only scorecards that were asked; None: all.
    The connection is in a write transaction; layouts of the evidence are stored.
    """
    ids = _as_read(connection, packed, asked)
    stored = _stored(connection, ids, cards)
    given = {(number, one.scorecard): one for number in ids for one in packed[number]}
    moment = at.isoformat()
    orders = _orders(connection, stored.values())
    fresh = [
        (*key, *row, at)
        for key, result in sorted(given.items(), key=lambda item: (item[0][1], item[0][0]))
        if (row := _row(result, stored.get(key), moment, orders)) != stored.get(key)
    ]
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
        at=at,
        asked=asked,
    )
    remove(connection, results, COLUMNS[:2], gone + replaced)
    add(connection, results, COLUMNS, fresh)
    if fresh or gone:
        raise_assessment(connection)


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
    rows = connection.execute(found).all()
    said = said_in(connection, {(row.entity_id, row.scorecard): row.evidence for row in rows})
    gathered: dict[int, list[StoredResult]] = {}
    for row in rows:
        one = _stored_result(row, said[row.entity_id, row.scorecard])
        gathered.setdefault(row.entity_id, []).append(one)
    return {number: tuple(stored) for number, stored in gathered.items()}


def _refs(connection: Connection, ids: Collection[int]) -> Select[tuple[int, str]]:
    return select(entity_table.c.id, entity_table.c.ref).where(
        among(connection, entity_table.c.id, ids)
    )


def _as_read(connection: Connection, ids: Collection[int], asked: Asked | None) -> list[int]:
    """Those of these entities that are still what they were when they were read."""
    found = select(entity_table.c.id).where(among(connection, entity_table.c.id, list(ids)))
    if asked is not None:
        found = found.where(entity_table.c.seq <= asked.seq)
    return list(connection.execute(found).scalars())


_Key = tuple[int, str]
_Stored = tuple[Any, ...]
"""The columns of a row from `version` to `since`."""


def _stored(
    connection: Connection, ids: Collection[int], cards: Collection[str] | None
) -> dict[_Key, _Stored]:
    """What is stored for these entities, without the time."""
    columns = [results.c[name] for name in COLUMNS[:11]]
    found = select(*columns).where(among(connection, results.c.entity_id, ids))
    if cards is not None:
        found = found.where(among(connection, results.c.scorecard, list(cards)))
    return {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(found)}


def _orders(connection: Connection, stored: Iterable[_Stored]) -> Callable[[bytes], Sequence[str]]:
    """What tells the ids of the checks, in order, that evidence is about."""
    layouts = read(connection, {digest_of(row[7]) for row in stored})

    def order(evidence: bytes) -> Sequence[str]:
        digest = digest_of(evidence)
        if digest:
            return layouts[digest].ids
        return [said.check for said in evidence_from_json(evidence)]

    return order


def _row(
    result: PackedResult,
    stored: _Stored | None,
    now: str,
    order: Callable[[bytes], Sequence[str]],
) -> _Stored:
    counted = result.counted
    return (
        result.version,
        result.proven,
        result.possible,
        result.letters,
        counted.count("p"),
        counted.count("f"),
        counted.count("u") + counted.count("e"),
        result.evidence,
        _since(result, stored, now, order),
    )


def _since(
    result: PackedResult,
    stored: _Stored | None,
    now: str,
    order: Callable[[bytes], Sequence[str]],
) -> str:
    """When the outcome of each check began: as long as it was before, or now."""
    if stored is None:
        return in_runs([now] * len(result.letters))
    same_order = digest_of(result.evidence) == digest_of(stored[7]) != ""
    if same_order and result.letters == stored[3]:
        return str(stored[8])
    times = from_runs(stored[8])
    checks = result.checks if same_order else order(stored[7])
    began = dict(zip(checks, zip(stored[3], times, strict=True), strict=True))
    return in_runs(
        [
            time if before == letter else now
            for check, letter in zip(result.checks, result.letters, strict=True)
            for before, time in [began.get(check, ("", now))]
        ]
    )


def in_runs(times: Sequence[str]) -> str:
    """Times in the order of checks, as they are kept: equal ones that follow each other once."""
    return orjson.dumps([(time, len(list(run))) for time, run in groupby(times)]).decode()


def from_runs(kept: str) -> list[str]:
    """The times that `in_runs` wrote."""
    return [time for time, length in orjson.loads(kept) for _ in range(length)]


def _stored_result(row: Any, said: tuple[CheckResult, ...]) -> StoredResult:
    evaluated_at = utc(row.evaluated_at)
    assert evaluated_at is not None
    return StoredResult(
        result=ScorecardResult(
            ref=row.ref,
            scorecard=row.scorecard,
            version=row.version,
            proven=row.proven,
            possible=row.possible,
            results=said,
            evaluated_at=evaluated_at,
        ),
        since={
            one.check: datetime.fromisoformat(time)
            for one, time in zip(said, from_runs(row.since), strict=True)
        },
    )
