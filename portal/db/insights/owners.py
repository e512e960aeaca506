"""Owners: who is named as one without being there, and who a team is, with all that is below it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from portal.db.bulk import among, pick
from portal.db.catalog.graph import type_ids
from portal.db.insights.rollups import INSIDE, OWNED, members_of
from portal.db.tables import edges, entities, refs

BELONGS = "memberOf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """A group, with all groups below it and whoever is a member of any."""

    groups: tuple[str, ...]
    """Sorted; the group itself in any case."""
    people: tuple[str, ...]


def missing_owners(connection: Connection, most: int) -> tuple[str, ...]:
    """The owners that are named and not in the catalog, those of most entities first."""
    types = list(type_ids(connection, [OWNED]))
    found = (
        select(refs.c.ref)
        .join(edges, edges.c.target_id == refs.c.id)
        .outerjoin(entities, entities.c.id == refs.c.id)
        .where(among(connection, edges.c.type_id, types), entities.c.id.is_(None))
        .group_by(refs.c.ref)
        .order_by(func.count().desc(), refs.c.ref)
        .limit(most)
    )
    return tuple(connection.execute(found).scalars())


def tree_of(connection: Connection, ref: str) -> Tree:
    """The tree of a group by its canonical ref, also of one that only others name."""
    groups = members_of(connection, ref, INSIDE)
    types = list(type_ids(connection, [BELONGS]))
    belonging = (
        select(refs.c.ref)
        .join(edges, edges.c.source_id == refs.c.id)
        .where(
            among(connection, edges.c.type_id, types), among(connection, edges.c.target_id, groups)
        )
        .distinct()
    )
    named = {row.ref for row in pick(connection, (refs.c.ref,), refs.c.id, groups)}
    return Tree(
        groups=tuple(sorted(named | {ref})),
        people=tuple(sorted(connection.execute(belonging).scalars())),
    )
