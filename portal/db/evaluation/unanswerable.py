"""Entities that cannot be asked about: children are lost over them, and no expression is to blame.

What was known of them stays, and is told with why it is not fresh. They are tried again when something
marks them, and forgotten here when they are answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, not_, or_, select

from portal.db.bulk import add, among, drop, pick
from portal.db.engine import utc
from portal.db.evaluation.result_patterns import owned_by
from portal.db.state import raise_assessment
from portal.db.tables import entities, results, unanswerable


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """Why an entity could not be assessed when that was last tried."""

    ref: str
    reason: str
    since: datetime
    """When it could not for the first time since it last could."""


def give_up(connection: Connection, reasons: Mapping[int, str], *, now: datetime) -> None:
    """Keep why there is no answer about these entities, by id. In a write transaction."""
    began = {
        entity: utc(at) or now
        for entity, at in pick(
            connection,
            (unanswerable.c.entity_id, unanswerable.c.at),
            unanswerable.c.entity_id,
            reasons,
        )
    }
    drop(connection, unanswerable.c.entity_id, reasons)
    rows = [(entity, why, began.get(entity, now)) for entity, why in sorted(reasons.items())]
    add(connection, unanswerable, ("entity_id", "reason", "at"), rows)
    raise_assessment(connection)


def answered(connection: Connection, ids: Collection[int]) -> None:
    """These are answered."""
    columns = (unanswerable.c.entity_id,)
    if known := [row[0] for row in pick(connection, columns, unanswerable.c.entity_id, ids)]:
        drop(connection, unanswerable.c.entity_id, known)
        raise_assessment(connection)


def listed(
    connection: Connection,
    *,
    owners: Sequence[str] = (),
    scorecards: Collection[str] | None = None,
    limit: int | None = None,
) -> tuple[Unanswered, ...]:
    """Those of these owners (canonical refs; none: of anyone), by ref; all, or so many.

    With `scorecards` those that one of these has a result of, or none at all.
    """
    found = _about(connection, owners, scorecards).order_by(entities.c.ref).limit(limit)
    return tuple(map(_unanswered, connection.execute(found)))


def count(
    connection: Connection,
    *,
    owners: Sequence[str] = (),
    scorecards: Collection[str] | None = None,
) -> int:
    """How many `listed` has."""
    found = _about(connection, owners, scorecards).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one()


def about(connection: Connection, entity: int) -> Unanswered | None:
    """Why the entity of this id could not be assessed; None: it was, or is yet to be."""
    return about_all(connection, [entity]).get(entity)


def about_all(connection: Connection, ids: Collection[int]) -> dict[int, Unanswered]:
    """By id, why those of these entities could not be assessed that could not."""
    found = select(unanswerable.c.entity_id, *_COLUMNS).join(
        entities, entities.c.id == unanswerable.c.entity_id
    )
    rows = connection.execute(found.where(among(connection, unanswerable.c.entity_id, ids)))
    return {row.entity_id: _unanswered(row) for row in rows}


_COLUMNS = (entities.c.ref, unanswerable.c.reason, unanswerable.c.at)


def _about(
    connection: Connection, owners: Sequence[str], scorecards: Collection[str] | None
) -> Select[Any]:
    found = select(*_COLUMNS).join(entities, entities.c.id == unanswerable.c.entity_id)
    if owners:
        found = found.where(owned_by(connection, owners, entities.c.id))
    if scorecards is not None:
        theirs = _has_result(connection, scorecards)
        found = found.where(or_(theirs, not_(_has_result(connection, None))))
    return found


def _has_result(connection: Connection, scorecards: Collection[str] | None) -> ColumnElement[bool]:
    """The condition that one of these scorecards, or any, has a result of who has no answer."""
    stored = select(results.c.entity_id).where(results.c.entity_id == unanswerable.c.entity_id)
    if scorecards is not None:
        stored = stored.where(among(connection, results.c.scorecard, sorted(scorecards)))
    return stored.exists()


def _unanswered(row: Any) -> Unanswered:
    return Unanswered(ref=row.ref, reason=row.reason, since=utc(row.at) or row.at)
