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

from catalog.entity import Entity
from catalog.ingest.changes import Plan
from catalog.ingest.orphans import orphan_of
from catalog.kinds.registry import Kinds
from portal.db import bulk
from portal.db.catalog.index import put_terms
from portal.db.changes.past import (
    Former,
    Moment,
    Moments,
    find_renames,
    former,
    put_aliases,
    put_past_edges,
    put_versions,
)
from portal.db.evaluation import transitions
from portal.db.ingest import edges
from portal.db.ingest.declarations import runners_up
from portal.db.tables import entities, tombstones

IDENTITY = ("id", "uid", "ref", "kind", "namespace", "name")
OWN = (
    *("body", "digest", "relations", "etag", "status", "terms"),
    *("file_id", "document", "revision", "seq"),
)
"""What changes with an entity's own file, or with its relations. The status follows afterwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """An entity that is to be served from now on, and where it is declared."""

    ref: str
    entity: Entity
    file: int | None
    """None: nowhere, it is an orphan."""
    document: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What became of entities."""

    added: frozenset[int]
    changed: frozenset[int]
    removed: frozenset[int]
    touched: frozenset[int]
    """To look at again: those added or changed, and the neighbors, before or after, of these and
    of the ones that went. All of them exist."""


def write_entities(
    connection: Connection,
    plan: Plan,
    ids: Mapping[str, int],
    *,
    at: Moment,
    of: Mapping[int, Moment],
    new_uid: Callable[[], str],
    kinds: Kinds,
) -> tuple[Written, Moments]:
    """Write what the plan says of entities; `ids` holds the id of every ref in the plan.

    `of` are the batches by file, `at` is the last one. Returns also in which batch each entity is.
    """
    served = _served(connection, plan, ids)
    reasons = {ids[removal.ref]: removal.reason for removal in plan.removed}
    replaced = {ids[claim.ref] for claim in plan.changed} | {ids[ref] for ref in plan.orphaned}
    before = former(connection, replaced | reasons.keys())
    for ref in plan.orphaned:
        served[ids[ref]] = _orphan(before[ids[ref]], kinds)
    files = {ids[removal.ref]: removal.file for removal in plan.removed}
    files |= {ids[ref]: before[ids[ref]].file_id or 0 for ref in plan.orphaned}
    files |= {id_: one.file for id_, one in served.items() if one.file is not None}
    moments = Moments(at, {id_: of[file] for id_, file in files.items() if file in of})
    written = write_served(
        connection,
        served,
        before,
        reasons,
        ids,
        at=moments,
        new_uid=new_uid,
        moved=[(ids[claim.ref], claim.file, claim.document) for claim in plan.moved],
    )
    return written, moments


def write_served(
    connection: Connection,
    served: Mapping[int, Served],
    before: Mapping[int, Former],
    reasons: Mapping[int, str],
    ids: Mapping[str, int],
    *,
    at: Moments,
    new_uid: Callable[[], str],
    moved: Sequence[tuple[int, int, int]] = (),
) -> Written:
    """Serve these entities from now on, and no longer those in `reasons`.

    `before` holds what was served so far of both; `moved` are ids of entities that are the same at
    another place, with file and document; `ids` are of refs that need no look-up.
    """
    near = edges.neighbors(connection, before)
    shown = edges.edges_from(connection, served.keys())
    moves = _put_edges(connection, served, before, ids, at)
    terms = put_terms(
        connection,
        {entity_id: one.entity for entity_id, one in served.items()},
        {entity_id: one.terms for entity_id, one in before.items()},
    )
    put_versions(connection, before, reasons, at)
    changed = before.keys() & served.keys()
    new = {entity_id: one for entity_id, one in served.items() if entity_id not in changed}
    renamed = _renamed(before, reasons, new)
    _bury(connection, before, reasons, renamed, at)
    relations, named = edges.relations_of(connection, served.keys(), shown, moves)
    others = _stored(connection, (near | moves.ends | named) - served.keys())
    own = {
        entity_id: _own(one, relations[entity_id], terms[entity_id], at[entity_id])
        for entity_id, one in served.items()
    }
    _insert(connection, new, own, renamed, at.last.now, new_uid)
    updated = [(entity_id, *own[entity_id], at.last.now) for entity_id in sorted(changed)]
    bulk.change(connection, entities, "id", (*OWN, "updated_at"), updated)
    _relate(connection, others, moves)
    bulk.change(connection, entities, "id", ("file_id", "document"), sorted(moved))
    put_aliases(connection, {n: f.id for n, f in renamed.items()}, new.keys(), at.last.now)
    return Written(
        added=frozenset(new),
        changed=frozenset(changed),
        removed=frozenset(reasons),
        touched=frozenset({*served, *(row[0] for row in others)}),
    )


def _put_edges(
    connection: Connection,
    served: Mapping[int, Served],
    before: Mapping[int, Former],
    ids: Mapping[str, int],
    at: Moments,
) -> edges.EdgeChange:
    """Write what the entities declare of others; edges that end are kept as past ones."""
    moves = edges.put_edges(
        connection,
        {entity_id: one.entity.relations for entity_id, one in served.items()},
        known=before.keys(),
        ids=ids,
        at=at,
    )
    put_past_edges(connection, moves.ended.items(), at)
    return moves


def _stored(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """What relations and etag of these entities are made of, for those that exist."""
    this = entities.c
    columns = (this.id, this.digest, this.relations, this.status, this.etag)
    return bulk.pick(connection, columns, this.id, ids)


def _served(connection: Connection, plan: Plan, ids: Mapping[str, int]) -> dict[int, Served]:
    claims = sorted([*plan.added, *plan.changed], key=lambda claim: ids[claim.ref])
    kept = runners_up(connection, [claim for claim in claims if claim.entity is None], ids)
    return {
        ids[claim.ref]: Served(
            ref=claim.ref,
            entity=claim.entity or kept[claim.ref],
            file=claim.file,
            document=claim.document,
        )
        for claim in claims
    }


def _orphan(one: Former, kinds: Kinds) -> Served:
    return Served(ref=one.ref, entity=orphan_of(one.body, kinds), file=None, document=one.document)


def _renamed(
    before: Mapping[int, Former], reasons: Mapping[int, str], new: Mapping[int, Served]
) -> dict[int, Former]:
    """By the id of each entity that is another one under a new name, what it was."""
    come = (
        (entity_id, one.ref, one.file, one.document, one.entity.body)
        for entity_id, one in new.items()
        if one.file is not None
    )
    return find_renames((before[entity] for entity in reasons if entity in before), come)


def _bury(
    connection: Connection,
    before: Mapping[int, Former],
    reasons: Mapping[int, str],
    renamed: Mapping[int, Former],
    at: Moments,
) -> None:
    """Turn entities into tombstones; their facts, results and marks go with the row.

    One that goes on under another name leaves none.
    """
    on = {one.id for one in renamed.values()}
    bulk.add(
        connection,
        tombstones,
        ("id", "uid", "ref", "body", "reason", "actor", "removed_at"),
        [
            (one.id, one.uid, one.ref, one.body, reasons[one.id], at[one.id].actor, at[one.id].now)
            for _, one in sorted(before.items())
            if one.id in reasons and one.id not in on
        ],
    )
    transitions.end_all(connection, reasons, at=at.last.now)
    bulk.drop(connection, entities.c.id, reasons)


def _insert(
    connection: Connection,
    new: Mapping[int, Served],
    own: Mapping[int, tuple[object, ...]],
    renamed: Mapping[int, Former],
    now: datetime,
    new_uid: Callable[[], str],
) -> None:
    if not new:
        return
    uids: dict[int, str] = dict(
        bulk.pick(connection, (tombstones.c.id, tombstones.c.uid), tombstones.c.id, new)
    )
    bulk.drop(connection, tombstones.c.id, uids)
    rows = []
    for entity_id, one in new.items():
        kind, _, rest = one.ref.partition(":")
        namespace, _, name = rest.partition("/")
        was = renamed.get(entity_id)
        uid = was.uid if was else uids.get(entity_id) or new_uid()
        created = was.created_at if was else now
        identity = (entity_id, uid, one.ref, kind, namespace, name)
        rows.append((*identity, *own[entity_id], created, now))
    bulk.add(connection, entities, (*IDENTITY, *OWN, "created_at", "updated_at"), rows)


def _relate(connection: Connection, others: Sequence[Any], moves: edges.EdgeChange) -> None:
    """Give entities their new relations, where only a neighbor's declarations changed."""
    stored = {row.id: row for row in others}
    shown = edges.relations_after(connection, {row.id: row.relations for row in others}, moves)
    rows = []
    for entity_id, relations in sorted(shown.items()):
        row = stored[entity_id]
        rows.append((entity_id, relations, next_etag(row, relations=relations, status=row.status)))
    bulk.change(connection, entities, "id", ("relations", "etag"), rows)


def _own(one: Served, relations: bytes, terms: bytes, at: Moment) -> tuple[object, ...]:
    """The values of `OWN`."""
    entity = one.entity
    etag = entity.etag or etag_of(entity.digest, relations, None)
    own = (entity.body, entity.digest, relations, etag, None, terms)
    return (*own, one.file, one.document, at.revision, at.seq)


def next_etag(row: Any, *, relations: bytes, status: bytes | None) -> str:
    """The etag of a stored entity (digest, relations, status, etag) with other relations or status.

    One that its file declares is kept: it is told by not being ours.
    """
    if row.etag != etag_of(row.digest, row.relations, row.status):
        return str(row.etag)
    return etag_of(row.digest, relations, status)


def etag_of(digest: str, relations: bytes, status: bytes | None) -> str:
    """The etag of an entity: changes with its body, its relations and its status."""
    return sha1(digest.encode() + relations + (status or b""), usedforsecurity=False).hexdigest()
