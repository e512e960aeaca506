"""The index: which entities have which searchable terms, interned, with the count of each.

A term belongs to a kind: the counts of a kind, of its types and its tags are there to be read, not
to be counted. An entity keeps the ids of its terms packed beside it, so that a change touches only
the postings that differ, and no index from entities to postings is needed.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import chain, repeat

import orjson
from sqlalchemy import Connection, delete

from catalog.entity import Entity
from catalog.spelled import spell
from portal.db import bulk, lookups, values
from portal.db.tables import postings, terms

KEY = ("key", "value", "original", "known", "kind")
"""What keeps terms apart, in the order in which `catalog.spelled` writes it."""

Postings = dict[int, list[int]]
"""Of each term the entities, in order."""

LAST = "last_term"
"""Key of the stored value that is the last id given out. None is given out twice, so that a reader
may remember what an id means (`portal.db.catalog.texts`)."""


def put_terms(
    connection: Connection, wanted: Mapping[int, Entity], before: Mapping[int, bytes]
) -> dict[int, bytes]:
    """Let each entity in `wanted` have exactly its terms; returns the terms of each, packed.

    `before` holds the packed terms of the entities that had some; one that is not in `wanted`
    loses all of them. Counts are kept, and a term that no entity has any more goes.
    """
    spelled = {entity_id: spelled_of(entity) for entity_id, entity in wanted.items()}
    ids, new = _ids(connection, set[str]().union(*spelled.values()))
    packed: dict[int, bytes] = {}
    come: Postings = defaultdict(list)
    gone: Postings = defaultdict(list)
    for entity in sorted(wanted.keys() | before.keys()):
        after = sorted({*map(ids.__getitem__, spelled.get(entity, ()))})
        packed[entity] = struct.pack(f"<{len(after)}I", *after)
        old = unpack(before.get(entity, b""))
        for term in after if not old else set(after).difference(old):
            come[term].append(entity)
        for term in set(old).difference(after):
            gone[term].append(entity)
    bulk.remove(connection, postings, ("term_id", "entity_id"), list(_rows(gone)))
    bulk.add(connection, postings, ("term_id", "entity_id"), _rows(come))
    rows = orjson.loads(f"[{','.join(text for _, text in new)}]")
    added = [(n, *row, len(come.pop(n))) for (n, _), row in zip(new, rows, strict=True)]
    bulk.add(connection, terms, ("id", *KEY, "n"), added)
    _count(connection, come, gone)
    return packed


def spelled_of(entity: Entity) -> tuple[str, ...]:
    """Every term of the entity; kind and namespace are among them, to be counted."""
    kind, namespace = entity.ref.kind, entity.ref.namespace
    counted = spell(kind, "kind", kind), spell(kind, "metadata.namespace", namespace)
    return (*entity.spelled, *counted)


def unpack(packed: bytes) -> tuple[int, ...]:
    """The sorted term ids of an entity."""
    return struct.unpack(f"<{len(packed) // 4}I", packed)


def _ids(
    connection: Connection, wanted: Collection[str]
) -> tuple[dict[str, int], list[tuple[int, str]]]:
    """The id of each spelled term; and the ids and texts of those that are not in the table yet."""
    ordered = sorted(wanted)
    ids = lookups.find_spelled(connection, terms, KEY, ordered)
    last = int(values.get(connection, LAST) or 0)
    new = list(enumerate((text for text in ordered if text not in ids), start=last + 1))
    if new:
        values.put(connection, LAST, str(last + len(new)))
    ids.update((text, number) for number, text in new)
    return ids, new


def _rows(found: Postings) -> Iterator[tuple[int, int]]:
    """In the order of the primary key."""
    return chain.from_iterable(zip(repeat(term), found[term]) for term in sorted(found))


def _count(connection: Connection, come: Postings, gone: Postings) -> None:
    """Keep the counts of terms that there were already."""
    steps = Counter({term: len(found) for term, found in come.items()})
    steps.subtract({term: len(found) for term, found in gone.items()})
    bulk.increase(connection, terms, "id", "n", sorted(item for item in steps.items() if item[1]))
    if gone:
        unused = bulk.among(connection, terms.c.id, gone)
        connection.execute(delete(terms).where(unused, terms.c.n == 0))
