"""Edges: the relations that entities declare, and the `relations` of each entity that follow.

An edge belongs to the entity that declares it, its origin, and points in either direction; what an
entity shows are all edges with it as source. Both ends are refs, which may not exist (yet).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import orjson
from sqlalchemy import Connection, select

from catalog.entity import Relation
from portal.db import bulk
from portal.db.changes.past import Moments
from portal.db.tables import edges, refs, relation_types

COLUMNS = (edges.c.source_id, edges.c.type_id, edges.c.target_id, edges.c.origin_id)
"""In the order of the primary key."""

TYPES = select(relation_types.c.name, relation_types.c.id)

Row = tuple[int, ...]
"""The values of `COLUMNS`, or of the first three."""


Shown = tuple[str, str]
"""A relation as its source shows it: its type and the ref of its target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeChange:
    """How the edges of some origins changed."""

    come: Collection[Row]
    """What is new of some origin; another may have declared the same before."""
    gone: Collection[Row]
    """What no origin declares any more."""
    ended: Mapping[Row, int]
    """Edges that went, with their origins, and the number of the batch in which each came."""
    ends: frozenset[int]
    """Every entity at an end of an edge that came or went."""
    types: Mapping[int, str]
    """The name of every relation type there is."""
    refs: Mapping[int, str]
    """The texts of refs that need no look-up."""


def put_edges(
    connection: Connection,
    declared: Mapping[int, Sequence[Relation]],
    *,
    known: Collection[int],
    ids: Mapping[str, int],
    at: Moments,
) -> EdgeChange:
    """Let each origin in `declared` have exactly these edges, and the other `known` ones none.

    `known` are the origins that may have edges so far; `ids` are of refs that need no look-up.
    """
    found = list(chain.from_iterable(declared.values()))
    sources, named, targets = zip(*found, strict=True) if found else ((), (), ())
    origins = chain.from_iterable(repeat(origin, len(of)) for origin, of in declared.items())
    ids = bulk.intern(connection, refs, "ref", {*sources, *targets}, known=ids)
    known_types: dict[str, int] = dict(connection.execute(TYPES).all())
    types = bulk.intern(connection, relation_types, "name", {*named}, known=known_types)
    stored = bulk.pick(connection, (*COLUMNS, edges.c.seq), edges.c.origin_id, known)
    before = {tuple(row[:4]): row[4] for row in stored}
    columns = (map(ids.__getitem__, sources), map(types.__getitem__, named))
    # What an entity declares has no repeats.
    after = list(zip(*columns, map(ids.__getitem__, targets), origins, strict=True))
    come = sorted(set(after).difference(before) if before else after)
    gone = sorted(before.keys() - set(after)) if before else []
    names = [column.name for column in COLUMNS]
    bulk.remove(connection, edges, names, gone)
    seqs = {origin: at[origin].seq for origin in declared}
    bulk.add(connection, edges, (*names, "seq"), ((*edge, seqs[edge[3]]) for edge in come))
    return EdgeChange(
        come=come,
        # What sources still show, because of other origins, is not gone.
        gone={edge[:3] for edge in gone} - edges_from(connection, {edge[0] for edge in gone}),
        ended={edge: before[edge] for edge in gone},
        ends=frozenset(chain.from_iterable((edge[0], edge[2]) for edge in chain(come, gone))),
        types={number: name for name, number in types.items()},
        refs={number: ref for ref, number in ids.items()},
    )


def neighbors(connection: Connection, ids: Collection[int]) -> set[int]:
    """The ids of the refs at the other end of any edge of these entities, in either direction."""
    return {row[0] for row in bulk.pick(connection, (edges.c.target_id,), edges.c.source_id, ids)}


def edges_from(connection: Connection, ids: Collection[int]) -> set[Row]:
    """The edges (source, type, target) that have one of these entities as source, without repeats."""
    return {tuple(row) for row in bulk.pick(connection, COLUMNS[:3], edges.c.source_id, ids)}


def relations_of(
    connection: Connection, ids: Collection[int], before: Collection[Row], change: EdgeChange
) -> tuple[dict[int, bytes], set[int]]:
    """`relations` of each of these entities, as Backstage shows them: sorted, without repeats.

    Also the ids of all the refs that they name. `before` are the edges from them before the change: most
    come with it, and need not be read again.
    """
    come = {edge[:3] for edge in change.come if edge[0] in ids}
    rows = come.union(before).difference(change.gone)
    shown = _shown(connection, rows, change)
    return {entity: _as_json(shown.get(entity, ())) for entity in ids}, {row[2] for row in rows}


def relations_after(
    connection: Connection, stored: Mapping[int, bytes], change: EdgeChange
) -> dict[int, bytes]:
    """`relations` of those of these entities for which the change makes a difference.

    Made from what they showed before: a hub with thousands of neighbors is not read again whenever
    one of them comes or goes.
    """
    come = _shown(connection, [edge[:3] for edge in change.come if edge[0] in stored], change)
    gone = _shown(connection, [edge for edge in change.gone if edge[0] in stored], change)
    result = {}
    for entity in come.keys() | gone.keys():
        shown = {(one["type"], one["targetRef"]) for one in orjson.loads(stored[entity])}
        after = (shown | come.get(entity, set())) - gone.get(entity, set())
        if after != shown:
            result[entity] = _as_json(after)
    return result


def _shown(
    connection: Connection, rows: Collection[Row], change: EdgeChange
) -> dict[int, set[Shown]]:
    """Edges (source, type, target) by their source, in words."""
    unknown = {row[2] for row in rows} - change.refs.keys()
    found: dict[int, str] = dict(bulk.pick(connection, (refs.c.id, refs.c.ref), refs.c.id, unknown))
    texts = {**change.refs, **found}
    shown: dict[int, set[Shown]] = defaultdict(set)
    for source, type_, target in rows:
        shown[source].add((change.types[type_], texts[target]))
    return shown


def _as_json(shown: Iterable[Shown]) -> bytes:
    return orjson.dumps([{"type": type_, "targetRef": target} for type_, target in sorted(shown)])
