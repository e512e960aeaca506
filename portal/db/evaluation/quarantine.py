"""The quarantine as it is stored: expressions that are not run, until their text or the product changes.

It is shared by all processes and survives them: what an expression cost once, it does not cost again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from portal.db import values
from portal.db.bulk import add, among, pick
from portal.db.engine import utc
from portal.db.tables import quarantine

PARDONS = "pardons"
"""Key of the stored value that counts pardons: what a child found out before one is void."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """An expression that is not run."""

    expression: str
    reason: str
    at: datetime


def put(
    connection: Connection, expression: str, reason: str, *, edition: str, now: datetime
) -> bool:
    """Do not run this expression any more; False if that is so already.

    The connection is in a write transaction. Others' results do not say so before `spread`.
    """
    digest = _digest(expression, edition)
    if list(pick(connection, (quarantine.c.digest,), quarantine.c.digest, [digest])):
        return False
    columns = ("digest", "expression", "edition", "reason", "at", "spread")
    add(connection, quarantine, columns, [(digest, expression, edition, reason, now, False)])
    return True


def listed(connection: Connection, edition: str) -> tuple[Quarantined, ...]:
    """What is not run by this edition, in the order in which it was found."""
    rows = connection.execute(
        select(quarantine.c.expression, quarantine.c.reason, quarantine.c.at)
        .where(quarantine.c.edition == edition)
        .order_by(quarantine.c.at, quarantine.c.digest)
    )
    return tuple(
        Quarantined(expression=row.expression, reason=row.reason, at=utc(row.at) or row.at)
        for row in rows
    )


def refused(connection: Connection, edition: str) -> dict[str, str]:
    """Why each expression is not run by this edition."""
    return {one.expression: one.reason for one in listed(connection, edition)}


def unspread(connection: Connection, edition: str) -> list[str]:
    """Expressions of which results do not say yet that they are not run."""
    waiting = select(quarantine.c.expression).where(
        quarantine.c.edition == edition, quarantine.c.spread.is_(False)
    )
    return list(connection.execute(waiting).scalars())


def spread(connection: Connection, expressions: Collection[str], edition: str) -> None:
    """Note that the entities are marked whose results have to say so."""
    these = _these(connection, expressions, edition)
    connection.execute(update(quarantine).where(these).values(spread=True))


def pardon(connection: Connection, expressions: Collection[str], edition: str) -> list[str]:
    """Let these run again; returns those that were not run."""
    found = select(quarantine.c.expression).where(_these(connection, expressions, edition))
    pardoned = list(connection.execute(found.order_by(quarantine.c.at)).scalars())
    if pardoned:
        connection.execute(delete(quarantine).where(_these(connection, expressions, edition)))
        values.put(connection, PARDONS, str(pardons(connection) + 1))
    return pardoned


def pardons(connection: Connection) -> int:
    """How often expressions were pardoned."""
    return int(values.get(connection, PARDONS) or 0)


def forget_others(connection: Connection, edition: str) -> None:
    """Forget what other editions did not run: all of it is tried anew."""
    connection.execute(delete(quarantine).where(quarantine.c.edition != edition))


def _these(
    connection: Connection, expressions: Collection[str], edition: str
) -> ColumnElement[bool]:
    digests = [_digest(expression, edition) for expression in expressions]
    return among(connection, quarantine.c.digest, digests)


def _digest(expression: str, edition: str) -> str:
    return hashlib.sha256(f"{edition}\n{expression}".encode()).hexdigest()
