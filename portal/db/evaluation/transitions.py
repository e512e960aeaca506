"""Transitions as they are stored: written in the transaction that changes results.

What is one, and why it came about, is decided in `scorecards.evaluation.transitions`; what is read of them is
in `result_history` and `trends`. The evidence of a transition is that of the stored result and the
stored facts, for as long as these are what they were: it is put aside when they are replaced, so
that the first look at 100,000 entities writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, delete, select

from portal.db import values
from portal.db.bulk import add, among, change, next_id, pick
from portal.db.changes.instants import KEPT_SINCE, kept_since
from portal.db.collection import evidence
from portal.db.collection.facts import put_aside
from portal.db.engine import time_of
from portal.db.evaluation import check_lists
from portal.db.evaluation.layouts import said_in
from portal.db.tables import check_lists as lists_table
from portal.db.tables import entities, results, transitions
from scorecards.collection.store import Asked
from scorecards.evaluation.packing import PackedResult
from scorecards.evaluation.transitions import (
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
    """What each check said, see `scorecards.evaluation.packing`."""


class _Open(NamedTuple):
    """The last transition of a result that goes on, as it is stored."""

    id: int
    checks_id: int
    at: datetime
    said_id: int | None
    """None: what the checks said was not put aside."""
    version: str
    seq: int
    proven: int
    possible: int
    letters: str
    checks: str

    def stand(self, version: str | None = None) -> Stand:
        """What it led to; of the version that it was last found with: no transition tells that."""
        return Stand(
            version=self.version if version is None else version,
            seq=self.seq,
            proven=self.proven,
            possible=self.possible,
            outcomes=dict(zip(check_lists.ids(self.checks), self.letters, strict=True)),
        )


class _Subject(NamedTuple):
    """An entity, as far as reasons need it."""

    seq: int
    came: datetime
    """When its present version did."""
    others: Sequence[datetime]
    """When its stored results were found."""


_Row: TypeAlias = "tuple[Any, ...]"
"""The values of `_COLUMNS` but for the id."""


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
    moved = {key: one for key, one in found.items() if not _goes_on(open_.get(key), one)}
    lists = check_lists.keep(connection, moved.values(), at)
    whys = _whys(connection, open_, replaced, moved, subjects)
    rows: list[tuple[_Open | None, _Row]] = []
    for key, result in moved.items():
        checks_id, rules = lists[check_lists.of(result)]
        before, subject = open_.get(key), subjects[key[0]]
        why = whys.get(key) or why_begun(came=subject.came, others=subject.others, rules=rules)
        then = at if before is None else _not_before(before, at)
        said = (result.proven, result.possible, result.letters)
        row = (key[0], checks_id, then, None, subject.seq, *said, why.value, None, None)
        rows.append((before, row))
    for key in sorted(open_.keys() & set(gone)):
        before, seq = open_[key], subjects[key[0]].seq
        version = replaced[key].version
        now = asked.rules.get(key[1]) if asked is not None else version
        why = why_ended(before.stand(version), version=now, seq=seq)
        then = _not_before(before, before.at if asked is None else asked.at)
        rows.append((before, _end(key[0], before, then, seq, why)))
    _keep_said(connection, open_, {key: was.evidence for key, was in replaced.items()})
    _write(connection, rows)


def _goes_on(before: _Open | None, result: PackedResult) -> bool:
    """Whether a result is what it was but for its evidence, as most are: nothing is taken apart."""
    if before is None:
        return False
    same = (before.proven, before.possible) == (result.proven, result.possible)
    if (
        same
        and before.letters == result.letters
        and before.checks == check_lists.written(result.checks)
    ):
        return True
    return not is_transition(before.stand(), stand(result, 0))


def _whys(
    connection: Connection,
    open_: Mapping[Key, _Open],
    replaced: Mapping[Key, Former],
    moved: Mapping[Key, PackedResult],
    subjects: Mapping[int, _Subject],
) -> dict[Key, Reason]:
    """Why results are others than stored ones. Evidence is read where another version does not say."""
    both = [key for key in moved if key in open_ and key in replaced]
    due = [key for key in both if moved[key].version == replaced[key].version]
    was = said_in(connection, {key: replaced[key].evidence for key in due})
    said = said_in(connection, {key: moved[key].evidence for key in due})
    return {
        key: why_changed(
            open_[key].stand(replaced[key].version),
            stand(moved[key], subjects[key[0]].seq),
            was.get(key, ()),
            said.get(key, ()),
        )
        for key in both
    }


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
        (one, _end(key[0], one, _not_before(one, at), one.seq, Reason.ENTITY))
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
    table = transitions.c
    columns = (table.entity_id, lists_table.c.scorecard, table.id, table.checks_id, table.at)
    numbers = (table.seq, table.proven, table.possible, table.outcomes)
    found = (
        select(*columns, table.said_id, lists_table.c.version, *numbers, lists_table.c.checks)
        .join(lists_table, lists_table.c.id == table.checks_id)
        .where(among(connection, table.entity_id, ids), table.until.is_(None))
    )
    rows = connection.execute(found).all()
    return {
        (entity, card): _Open(number, checks_id, time_of(at), *said)
        for entity, card, number, checks_id, at, *said in rows
    }


def _subjects(connection: Connection, ids: Collection[int]) -> dict[int, _Subject]:
    stored: dict[int, list[datetime]] = {}
    found = (results.c.entity_id, results.c.evaluated_at)
    for entity, evaluated_at in pick(connection, found, results.c.entity_id, ids):
        stored.setdefault(entity, []).append(time_of(evaluated_at))
    columns = (entities.c.id, entities.c.seq, entities.c.updated_at)
    return {
        number: _Subject(seq, time_of(came), stored.get(number, ()))
        for number, seq, came in pick(connection, columns, entities.c.id, ids)
    }


def _keep_said(
    connection: Connection, open_: Mapping[Key, _Open], said: Mapping[Key, bytes]
) -> None:
    """Put aside what checks said, by result, where that is not done yet."""
    due = {key: open_[key] for key in said if key in open_}
    told = {one.id: said[key] for key, one in due.items() if one.said_id is None}
    evidence.keep_said(connection, told)


def _not_before(last: _Open, at: datetime) -> datetime:
    """A clock may go back, but what follows is never earlier."""
    return max(last.at, at)


def _end(entity: int, last: _Open, at: datetime, seq: int, why: Reason) -> _Row:
    return (entity, last.checks_id, at, at, seq, None, None, None, why.value, None, None)


def _write(connection: Connection, rows: Sequence[tuple[_Open | None, _Row]]) -> None:
    """Add transitions, each with the one that it follows, which ends."""
    if not rows:
        return
    ended = [(last.id, row[2]) for last, row in rows if last is not None]
    change(connection, transitions, "id", ("until",), ended)
    first = next_id(connection, transitions)
    add(connection, transitions, _COLUMNS, [(n, *row) for n, (_, row) in enumerate(rows, first)])
