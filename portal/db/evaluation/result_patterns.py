"""Results by what they say: how many entities have the same outcomes. Served from one index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, select

from portal.db.bulk import among
from portal.db.catalog.keys import storable
from portal.db.tables import edges, refs, relation_types, results


def outcome_counts(
    connection: Connection, scorecard: str, *, owners: Sequence[str] = ()
) -> dict[str, int]:
    """By the letters of the outcomes, how many entities of these owners have them.

    `owners` are canonical refs; none: of anyone.
    """
    found = (
        select(results.c.outcomes, func.count().label("n"))
        .where(results.c.scorecard == scorecard)
        .group_by(results.c.outcomes)
    )
    if owners:
        found = found.where(owned_by(connection, owners))
    return {row.outcomes: row.n for row in connection.execute(found)}


def owned_by(
    connection: Connection, owners: Sequence[str], entity: Column[Any] = results.c.entity_id
) -> ColumnElement[bool]:
    """The condition that an entity, by default that of a result, belongs to one of `owners`
    (canonical refs)."""
    owned = (
        select(edges.c.source_id)
        .join(refs, refs.c.id == edges.c.target_id)
        .join(relation_types, relation_types.c.id == edges.c.type_id)
        .where(relation_types.c.name == "ownedBy")
        .where(among(connection, refs.c.ref, storable(owners)))
    )
    return entity.in_(owned)
