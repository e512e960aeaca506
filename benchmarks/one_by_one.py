"""Entities with all that is stored about them, to be assessed one by one: what answers are checked by."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from portal.db.bulk import among
from portal.db.collection import facts
from portal.db.tables import entities
from scorecards.collection.store import Assessable


def assessable(connection: Connection, ids: Sequence[int]) -> list[Assessable]:
    """The entities that still exist, in the order of `ids`."""
    columns = select(entities.c.id, entities.c.ref, entities.c.body)
    rows = connection.execute(columns.where(among(connection, entities.c.id, ids)))
    found = {row.id: row for row in rows}
    records = facts.for_entities(connection, ids)
    return [
        Assessable(id=n, ref=found[n].ref, body=found[n].body, records=records.get(n, ()))
        for n in ids
        if n in found
    ]
