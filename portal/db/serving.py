"""Serving: the entities as they are shown, with their relations, index rows and tombstones.

Writes what a plan says, set-based, in the caller's transaction. A body is written when its own
file changes, never because of a neighbor; what neighbors change are the derived relations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from typing import Any

from sqlalchemy import Connection

from catalog.changes import Claim, Plan
from catalog.entity import Entity
from portal.db import bulk
from portal.db.declarations import runners_up
from portal.db.edges import EdgeChange, neighbors, put_edges, relations_after, relations_of
from portal.db.index import put_terms
from portal.db.tables import entities, tombstones

IDENTITY = ("id", "uid", "ref", "kind", "namespace", "name")
OWN = ("body", "digest", "relations", "etag", "terms", "file_id", "document")
"""What changes with an entity's own file, or with its relations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Served:
    """An entity that is to be served from now on, and the claim that it is served for."""

    claim: Claim
    entity: Entity


def write_entities(
    connection: Connection,
    plan: Plan,
    ids: Mapping[str, int],
    *,
    now: datetime,
    new_uid: Callable[[], str],
) -> set[int]:
    """Write what the plan says of entities; returns the ids of those to look at again.

    These are the entities that were added or changed, and the neighbors, before or after, of those
    and of the ones that went; all of them exist. `ids` holds the id of every ref in the plan.
    """
    served = _served(connection, plan, ids)
    gone = {ids[removal.ref]: removal.reason for removal in plan.removed}
    changed = {ids[claim.ref] for claim in plan.changed}
    terms_before: dict[int, bytes] = dict(
        bulk.pick(
            connection, (entities.c.id, entities.c.terms), entities.c.id, changed | gone.keys()
        )
    )
    near = neighbors(connection, terms_before)
    moves = put_edges(
        connection,
        {entity_id: one.entity.relations for entity_id, one in served.items()},
        known=terms_before,
        ids=ids,
    )
    terms = put_terms(
        connection,
        {entity_id: one.entity.terms for entity_id, one in served.items()},
        terms_before,
    )
    _bury(connection, gone, now)
    relations, named = relations_of(connection, served.keys(), moves)
    near |= moves.ends | named
    digest, shown = entities.c.digest, entities.c.relations
    others = bulk.pick(
        connection, (entities.c.id, digest, shown), entities.c.id, near - served.keys()
    )
    _insert(connection, served, changed, relations, terms, now, new_uid)
    _update(connection, served, changed, relations, terms, now)
    _relate(connection, others, moves)
    places = [(ids[claim.ref], claim.file, claim.document) for claim in plan.moved]
    bulk.change(connection, entities, "id", ("file_id", "document"), sorted(places))
    return {*served, *(row[0] for row in others)}


def _served(connection: Connection, plan: Plan, ids: Mapping[str, int]) -> dict[int, _Served]:
    claims = sorted([*plan.added, *plan.changed], key=lambda claim: ids[claim.ref])
    kept = runners_up(connection, [claim for claim in claims if claim.entity is None], ids)
    return {
        ids[claim.ref]: _Served(claim=claim, entity=claim.entity or kept[claim.ref])
        for claim in claims
    }


def _bury(connection: Connection, reasons: Mapping[int, str], now: datetime) -> None:
    """Turn entities into tombstones; their facts, results and marks go with the row."""
    columns = (entities.c.id, entities.c.uid, entities.c.ref, entities.c.body)
    rows = bulk.pick(connection, columns, entities.c.id, reasons)
    bulk.add(
        connection,
        tombstones,
        ("id", "uid", "ref", "body", "reason", "removed_at"),
        sorted((*row, reasons[row[0]], now) for row in rows),
    )
    bulk.drop(connection, entities.c.id, reasons)


def _insert(
    connection: Connection,
    served: Mapping[int, _Served],
    changed: Collection[int],
    relations: Mapping[int, bytes],
    terms: Mapping[int, bytes],
    now: datetime,
    new_uid: Callable[[], str],
) -> None:
    new = {entity_id: one for entity_id, one in served.items() if entity_id not in changed}
    if not new:
        return
    uids: dict[int, str] = dict(
        bulk.pick(connection, (tombstones.c.id, tombstones.c.uid), tombstones.c.id, new)
    )
    bulk.drop(connection, tombstones.c.id, uids)
    rows = []
    for entity_id, one in new.items():
        kind, _, rest = one.claim.ref.partition(":")
        namespace, _, name = rest.partition("/")
        identity = (
            entity_id,
            uids.get(entity_id) or new_uid(),
            one.claim.ref,
            kind,
            namespace,
            name,
        )
        own = _own(one, relations[entity_id], terms[entity_id])
        rows.append((*identity, *own, now, now))
    bulk.add(connection, entities, (*IDENTITY, *OWN, "created_at", "updated_at"), rows)


def _update(
    connection: Connection,
    served: Mapping[int, _Served],
    changed: Collection[int],
    relations: Mapping[int, bytes],
    terms: Mapping[int, bytes],
    now: datetime,
) -> None:
    rows = [
        (entity_id, *_own(served[entity_id], relations[entity_id], terms[entity_id]), now)
        for entity_id in sorted(changed)
    ]
    bulk.change(connection, entities, "id", (*OWN, "updated_at"), rows)


def _relate(connection: Connection, others: Sequence[Any], moves: EdgeChange) -> None:
    """Give entities their new relations, where only a neighbor's declarations changed."""
    digests = {entity_id: digest for entity_id, digest, _ in others}
    shown = relations_after(connection, {entity_id: shown for entity_id, _, shown in others}, moves)
    rows = [
        (entity_id, relations, etag_of(digests[entity_id], relations))
        for entity_id, relations in sorted(shown.items())
    ]
    bulk.change(connection, entities, "id", ("relations", "etag"), rows)


def _own(one: _Served, relations: bytes, terms: bytes) -> tuple[object, ...]:
    """The values of `OWN`."""
    entity = one.entity
    etag = etag_of(entity.digest, relations)
    own = (entity.body, entity.digest, relations, etag, terms)
    return (*own, one.claim.file, one.claim.document)


def etag_of(digest: str, relations: bytes) -> str:
    """The etag of an entity: changes with its body and with its relations."""
    return sha1(digest.encode() + relations, usedforsecurity=False).hexdigest()
