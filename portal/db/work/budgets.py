"""Budgets of systems, as all processes know them: a row for each system and set of credentials."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection, delete, select

from plugins.budgets import Budget, Left
from portal.db import values
from portal.db.tables import meta

PREFIX = "budget:"
"""Begins the keys of the stored values."""


def listed(connection: Connection) -> dict[str, Budget]:
    """What is known, by system."""
    found = select(meta.c.key, meta.c.value).where(meta.c.key.startswith(PREFIX, autoescape=True))
    return {
        row.key.removeprefix(PREFIX): _read(row.value)
        for row in connection.execute(found.order_by(meta.c.key))
    }


def tell(connection: Connection, system: str, budget: Budget, *, now: float) -> None:
    """Add to what is known of a system. The connection is in a write transaction."""
    known = values.get(connection, PREFIX + system)
    joined = (budget if known is None else budget.joined(_read(known))).at(now)
    if joined == Budget():
        connection.execute(delete(meta).where(meta.c.key == PREFIX + system))
    else:
        values.put(connection, PREFIX + system, _written(joined))


def _read(text: str) -> Budget:
    said = orjson.loads(text)
    left = {name: Left(*one) for name, one in said["left"].items()}
    return Budget(until=said["until"], left=left)


def _written(budget: Budget) -> str:
    left = {name: tuple(one) for name, one in budget.left.items()}
    return orjson.dumps({"until": budget.until, "left": left}).decode()
