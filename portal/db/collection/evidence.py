"""Evidence of the past: compressed, and what is equal kept once.

An entity's scorecards look at the same facts, and entities that lack the same things are told the
same: both are named by the digest of what they hold.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256

from sqlalchemy import Connection, delete, except_, select

from portal.db.bulk import add, among, change, next_id, pick
from portal.db.tables import evidence, transitions

QUICK = 1
"""Level of compression: the others take several times as long for a tenth less."""


def keep(connection: Connection, contents: Iterable[bytes]) -> dict[bytes, int]:
    """The number under which each of these is kept from now on.

    The connection is in a write transaction.
    """
    by_digest = {sha256(content).hexdigest(): content for content in contents}
    stored = pick(connection, (evidence.c.digest, evidence.c.id), evidence.c.digest, by_digest)
    numbers = {row.digest: row.id for row in stored}
    new = [digest for digest in sorted(by_digest) if digest not in numbers]
    if new:
        first = next_id(connection, evidence)
        rows = [
            (number, digest, zlib.compress(by_digest[digest], QUICK))
            for number, digest in enumerate(new, start=first)
        ]
        add(connection, evidence, ("id", "digest", "data"), rows)
        numbers |= {digest: number for number, digest, _ in rows}
    return {content: numbers[digest] for digest, content in by_digest.items()}


def read(connection: Connection, numbers: Collection[int]) -> dict[int, bytes]:
    """What is kept under these numbers."""
    rows = pick(connection, (evidence.c.id, evidence.c.data), evidence.c.id, numbers)
    return {row.id: zlib.decompress(row.data) for row in rows}


def without_facts(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """The transitions of these entities whose facts are still the stored ones: by number, entity."""
    table = transitions.c
    found = select(table.id, table.entity_id).where(
        among(connection, table.entity_id, ids),
        table.facts_id.is_(None),
        table.outcomes.is_not(None),
    )
    return {row.id: row.entity_id for row in connection.execute(found)} if ids else {}


def keep_facts(connection: Connection, told: Mapping[int, bytes]) -> None:
    """Put aside the facts that transitions were seen in, by number of the transition."""
    _keep_for(connection, "facts_id", told)


def keep_said(connection: Connection, told: Mapping[int, bytes]) -> None:
    """Put aside what checks said at transitions, by number of the transition."""
    _keep_for(connection, "said_id", told)


def _keep_for(connection: Connection, column: str, told: Mapping[int, bytes]) -> None:
    if told:
        numbers = keep(connection, told.values())
        rows = sorted((one, numbers[content]) for one, content in told.items())
        change(connection, transitions, "id", (column,), rows)


def forget_unused(connection: Connection) -> int:
    """Forget what no transition needs any more; returns how many went."""
    used = (select(transitions.c.said_id), select(transitions.c.facts_id))
    unused = except_(select(evidence.c.id), *used)
    return connection.execute(delete(evidence).where(evidence.c.id.in_(unused))).rowcount
