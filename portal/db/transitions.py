"""Transitions as they are stored: written in the transaction that changes results.

What is one, and why it came about, is decided in `scorecards.transitions`; what is read of them is
in `result_history` and `trends`. The evidence of a transition is that of the stored result and the
stored facts, for as long as these are what they were: it is put aside when they are replaced, so
that the first look at 100,000 entities writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, delete, select

from portal.db import evidence, values
from portal.db.bulk import add, among, change, next_id, pick
from portal.db.engine import utc
from portal.db.facts import put_aside
from portal.db.instants import KEPT_SINCE, kept_since
from portal.db.layouts import said_in
from portal.db.tables import check_lists, entities, results, transitions
from scorecards.packing import PackedResult
from scorecards.store import Asked
from scorecards.transitions import (
    Reason,
    Stand,
    is_transition,
    why_begun,
    why_changed,
    why_ended,
)

Key: TypeAlias = "tuple[int, str]"
"""An entity and the name of a scorecard."""

_COLUMNS = (
    *("id", "entity_id", "checks_id", "at", "until", "seq"),
    *("proven", "possible", "outcomes", "reason", "said_id", "facts_id"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Former:
    """A stored result that is about to be replaced, or to go."""

    version: str
    evidence: bytes
    """What each check said, see `scorecards.packing`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Open:
    """The last transition of a result that goes on."""

    id: int
    checks_id: int
    at: datetime
    stand: Stand
    has_said: bool
    """Whether what the checks said was put aside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subject:
    """An entity, as far as reasons need it."""

    seq: int
    came: datetime
    """When its present version did."""
    others: Sequence[datetime]
    """When its stored results were found."""


def record(
    connection: Connection,
    replaced: Mapping[Key, Former],
    found: Mapping[Key, PackedResult],
    gone: Collection[Key],
    *,
    at: datetime,
    asked: Asked | None,
) -> None:
    """Write the transitions from stored results to those, of `at`, that are about to be stored.

    `found` are results that are not stored as they are; of those that are stored otherwise, and of
    those that go, the former ones are in `replaced`. The connection is in a write transaction.
    """
    keys = found.keys() | set(gone)
    if not keys:
        return
    ids = sorted({entity for entity, _ in keys})
    open_ = _open(connection, ids)
    subjects = _subjects(connection, ids)
    stands = {key: stand(result, subjects[key[0]].seq) for key, result in found.items()}
    moved = {
        key: result
        for key, result in found.items()
        if is_transition(open_[key].stand if key in open_ else None, stands[key])
    }
    lists = _check_lists(connection, moved.values(), at)
    both = [key for key in moved if key in open_ and key in replaced]
    was_said = said_in(connection, {key: replaced[key].evidence for key in both})
    is_said = said_in(connection, {key: moved[key].evidence for key in both})
    rows: list[tuple[_Open | None, tuple[Any, ...]]] = []
    for key, result in moved.items():
        checks_id, rules = lists[_list_of(result)]
        after = stands[key]
        before, was = open_.get(key), replaced.get(key)
        if before is None or was is None:
            subject = subjects[key[0]]
            why = why_begun(came=subject.came, others=subject.others, rules=rules)
        else:
            former = _of_version(before.stand, was.version)
            why = why_changed(former, after, was_said[key], is_said[key])
        then = _not_before(before, at)
        numbers = (after.proven, after.possible, "".join(after.outcomes.values()))
        row = (key[0], checks_id, then, None, after.seq, *numbers, why.value, None, None)
        rows.append((before, row))
    for key in sorted(open_.keys() & set(gone)):
        before, seq = open_[key], subjects[key[0]].seq
        version = replaced[key].version
        now = asked.rules.get(key[1]) if asked is not None else version
        why = why_ended(_of_version(before.stand, version), version=now, seq=seq)
        then = _not_before(before, before.at if asked is None else asked.at)
        rows.append((before, _end(key[0], before, then, seq, why)))
    _keep_said(connection, open_, {key: was.evidence for key, was in replaced.items()})
    _write(connection, rows)


def end_all(connection: Connection, ids: Collection[int], *, at: datetime) -> None:
    """Write that the results of these entities end, because the entities go."""
    if not ids:
        return
    open_ = _open(connection, ids)
    columns = (results.c.entity_id, results.c.scorecard, results.c.evidence)
    stored = pick(connection, columns, results.c.entity_id, ids)
    _keep_said(connection, open_, {(row[0], row[1]): row[2] for row in stored})
    put_aside(connection, ids)
    rows = [
        (one, _end(key[0], one, _not_before(one, at), one.stand.seq, Reason.ENTITY))
        for key, one in sorted(open_.items())
    ]
    _write(connection, rows)


def stand(result: PackedResult, seq: int) -> Stand:
    """The result without its evidence, of a version of its entity."""
    return Stand(
        version=result.version,
        seq=seq,
        proven=result.proven,
        possible=result.possible,
        outcomes=dict(zip(result.checks, result.letters, strict=True)),
    )


def prune(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """Forget transitions after which there was another one before an instant, the oldest first.

    Returns the number of rows that went, 0 when done. What is current is never touched.
    """
    due = (
        select(transitions.c.id)
        .where(transitions.c.until < before)
        .order_by(transitions.c.until, transitions.c.id)
        .limit(limit)
    )
    gone = connection.execute(delete(transitions).where(transitions.c.id.in_(due))).rowcount
    if not gone:
        return 0
    known = kept_since(connection)
    if known is None or known < before:
        values.put(connection, KEPT_SINCE, before.astimezone(UTC).isoformat())
    return gone + evidence.forget_unused(connection)


def _open(connection: Connection, ids: Collection[int]) -> dict[Key, _Open]:
    """The last transition of each result of these entities that has not ended."""
    found = (
        select(transitions, check_lists.c.scorecard, check_lists.c.version, check_lists.c.checks)
        .join(check_lists, check_lists.c.id == transitions.c.checks_id)
        .where(among(connection, transitions.c.entity_id, ids), transitions.c.until.is_(None))
    )
    return {
        (row.entity_id, row.scorecard): _Open(
            id=row.id,
            checks_id=row.checks_id,
            at=_time(row.at),
            has_said=row.said_id is not None,
            stand=Stand(
                version=row.version,
                seq=row.seq,
                proven=row.proven,
                possible=row.possible,
                outcomes=dict(zip(orjson.loads(row.checks), row.outcomes, strict=True)),
            ),
        )
        for row in connection.execute(found)
    }


def _of_version(before: Stand, version: str) -> Stand:
    """What was before, of the version that it was last found with: no transition tells that."""
    return Stand(
        version=version,
        seq=before.seq,
        proven=before.proven,
        possible=before.possible,
        outcomes=before.outcomes,
    )


def _subjects(connection: Connection, ids: Collection[int]) -> dict[int, _Subject]:
    stored: dict[int, list[datetime]] = {}
    found = (results.c.entity_id, results.c.evaluated_at)
    for entity, evaluated_at in pick(connection, found, results.c.entity_id, ids):
        stored.setdefault(entity, []).append(_time(evaluated_at))
    columns = (entities.c.id, entities.c.seq, entities.c.updated_at)
    return {
        row.id: _Subject(seq=row.seq, came=_time(row.updated_at), others=stored.get(row.id, ()))
        for row in pick(connection, columns, entities.c.id, ids)
    }


_List: TypeAlias = "tuple[str, str, str]"


def _list_of(result: PackedResult) -> _List:
    return result.scorecard, result.version, _written(result.checks)


@lru_cache(maxsize=1_000)
def _written(checks: tuple[str, ...]) -> str:
    return orjson.dumps(checks).decode()


def _check_lists(
    connection: Connection, found: Collection[PackedResult], at: datetime
) -> dict[_List, tuple[int, datetime]]:
    """Number of the list of checks of each result, and when its version was first used."""
    used = {_list_of(result) for result in found}
    names = sorted({name for name, _, _ in used})
    rows = connection.execute(
        select(check_lists).where(among(connection, check_lists.c.scorecard, names))
    ).all()
    known = {(row.scorecard, row.version, row.checks): row.id for row in rows}
    first = {(row.scorecard, row.version): _time(row.first_at) for row in rows}
    new = sorted(used - known.keys())
    if new:
        added = list(enumerate(new, start=next_id(connection, check_lists)))
        columns = ("id", "scorecard", "version", "checks", "first_at")
        add(connection, check_lists, columns, [(n, *one, at) for n, one in added])
        known |= {one: number for number, one in added}
    return {one: (known[one], first.get(one[:2], at)) for one in used}


def _keep_said(
    connection: Connection, open_: Mapping[Key, _Open], said: Mapping[Key, bytes]
) -> None:
    """Put aside what checks said, by result, where that is not done yet."""
    due = {key: open_[key] for key in said if key in open_}
    told = {one.id: said[key] for key, one in due.items() if not one.has_said}
    evidence.keep_said(connection, told)


def _not_before(last: _Open | None, at: datetime) -> datetime:
    """A clock may go back, but what follows is never earlier."""
    return at if last is None else max(last.at, at)


def _end(entity: int, last: _Open, at: datetime, seq: int, why: Reason) -> tuple[Any, ...]:
    return (entity, last.checks_id, at, at, seq, None, None, None, why.value, None, None)


def _write(connection: Connection, rows: Sequence[tuple[_Open | None, tuple[Any, ...]]]) -> None:
    """Add transitions, each with the one that it follows, which ends."""
    if not rows:
        return
    ended = [(last.id, row[2]) for last, row in rows if last is not None]
    change(connection, transitions, "id", ("until",), ended)
    first = next_id(connection, transitions)
    add(connection, transitions, _COLUMNS, [(n, *row) for n, (_, row) in enumerate(rows, first)])


def _time(value: datetime | None) -> datetime:
    found = utc(value)
    assert found is not None
    return found
