"""The graph of relations, walked: what surrounds an entity, one query for each step away from it.

Relations are stored in both directions, so what leads to an entity is found as quickly as what it
leads to. Walks are bounded in nodes and edges, and say where they were cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Column, Connection, select

from catalog.cycles import cycles
from portal.db import bulk
from portal.db.catalog.entity_rows import title_in
from portal.db.tables import edges, entities, refs, relation_types

EDGES_PER_NODE = 10
"""Edges that a walk holds at most, for each node that it may hold."""


class Direction(StrEnum):
    """Which relations of an entity are followed."""

    OUT = "out"
    """Those that it shows."""
    IN = "in"
    """Those of others that show it."""
    BOTH = "both"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A ref in the graph."""

    ref: str
    kind: str
    """Lower case."""
    title: str
    """`metadata.title`, or '' where there is none."""
    exists: bool
    """Whether it is an entity, and not only a name in a relation."""
    distance: int
    """Steps from the root."""


class Edge(NamedTuple):
    """A relation of the entity `source`."""

    source: str
    type: str
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cycle:
    """Entities that all lead to each other by relations of one type."""

    types: tuple[str, ...]
    """More than one where another type says the same the other way round."""
    refs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """What a walk found."""

    nodes: tuple[Node, ...]
    """By distance, then by ref."""
    edges: tuple[Edge, ...]
    """Every relation of the wanted types between two of the nodes that the walk came along."""
    cycles: tuple[Cycle, ...]
    truncated: bool
    """Whether the walk ended because of a limit and not because nothing was left."""


class _Row(NamedTuple):
    source: int
    type: int
    target: int


def walk(
    connection: Connection,
    root: int,
    *,
    direction: Direction = Direction.BOTH,
    types: Collection[str] = (),
    depth: int = 1,
    limit: int = 200,
) -> Graph:
    """What is at most `depth` steps away from a ref, nearest first, in at most `limit` nodes.

    Only relations of `types` are followed; none: all. A node at the rim is not left, but its
    relations to other nodes are told.
    """
    wanted = type_ids(connection, types)
    distance = {root: 0}
    found: set[_Row] = set()
    room = limit * EDGES_PER_NODE
    frontier: list[int] = [root]
    truncated = False
    for step in range(1, depth + 2):
        if not frontier or not wanted:
            break
        if step <= depth:
            rows = _steps(connection, frontier, direction, wanted, room + 1)
            truncated |= len(rows) > room
        else:
            rows = _rim(connection, frontier, direction, wanted, distance.keys())
        rows = [row for row in rows if row not in found]
        truncated |= len(rows) > room - len(found)
        fresh = sorted({end for row in rows for end in (row.source, row.target)} - distance.keys())
        truncated |= len(fresh) > limit - len(distance)
        frontier = fresh[: limit - len(distance)]
        distance.update((node, step) for node in frontier)
        known = [row for row in rows if row.source in distance and row.target in distance]
        found.update(known[: room - len(found)])
        if truncated:
            break
    return _graph(connection, distance, found, truncated)


def type_ids(connection: Connection, names: Collection[str]) -> dict[int, str]:
    """The relation types with these names, in any case, by number; no names: every type."""
    rows = connection.execute(select(relation_types.c.id, relation_types.c.name))
    wanted = {name.lower() for name in names}
    return {row.id: row.name for row in rows if not wanted or row.name.lower() in wanted}


def nodes(connection: Connection, distance: dict[int, int]) -> dict[int, Node]:
    """The refs with these numbers, each at its distance."""
    rows = connection.execute(
        select(refs.c.id, refs.c.ref, entities.c.body)
        .outerjoin(entities, entities.c.id == refs.c.id)
        .where(bulk.among(connection, refs.c.id, distance.keys()))
    )
    return {
        row.id: Node(
            ref=row.ref,
            kind=row.ref.partition(":")[0],
            title=title_in(row.body),
            exists=row.body is not None,
            distance=distance[row.id],
        )
        for row in rows
    }


def _steps(
    connection: Connection,
    frontier: Sequence[int],
    direction: Direction,
    types: Collection[int],
    limit: int,
) -> list[_Row]:
    """The first edges at the nodes of the frontier."""
    found: set[_Row] = set()
    for here, _ in _ways(direction):
        rows = connection.execute(
            select(*_EDGE)
            .where(
                bulk.among(connection, here, frontier),
                bulk.among(connection, edges.c.type_id, types),
            )
            .distinct()
            .order_by(*_EDGE)
            .limit(limit)
        )
        found.update(_Row(*row) for row in rows)
    return sorted(found)[:limit]


def _rim(
    connection: Connection,
    frontier: Sequence[int],
    direction: Direction,
    types: Collection[int],
    inside: Collection[int],
) -> list[_Row]:
    """The edges between the nodes of the frontier and any node inside.

    Types are told apart here: looked up by source, type and target, each with each, SQLite would
    take longer than for every edge of a hub.
    """
    found: set[_Row] = set()
    for here, there in _ways(direction):
        rows = connection.execute(
            select(*_EDGE).where(
                bulk.among(connection, here, frontier), bulk.among(connection, there, inside)
            )
        )
        found.update(_Row(*row) for row in rows if row.type_id in types)
    return sorted(found)


_EDGE = (edges.c.source_id, edges.c.type_id, edges.c.target_id)


def _ways(direction: Direction) -> list[tuple[Column[int], Column[int]]]:
    """The end of an edge that one comes from, and the one that it leads to."""
    out = (edges.c.source_id, edges.c.target_id)
    return {
        Direction.OUT: [out],
        Direction.IN: [out[::-1]],
        Direction.BOTH: [out, out[::-1]],
    }[direction]


def _graph(
    connection: Connection, distance: dict[int, int], found: Iterable[_Row], truncated: bool
) -> Graph:
    named = nodes(connection, distance)
    types = type_ids(connection, ())
    told = sorted(
        Edge(named[row.source].ref, types[row.type], named[row.target].ref) for row in found
    )
    return Graph(
        nodes=tuple(sorted(named.values(), key=lambda node: (node.distance, node.ref))),
        edges=tuple(told),
        cycles=_cycles(told),
        truncated=truncated,
    )


def _cycles(found: Sequence[Edge]) -> tuple[Cycle, ...]:
    """A relation and its way back are no cycle: each type is looked at by itself."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for type_ in sorted({edge.type for edge in found}):
        for group in cycles((edge.source, edge.target) for edge in found if edge.type == type_):
            groups.setdefault(group, []).append(type_)
    return tuple(Cycle(types=tuple(types), refs=group) for group, types in sorted(groups.items()))
