"""Exemptions as they are stored, with their audit trail, and which entities they cover.

A step that begins or ends an exemption marks what it covers, so that results follow by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    insert,
    select,
    update,
)

from catalog.queries.query import parse_filters
from portal.db.bulk import among, next_id
from portal.db.catalog.questions import ask
from portal.db.engine import time_of
from portal.db.ingest.catalog_store import next_seq
from portal.db.tables import (
    entities,
    exemption_steps,
    exemptions,
    results,
)
from portal.db.work.marks import mark
from scorecards.evaluation.decisions import Grant
from scorecards.people.exemptions import (
    Exemption,
    Ground,
    Matching,
    OneEntity,
    Reason,
    Scope,
    State,
    Step,
    settled,
)


def free_id(connection: Connection) -> int:
    """The id of the next one."""
    return next_id(connection, exemptions)


def find(connection: Connection, identifier: int, *, now: datetime) -> Exemption | None:
    """The exemption as it is at `now`, or None."""
    found = select(exemptions).where(exemptions.c.id == identifier)
    for one in read_rows(connection, connection.execute(found).all()):
        return settled(one, now=now)
    return None


def put(connection: Connection, exemption: Exemption) -> None:
    """Store an exemption, or the steps it took; what it begins or ends to cover is marked."""
    known = select(exemption_steps.c.number).where(exemption_steps.c.exemption_id == exemption.id)
    stored = len(connection.execute(known).all())
    if stored == 0:
        _insert(connection, exemption)
    else:
        this = exemptions.c.id == exemption.id
        connection.execute(update(exemptions).where(this).values(state=exemption.state.value))
    fresh = [
        {
            "exemption_id": exemption.id,
            "number": number,
            "state": step.state.value,
            "actor": step.actor,
            "at": step.at,
            "reason": step.reason,
        }
        for number, step in enumerate(exemption.steps)
        if number >= stored
    ]
    if fresh:
        connection.execute(insert(exemption_steps), fresh)
    if {State.APPROVED, State.REVOKED, State.EXPIRED} & {step["state"] for step in fresh}:
        scope = exemption.scope
        mark(connection, covered(connection, scope), {scope.scorecard})
        next_seq(connection)


def _insert(connection: Connection, exemption: Exemption) -> None:
    scope, reason = exemption.scope, exemption.reason
    whom = scope.whom
    connection.execute(
        insert(exemptions).values(
            id=exemption.id,
            scorecard=scope.scorecard,
            check=scope.check,
            ref=whom.ref if isinstance(whom, OneEntity) else None,
            filter=whom.filter if isinstance(whom, Matching) else None,
            ground=reason.ground.value,
            text=reason.text,
            compensated_by=reason.compensated_by,
            expires_at=exemption.expires_at,
            state=exemption.state.value,
        )
    )


def expire(connection: Connection, *, now: datetime) -> int:
    """Let the exemptions end whose time has come; returns how many."""
    due = select(exemptions).where(
        exemptions.c.state == State.APPROVED.value, exemptions.c.expires_at <= now
    )
    ended = [settled(one, now=now) for one in read_rows(connection, connection.execute(due).all())]
    for one in ended:
        put(connection, one)
    return len(ended)


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Whether there is one for `expire`."""
    due = select(exemptions.c.id).where(
        exemptions.c.state == State.APPROVED.value, exemptions.c.expires_at <= now
    )
    return connection.execute(due.limit(1)).first() is not None


def active(connection: Connection, *, now: datetime) -> tuple[Exemption, ...]:
    """Every exemption that holds at `now`, the oldest first."""
    found = select(exemptions).where(
        exemptions.c.state == State.APPROVED.value, exemptions.c.expires_at > now
    )
    return read_rows(connection, connection.execute(found.order_by(exemptions.c.id)).all())


def covered(connection: Connection, scope: Scope) -> list[int]:
    """The ids of the entities that an exemption is about: of a filter, those with a result."""
    match scope.whom:
        case OneEntity(ref=ref):
            found = select(entities.c.id).where(entities.c.ref == ref)
        case Matching(filter=text):
            has_result = select(results.c.entity_id).where(results.c.scorecard == scope.scorecard)
            found = select(entities.c.id).where(
                _matching(connection, text), entities.c.id.in_(has_result)
            )
    return list(connection.execute(found.order_by(entities.c.id)).scalars())


def grants(
    connection: Connection, ids: Collection[int], *, now: datetime
) -> dict[int, tuple[Grant, ...]]:
    """For each of these entities the exemptions that hold for it; without any it is not there."""
    holding = active(connection, now=now)
    if not holding:
        return {}
    among_these = among(connection, entities.c.id, ids)
    refs = select(entities.c.ref, entities.c.id).where(among_these)
    by_ref = {row.ref: row.id for row in connection.execute(refs)}
    found: dict[int, tuple[Grant, ...]] = {}
    for one in holding:
        match one.scope.whom:
            case OneEntity(ref=ref):
                concerned: Iterable[int] = [by_ref[ref]] if ref in by_ref else []
            case Matching(filter=text):
                condition = and_(_matching(connection, text), among_these)
                concerned = connection.execute(select(entities.c.id).where(condition)).scalars()
        grant = Grant(
            exemption=one.id,
            scorecard=one.scope.scorecard,
            check=one.scope.check,
            until=one.expires_at,
        )
        for entity in concerned:
            found[entity] = (*found.get(entity, ()), grant)
    return found


def _matching(connection: Connection, text: str) -> ColumnElement[bool]:
    return ask(connection, parse_filters([text])).condition()


def read_rows(
    connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]
) -> tuple[Exemption, ...]:
    """The exemptions of these rows, in their order, each with all of its steps."""
    taken = (
        select(exemption_steps)
        .where(among(connection, exemption_steps.c.exemption_id, [row.id for row in rows]))
        .order_by(exemption_steps.c.exemption_id, exemption_steps.c.number)
    )
    steps: dict[int, tuple[Step, ...]] = {}
    for row in connection.execute(taken) if rows else ():
        step = Step(state=State(row.state), actor=row.actor, at=time_of(row.at), reason=row.reason)
        steps[row.exemption_id] = (*steps.get(row.exemption_id, ()), step)
    return tuple(_exemption(row, steps[row.id]) for row in rows)


def _exemption(row: Row[*tuple[Any, ...]], steps: tuple[Step, ...]) -> Exemption:
    whom = OneEntity(ref=row.ref) if row.ref is not None else Matching(filter=row.filter)
    return Exemption(
        id=row.id,
        scope=Scope(scorecard=row.scorecard, check=row.check, whom=whom),
        reason=Reason(ground=Ground(row.ground), text=row.text, compensated_by=row.compensated_by),
        expires_at=time_of(row.expires_at),
        steps=steps,
    )
