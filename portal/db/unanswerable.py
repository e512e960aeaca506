"""Entities that cannot be asked about: children are lost over them, and no expression is to blame.

What was known of them stays, and is told with why it is not fresh. They are tried again when something
marks them, and forgotten here when they are answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from portal.db.bulk import add, drop, pick
from portal.db.engine import utc
from portal.db.result_patterns import owned_by
from portal.db.state import raise_assessment
from portal.db.tables import entities, unanswerable


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
    connection: Connection, *, owners: Sequence[str] = (), limit: int | None = None
) -> tuple[Unanswered, ...]:
    """Those of these owners (canonical refs; none: of anyone), by ref; all, or so many."""
    found = _about(connection, owners).order_by(entities.c.ref).limit(limit)
    return tuple(map(_unanswered, connection.execute(found)))


def count(connection: Connection, *, owners: Sequence[str] = ()) -> int:
    """How many there are of these owners."""
    found = select(func.count()).select_from(_about(connection, owners).subquery())
    return connection.execute(found).scalar_one()


def about(connection: Connection, entity: int) -> Unanswered | None:
    """Why the entity of this id could not be assessed; None: it was, or is yet to be."""
    found = _about(connection, ()).where(unanswerable.c.entity_id == entity)
    row = connection.execute(found).first()
    return None if row is None else _unanswered(row)


def _about(connection: Connection, owners: Sequence[str]) -> Select[Any]:
    found = select(entities.c.ref, unanswerable.c.reason, unanswerable.c.at).join(
        entities, entities.c.id == unanswerable.c.entity_id
    )
    return found.where(owned_by(connection, owners, entities.c.id)) if owners else found


def _unanswered(row: Row[Any]) -> Unanswered:
    return Unanswered(ref=row.ref, reason=row.reason, since=utc(row.at) or row.at)
