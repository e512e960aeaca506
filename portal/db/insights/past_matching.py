"""Matching in the past: which entities a filter held for at a moment of the catalog.

The index knows the present alone, so what is asked about is read: for what a team owned, not for all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import orjson
from sqlalchemy import Connection, select, union_all

from catalog.descriptor.terms import terms
from catalog.problems import JsonValue
from catalog.queries.matching import matches
from catalog.queries.query import Filter
from portal.db.bulk import among, pick
from portal.db.catalog.keys import RELATION
from portal.db.changes.instants import bodies_at
from portal.db.tables import edges, entities, past_edges, refs, relation_types


def matching_at(
    connection: Connection, ids: Collection[int], tree: Filter, seq: int
) -> frozenset[int]:
    """The ids of those of the entities that matched at a sequence number.

    The uid is known of what is still there alone.
    """
    related = _relations_at(connection, ids, seq)
    uids = dict(map(tuple, pick(connection, (entities.c.id, entities.c.uid), entities.c.id, ids)))
    found = set()
    for number, body in bodies_at(connection, ids, seq).items():
        values = _values(orjson.loads(body)) | related.get(number, {})
        if number in uids:
            values["metadata.uid"] = {uids[number]}
        if matches(tree, values):
            found.add(number)
    return frozenset(found)


def _values(body: dict[str, JsonValue]) -> dict[str, set[str]]:
    """The values of an entity that it declares, by key, in lower case."""
    metadata = body["metadata"]
    assert isinstance(metadata, dict)
    found = {
        "kind": {str(body["kind"]).lower()},
        "metadata.name": {str(metadata["name"]).lower()},
        "metadata.namespace": {str(metadata.get("namespace", "default")).lower()},
    }
    for key, value in terms(body)[0]:
        found.setdefault(key, set()).update(() if value is None else (value.lower(),))
    return found


def _relations_at(
    connection: Connection, ids: Collection[int], seq: int
) -> Mapping[int, dict[str, set[str]]]:
    """By entity what it was related to, by key."""
    shown = union_all(
        select(edges.c.source_id, edges.c.type_id, edges.c.target_id).where(
            among(connection, edges.c.source_id, ids), edges.c.seq <= seq
        ),
        select(past_edges.c.source_id, past_edges.c.type_id, past_edges.c.target_id).where(
            among(connection, past_edges.c.source_id, ids),
            past_edges.c.from_seq <= seq,
            past_edges.c.to_seq > seq,
        ),
    ).subquery()
    rows = connection.execute(
        select(shown.c.source_id, relation_types.c.name, refs.c.ref)
        .join(relation_types, relation_types.c.id == shown.c.type_id)
        .join(refs, refs.c.id == shown.c.target_id)
    )
    found: dict[int, dict[str, set[str]]] = {}
    for source, name, ref in rows:
        found.setdefault(source, {}).setdefault(RELATION + name.lower(), set()).add(ref)
    return found
