"""The index: which entities have which searchable terms, interned, with the count of each.

An entity keeps the ids of its terms packed beside it, so that a change touches only the postings
that differ, and no index from entities to postings is needed.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete

from catalog.entity import Term
from portal.db import bulk
from portal.db.tables import postings, terms

KEY = ("key", "value", "original", "known")

Key = tuple[str, str, str, bool]
"""The values of `KEY`: `value` is `original` in lower case, both are empty where none is known."""

Postings = dict[int, list[int]]
"""Of each term the entities, in order."""


def put_terms(
    connection: Connection, wanted: Mapping[int, Iterable[Term]], before: Mapping[int, bytes]
) -> dict[int, bytes]:
    """Let each entity in `wanted` have exactly these terms; returns the terms of each, packed.

    `before` holds the packed terms of the entities that had some; one that is not in `wanted`
    loses all of them. Counts are kept, and a term that no entity has any more goes.
    """
    ids, new = _ids(connection, set[Term]().union(*wanted.values()))
    packed: dict[int, bytes] = {}
    come: Postings = defaultdict(list)
    gone: Postings = defaultdict(list)
    for entity in sorted(wanted.keys() | before.keys()):
        after = set(map(ids.__getitem__, wanted.get(entity, ())))
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


def unpack(packed: bytes) -> tuple[int, ...]:
    """The sorted term ids of an entity."""
    return struct.unpack(f"<{len(packed) // 4}I", packed)


def _ids(
    connection: Connection, wanted: Iterable[Term]
) -> tuple[dict[Term, int], list[tuple[int, Key]]]:
    """The id of each term; and the ids and keys of those that are not in the table yet."""
    keys = {_key(term): term for term in wanted}
    known = bulk.find(connection, terms, KEY, keys)
    first = bulk.next_id(connection, terms)
    new = list(enumerate(sorted(keys.keys() - known.keys()), start=first))
    ids = {keys[key]: number for key, number in known.items()}
    ids.update((keys[key], number) for number, key in new)
    return ids, new


def _key(term: Term) -> Key:
    original = term.value or ""
    return term.key, original.lower(), original, term.value is not None


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
