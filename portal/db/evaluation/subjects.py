"""Subjects: entities with what collectors and rules see of them, their neighbors included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, func, select

from portal.db.bulk import among
from portal.db.tables import edges, entities, files, relation_types
from scorecards.collection.subjects import PackedSubject


def read_subjects(
    connection: Connection, ids: Collection[int], *, alone: bool = False
) -> dict[int, PackedSubject]:
    """The subject of each entity that still exists, by id; `alone`: without neighbors."""
    rows = connection.execute(
        select(entities.c.id, entities.c.ref, entities.c.body, files.c.path)
        .outerjoin(files, files.c.id == entities.c.file_id)
        .where(among(connection, entities.c.id, ids))
        .order_by(entities.c.id)
    ).all()
    neighbors, members = ({}, {}) if alone else _neighbors(connection, [row.id for row in rows])
    found = {}
    for row in rows:
        near = neighbors.get(row.id, {})
        of_groups = {ref: members[ref] for ref in near if ref in members}
        found[row.id] = PackedSubject(row.ref, row.body, row.path or "", near, of_groups)
    return found


def _neighbors(
    connection: Connection, ids: Sequence[int]
) -> tuple[dict[int, dict[str, bytes]], dict[str, int]]:
    """For each entity the bodies of those it refers to; and the size of each group among them."""
    forward = (
        select(edges.c.source_id, edges.c.target_id)
        .where(edges.c.source_id.in_(ids), edges.c.origin_id == edges.c.source_id)
        .distinct()
    )
    pairs = connection.execute(forward).all()
    wanted = sorted({pair.target_id for pair in pairs})
    bodies: dict[int, tuple[str, bytes]] = {}
    groups: dict[int, str] = {}
    for part in (wanted[n : n + 500] for n in range(0, len(wanted), 500)):
        columns = select(entities.c.id, entities.c.ref, entities.c.kind, entities.c.body)
        for row in connection.execute(columns.where(entities.c.id.in_(part))):
            bodies[row.id] = (row.ref, row.body)
            if row.kind == "group":
                groups[row.id] = row.ref
    near: dict[int, dict[str, bytes]] = defaultdict(dict)
    for pair in pairs:
        if pair.target_id in bodies:
            ref, body = bodies[pair.target_id]
            near[pair.source_id][ref] = body
    return near, _members(connection, groups)


def _members(connection: Connection, groups: Mapping[int, str]) -> dict[str, int]:
    """The number of distinct members of each group, by ref."""
    has_member = select(relation_types.c.id).where(relation_types.c.name == "hasMember")
    counted = (
        select(edges.c.source_id, func.count(edges.c.target_id.distinct()).label("n"))
        .join(entities, entities.c.id == edges.c.target_id)
        .where(edges.c.source_id.in_(list(groups)), edges.c.type_id.in_(has_member))
        .group_by(edges.c.source_id)
    )
    counts = {row.source_id: row.n for row in connection.execute(counted)}
    return {ref: counts.get(group, 0) for group, ref in groups.items()}
