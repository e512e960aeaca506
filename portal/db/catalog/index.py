"""The index: which entities have which searchable terms, interned, with the count of each.

A term belongs to a kind: the counts of a kind, of its types and its tags are there to be read, not
to be counted. An entity keeps the ids of its terms packed beside it, so that a change touches only
the postings that differ, and no index from entities to postings is needed.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import cast

from sqlalchemy import Connection, delete

from catalog.entity import Entity
from portal.db import bulk, values
from portal.db.tables import postings, terms

KEY = ("key", "value", "original", "known", "kind")

Key = tuple[str, str, str, bool, str]
"""The values of `KEY`: the value in lower case, and as it is spelled where that is another text."""

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
    keys = {entity_id: keys_of(entity) for entity_id, entity in wanted.items()}
    ids, new = _ids(connection, set[Key]().union(*keys.values()))
    packed: dict[int, bytes] = {}
    come: Postings = defaultdict(list)
    gone: Postings = defaultdict(list)
    for entity in sorted(wanted.keys() | before.keys()):
        after = set(map(ids.__getitem__, keys.get(entity, ())))
        old = unpack(before.get(entity, b""))
        packed[entity] = struct.pack(f"<{len(after)}I", *sorted(after))
        for term in after.difference(old):
            come[term].append(entity)
        for term in old:
            if term not in after:
                gone[term].append(entity)
    bulk.remove(connection, postings, ("term_id", "entity_id"), _rows(gone))
    bulk.add(connection, postings, ("term_id", "entity_id"), _rows(come))
    added = [(number, *key, len(come.pop(number))) for number, key in new]
    bulk.add(connection, terms, ("id", *KEY, "n"), added)
    _count(connection, come, gone)
    return packed


def keys_of(entity: Entity) -> list[Key]:
    """Of every term of the entity; kind and namespace are among them, to be counted."""
    kind = entity.ref.kind.lower()
    found = [*entity.terms, ("kind", entity.ref.kind), ("metadata.namespace", entity.ref.namespace)]
    return [
        (key, "", "", False, kind) if text is None else (key, *_spelled(text), True, kind)
        for key, text in found
    ]


def _spelled(text: str) -> tuple[str, str]:
    lower = text.lower()
    return lower, "" if text == lower else text


def unpack(packed: bytes) -> tuple[int, ...]:
    """The sorted term ids of an entity."""
    return struct.unpack(f"<{len(packed) // 4}I", packed)


def _ids(
    connection: Connection, wanted: Collection[Key]
) -> tuple[dict[Key, int], list[tuple[int, Key]]]:
    """The id of each key; and the ids and keys of those that are not in the table yet."""
    ordered = sorted(wanted)
    known = bulk.find(connection, terms, KEY, ordered)
    last = int(values.get(connection, LAST) or 0)
    new = list(enumerate((key for key in ordered if key not in known), start=last + 1))
    if new:
        values.put(connection, LAST, str(last + len(new)))
    ids = cast(dict[Key, int], known)
    ids.update((key, number) for number, key in new)
    return ids, new


def _rows(found: Postings) -> list[tuple[int, int]]:
    """In the order of the primary key."""
    return [(term, entity) for term in sorted(found) for entity in found[term]]


def _count(connection: Connection, come: Postings, gone: Postings) -> None:
    """Keep the counts of terms that there were already."""
    steps = Counter({term: len(found) for term, found in come.items()})
    steps.subtract({term: len(found) for term, found in gone.items()})
    bulk.increase(connection, terms, "id", "n", sorted(item for item in steps.items() if item[1]))
    if gone:
        unused = bulk.among(connection, terms.c.id, gone)
        connection.execute(delete(terms).where(unused, terms.c.n == 0))
