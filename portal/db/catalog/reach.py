"""Reach: what is a group's or a person's through others, and what depends on an entity.

Each answer says how it is reached: the relations from the entity that was asked about to the one
that was found, so that nobody has to believe it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, func, select

from portal.db import bulk
from portal.db.catalog.graph import Node, nodes, type_ids
from portal.db.page import Page, page_of
from portal.db.tables import edges, entities

BELOW = ("parentOf",)
"""What leads from a group to the groups in it."""

MEMBERS = ("hasMember",)
OWNED = ("ownerOf",)
GROUPS = ("memberOf",)

INSIDE = ("hasPart",)
"""What leads to the parts of a system, a domain, a component: what needs a part needs the whole."""

OFFERED = ("providesApi",)
"""What leads to an API, on which others depend instead of on the one that provides it."""

NEEDED = ("dependencyOf", "apiConsumedBy")
"""What leads to whatever depends on an entity."""

MOST_GROUPS = 10_000
"""Refs that a walk through groups comes along at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop:
    """One relation on a path."""

    type: str
    ref: str
    """Where it leads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """An entity that was reached."""

    node: Node
    path: tuple[Hop, ...]
    """From the entity that was asked about; the last hop leads here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependents:
    """What depends on an entity."""

    items: tuple[Reached, ...]
    """By distance, then by ref."""
    truncated: bool
    """Whether there are more than the limit allows."""


Path: TypeAlias = "list[tuple[int, str]]"
"""Where each hop leads, and its type."""


class _Tree:
    """A breadth-first walk: by whom and how each ref was first reached."""

    def __init__(self, connection: Connection, start: int) -> None:
        self.start = start
        self.distance = {start: 0}
        self.came: dict[int, tuple[int, str]] = {}
        self._connection = connection

    def step(self, frontier: Collection[int], types: Collection[str]) -> list[int]:
        """Follow relations from these refs; returns what is new, in order."""
        names = type_ids(self._connection, types)
        rows = self._connection.execute(
            select(edges.c.source_id, edges.c.type_id, edges.c.target_id)
            .where(
                bulk.among(self._connection, edges.c.source_id, frontier),
                bulk.among(self._connection, edges.c.type_id, names),
            )
            .order_by(edges.c.source_id, edges.c.type_id, edges.c.target_id)
        )
        fresh: list[int] = []
        for source, type_, target in rows:
            if target not in self.distance:
                self.distance[target] = self.distance[source] + 1
                self.came[target] = (source, names[type_])
                fresh.append(target)
        return fresh

    def spread(self, frontier: Collection[int], types: Collection[str], most: int) -> list[int]:
        """Follow relations again and again; returns all that is new."""
        found: list[int] = []
        while frontier and len(found) < most:
            frontier = self.step(frontier, types)
            found += frontier
        return found

    def path(self, one: int) -> Path:
        """How a ref was first reached."""
        path = []
        while one != self.start:
            before, type_ = self.came[one]
            path.append((one, type_))
            one = before
        return path[::-1]


def owned(
    connection: Connection, owner: int, *, transitive: bool, after: str | None, limit: int
) -> tuple[Page[Reached], int]:
    """What a group or a user owns, by ref, and how much that is.

    Transitively: for a group also what the groups below it and the members of all these own; for a
    user also what the groups that they are a member of own.
    """
    tree = _Tree(connection, owner)
    if transitive:
        groups = [owner, *tree.spread([owner], BELOW, MOST_GROUPS)]
        tree.step(groups, MEMBERS)
        tree.step([owner], GROUPS)
    return _last_hop(connection, tree, OWNED, after, limit)


def members(
    connection: Connection, group: int, *, transitive: bool, after: str | None, limit: int
) -> tuple[Page[Reached], int]:
    """The members of a group, by ref, and how many; transitively those of all groups below, too."""
    tree = _Tree(connection, group)
    if transitive:
        tree.spread([group], BELOW, MOST_GROUPS)
    return _last_hop(connection, tree, MEMBERS, after, limit)


def dependents(connection: Connection, root: int, *, transitive: bool, limit: int) -> Dependents:
    """What depends on an entity: directly, or on an API that it provides, or on a part of it.

    Transitively: also what depends on these, again and again. Parts of the entity are not told to
    depend on it.
    """
    tree = _Tree(connection, root)
    frontier = [root, *tree.spread([root], INSIDE, limit)]
    found: list[int] = []
    while frontier and len(found) <= limit:
        apis = tree.step(frontier, OFFERED)
        frontier = tree.step([*frontier, *apis], NEEDED)
        found += frontier
        if not transitive:
            break
    reached = _reached(connection, {one: tree.path(one) for one in found[:limit]}).values()
    items = sorted(reached, key=lambda one: (one.node.distance, one.node.ref))
    return Dependents(items=tuple(items), truncated=len(found) > limit)


def _last_hop(
    connection: Connection, tree: _Tree, types: Collection[str], after: str | None, limit: int
) -> tuple[Page[Reached], int]:
    """A page of the entities that one more hop from anywhere in the tree leads to, by ref."""
    starts = sorted(tree.distance, key=lambda one: tree.distance[one])
    leads_there = (
        select(edges.c.target_id)
        .where(
            bulk.among(connection, edges.c.source_id, starts),
            bulk.among(connection, edges.c.type_id, type_ids(connection, types)),
        )
        .distinct()
    )
    found = select(entities.c.id, entities.c.ref).where(entities.c.id.in_(leads_there))
    total = connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()
    if after is not None:
        found = found.where(entities.c.ref > after)
    rows = connection.execute(found.order_by(entities.c.ref).limit(limit + 1)).all()
    paths = _last_paths(connection, tree, types, [row.id for row in rows[:limit]])
    reached = _reached(connection, paths)
    page = page_of(rows, limit, item=lambda row: reached[row.id], place=lambda row: str(row.ref))
    return page, total


def _last_paths(
    connection: Connection, tree: _Tree, types: Collection[str], ids: Collection[int]
) -> dict[int, Path]:
    """The shortest way to each of these through the tree, with one hop more."""
    names = type_ids(connection, types)
    columns = (edges.c.target_id, edges.c.source_id, edges.c.type_id)
    ways = [
        (target, tree.distance[source], source, type_)
        for target, source, type_ in bulk.pick(connection, columns, edges.c.target_id, ids)
        if source in tree.distance and type_ in names
    ]
    return {
        target: [*tree.path(source), (target, names[type_])]
        for target, _, source, type_ in sorted(ways, reverse=True)
    }


def _reached(connection: Connection, paths: dict[int, Path]) -> dict[int, Reached]:
    """What is at the end of each path, with everything on the way in words."""
    distance = {step: 0 for path in paths.values() for step, _ in path}
    distance.update((one, len(path)) for one, path in paths.items())
    named = nodes(connection, distance)
    return {
        one: Reached(
            node=named[one],
            path=tuple(Hop(type=type_, ref=named[step].ref) for step, type_ in path),
        )
        for one, path in paths.items()
    }
