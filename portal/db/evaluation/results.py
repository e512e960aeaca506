"""Results as they are stored: one packed row for each entity and scorecard, the current one.

Outcomes are one letter for each check, in the order of the scorecard's checks, so that lists and
rates need no evidence. What is written is here; what is read of many rows is in `result_lists`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from portal.db.bulk import add, among, remove
from portal.db.engine import time_of
from portal.db.evaluation import transitions
from portal.db.evaluation.beginnings import Before, begun, from_runs
from portal.db.evaluation.layouts import read, said_in
from portal.db.evaluation.result_lists import (
    Distribution,
    Summary,
    attention,
    check_counts,
    distribution,
    summaries,
)
from portal.db.evaluation.result_lists import entities_of as entities
from portal.db.state import raise_assessment
from portal.db.tables import entities as entity_table
from portal.db.tables import results
from scorecards.collection.store import Asked
from scorecards.evaluation.layouts import Layout
from scorecards.evaluation.packing import PackedResult, digest_of
from scorecards.results import CheckResult, ScorecardResult

__all__ = [
    "Distribution",
    "Key",
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


Key: TypeAlias = tuple[int, str]
"""An entity and the name of a scorecard."""


def save(
    connection: Connection,
    packed: Mapping[int, Sequence[PackedResult]],
    *,
    at: datetime,
    asked: Asked | None = None,
    cards: Collection[str] | None = None,
    kept: Collection[Key] = (),
) -> None:
    """Replace what is stored for these entities: without a result, a scorecard applies no more.

    Results of entities that went are dropped, as are those of entities that have changed since they
    were read, whose turn comes again; and what is already stored is not written again. `since` of a
    check stays while its outcome does. `cards` are the only scorecards that were asked; None: all.
    Of entities and scorecards that are `kept` what is stored stays. The connection is in a write
    transaction; layouts of the evidence are stored.
    """
    ids = _as_read(connection, packed, asked)
    stored = {key: row for key, row in _stored(connection, ids, cards).items() if key not in kept}
    given = {
        (number, one.scorecard): one
        for number in ids
        for one in packed[number]
        if (number, one.scorecard) not in kept
    }
    found = {
        key: given[key]
        for key in sorted(given, key=lambda key: (key[1], key[0]))
        if not _is_stored(given[key], stored.get(key))
    }
    gone = [key for key in stored if key not in given]
    replaced = [key for key in found if key in stored]
    formers = {
        key: transitions.Former(version=stored[key][0], evidence=stored[key][7])
        for key in gone + replaced
    }
    transitions.record(connection, formers, found, gone, at=at, asked=asked)
    layouts = read(connection, {digest_of(stored[key][7]) for key in replaced})
    moment = at.isoformat()
    fresh = [
        (*key, *_row(result, stored.get(key), moment, layouts), at) for key, result in found.items()
    ]
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


def _as_read(connection: Connection, ids: Collection[int], asked: Asked | None) -> list[int]:
    """Those of these entities that are still what they were when they were read."""
    found = select(entity_table.c.id).where(among(connection, entity_table.c.id, list(ids)))
    if asked is not None:
        found = found.where(entity_table.c.seq <= asked.seq)
    return list(connection.execute(found).scalars())


_Stored = tuple[Any, ...]
"""The columns of a row from `version` to `since`."""


def _stored(
    connection: Connection, ids: Collection[int], cards: Collection[str] | None
) -> dict[Key, _Stored]:
    """What is stored for these entities, without the time."""
    columns = [results.c[name] for name in COLUMNS[:11]]
    found = select(*columns).where(among(connection, results.c.entity_id, ids))
    if cards is not None:
        found = found.where(among(connection, results.c.scorecard, list(cards)))
    return {(row[0], row[1]): row[2:] for row in connection.execute(found).all()}


def _is_stored(result: PackedResult, stored: _Stored | None) -> bool:
    """Whether the same is stored: numbers and times follow from the rest."""
    if stored is None:
        return False
    version, proven, possible, letters, *_, evidence, _ = stored
    return (
        evidence == result.evidence
        and (version, proven, possible) == (result.version, result.proven, result.possible)
        and letters == result.letters
    )


def _row(
    result: PackedResult, stored: _Stored | None, now: str, layouts: Mapping[str, Layout]
) -> _Stored:
    counted = result.counted
    before = None if stored is None else Before(stored[3], stored[7], stored[8])
    return (
        result.version,
        result.proven,
        result.possible,
        result.letters,
        counted.count("p"),
        counted.count("f"),
        counted.count("u") + counted.count("e"),
        result.evidence,
        begun(result, before, now, layouts),
    )


def _stored_result(row: Any, said: tuple[CheckResult, ...]) -> StoredResult:
    return StoredResult(
        result=ScorecardResult(
            ref=row.ref,
            scorecard=row.scorecard,
            version=row.version,
            proven=row.proven,
            possible=row.possible,
            results=said,
            evaluated_at=time_of(row.evaluated_at),
        ),
        since={
            one.check: datetime.fromisoformat(time)
            for one, time in zip(said, from_runs(row.since), strict=True)
        },
    )
