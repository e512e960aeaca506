"""The past of results: what an entity's scorecards said at an instant, and when they came to say so.

Read from transitions. Evidence is that of the moment at which a result became what it was: what
was seen then, although it may have been seen again, a little otherwise, many times.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, func, select

from portal.db.bulk import among, pick
from portal.db.collection import evidence
from portal.db.collection.facts import for_entity
from portal.db.engine import time_of
from portal.db.evaluation.layouts import said_in
from portal.db.evaluation.results import StoredResult
from portal.db.page import Page, number
from portal.db.tables import check_lists, entities, refs, results, transitions, versions
from scorecards.collection.serialization import records_from_json
from scorecards.evaluation.transitions import CheckChange, Reason, Stand, changed, replayed_since
from scorecards.facts import FactRecord
from scorecards.results import CheckResult, ScorecardResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """The moment at which a result became another one."""

    id: int
    entity_id: int
    scorecard: str
    at: datetime
    reason: Reason
    version: str
    """Of the scorecard; of a result that ended, the last one."""
    seq: int
    """Version of the entity."""
    stand: Stand | None
    """What it became; None: it ended."""
    said_id: int | None
    """Of the evidence that was put aside; None: it is still that of the stored result."""
    facts_id: int | None
    """The same of the facts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PastResult:
    """What a scorecard said about an entity at an instant."""

    transition: Transition
    stand: Stand
    said: tuple[CheckResult, ...]
    """What each check said when the result became this one."""
    since: Mapping[str, datetime]
    """By id of the check, when its outcome began, as far as the past is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """What a result was made from, beside the scorecard."""

    ref: str
    body: bytes
    """JSON of the entity, in the version that was looked at."""
    records: tuple[FactRecord, ...]
    """The facts, with where each came from."""
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A transition, with the one before it."""

    transition: Transition
    before: Stand | None
    """None: the result began, or what was before is no longer kept."""
    changes: tuple[CheckChange, ...]
    said: Mapping[str, CheckResult]
    """What the changed checks said, by id; empty where the result ended."""


def results_at(
    connection: Connection, ids: Collection[int], instant: datetime
) -> tuple[PastResult, ...]:
    """What held at an instant for the entity with these ids, by scorecard."""
    found = _of_entity(connection, ids).where(transitions.c.at <= instant)
    by_card: dict[str, list[Transition]] = {}
    for row in connection.execute(found.order_by(transitions.c.at, transitions.c.id)):
        one = _transition(row)
        by_card.setdefault(one.scorecard, []).append(one)
    last = {name: rows[-1] for name, rows in by_card.items()}
    said = _said(connection, list(last.values()))
    return tuple(
        PastResult(
            transition=one,
            stand=one.stand,
            said=said.get(one.id, ()),
            since=replayed_since([(step.at, step.stand) for step in by_card[name]]),
        )
        for name, one in sorted(last.items())
        if one.stand is not None
    )


def as_stored(ref: str, past: PastResult) -> StoredResult:
    """A result of the past in the form of a present one; evaluated when it became what it was."""
    return StoredResult(
        result=ScorecardResult(
            ref=ref,
            scorecard=past.transition.scorecard,
            version=past.stand.version,
            proven=past.stand.proven,
            possible=past.stand.possible,
            results=past.said,
            evaluated_at=past.transition.at,
        ),
        since=past.since,
    )


def moves(
    connection: Connection,
    ids: Collection[int],
    scorecard: str | None = None,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Page[Move]:
    """The transitions of the results of an entity, or of one of them, the newest first.

    Raises `QueryError` for an `after` that no page has given.
    """
    found = _of_entity(connection, ids)
    if scorecard is not None:
        found = found.where(check_lists.c.scorecard == scorecard)
    wanted = found if after is None else found.where(transitions.c.id < number(after))
    rows = connection.execute(wanted.order_by(transitions.c.id.desc()).limit(limit + 1)).all()
    shown = [_transition(row) for row in rows[:limit]]
    stands = _stands_before(connection, found, shown[-1].id) if len(rows) > limit else {}
    said = _said(connection, shown)
    items = []
    for one in reversed(shown):
        before = stands.get(one.scorecard)
        stands[one.scorecard] = one.stand
        items.append(_move(one, before, said.get(one.id, ())))
    more = len(rows) > limit
    return Page(items=tuple(reversed(items)), after=str(shown[-1].id) if more else None)


def _stands_before(
    connection: Connection,
    found: Select[Any],
    id: int,  # noqa: A002 - its name in the table
) -> dict[str, Stand | None]:
    """By scorecard, what the last of these transitions before one led to."""
    earlier = found.where(transitions.c.id < id).subquery()
    last = select(func.max(earlier.c.id)).group_by(earlier.c.scorecard)
    rows = connection.execute(found.where(transitions.c.id.in_(last)))
    return {one.scorecard: one.stand for one in map(_transition, rows)}


def _move(one: Transition, before: Stand | None, said: Collection[CheckResult]) -> Move:
    changes = changed(before, one.stand)
    names = {change.check for change in changes}
    return Move(
        transition=one,
        before=before,
        changes=changes,
        said={result.check: result for result in said if result.check in names},
    )


def basis_of(connection: Connection, one: Transition) -> Basis | None:
    """What the result was made from that a transition led to; None where it is no longer kept."""
    ref = connection.execute(select(refs.c.ref).where(refs.c.id == one.entity_id)).scalar_one()
    body = _body(connection, one.entity_id, one.seq)
    if body is None or one.stand is None:
        return None
    if one.facts_id is None:
        records = for_entity(connection, one.entity_id)
    else:
        kept = evidence.read(connection, [one.facts_id])
        records = records_from_json(kept[one.facts_id], ref)
    return Basis(ref=ref, body=body, records=records, at=one.at)


def _body(connection: Connection, entity_id: int, seq: int) -> bytes | None:
    now = select(entities.c.body).where(entities.c.id == entity_id, entities.c.seq == seq)
    then = select(versions.c.body).where(
        versions.c.entity_id == entity_id, versions.c.from_seq == seq
    )
    found = connection.execute(now.union_all(then)).first()
    return None if found is None else bytes(found.body)


def _of_entity(connection: Connection, ids: Collection[int]) -> Select[Any]:
    return (
        select(transitions, check_lists.c.scorecard, check_lists.c.version, check_lists.c.checks)
        .join(check_lists, check_lists.c.id == transitions.c.checks_id)
        .where(among(connection, transitions.c.entity_id, ids))
    )


def _transition(row: Row[*tuple[Any, ...]]) -> Transition:
    return Transition(
        id=row.id,
        entity_id=row.entity_id,
        scorecard=row.scorecard,
        at=time_of(row.at),
        reason=Reason(row.reason),
        version=row.version,
        seq=row.seq,
        stand=None if row.outcomes is None else _stand(row),
        said_id=row.said_id,
        facts_id=row.facts_id,
    )


def _stand(row: Any) -> Stand:
    """The result that a row of transitions and of their check list leads to."""
    return Stand(
        version=row.version,
        seq=row.seq,
        proven=row.proven,
        possible=row.possible,
        outcomes=dict(zip(orjson.loads(row.checks), row.outcomes, strict=True)),
    )


def _said(
    connection: Connection, found: Sequence[Transition]
) -> dict[int, tuple[CheckResult, ...]]:
    """What the checks said, by number of the transition."""
    aside = evidence.read(connection, {one.said_id for one in found if one.said_id is not None})
    told = {one.id: aside[one.said_id] for one in found if one.said_id is not None}
    present = {
        (one.entity_id, one.scorecard): one.id
        for one in found
        if one.said_id is None and one.stand is not None
    }
    columns = (results.c.entity_id, results.c.scorecard, results.c.evidence)
    ids = {entity for entity, _ in present}
    for entity, scorecard, data in pick(connection, columns, results.c.entity_id, ids):
        if (entity, scorecard) in present:
            told[present[entity, scorecard]] = data
    return said_in(connection, told)
