"""Declarations: which file declares which entity, and what a runner-up would serve.

A runner-up is kept whole, as it was read, so that it can take over at once when the winner stops,
without its file being read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Select, select

from catalog.entity import Entity
from catalog.ingest.changes import Plan
from catalog.ingest.claims import Claim, Declaration
from catalog.refs import EntityRef
from portal.db import bulk, lookups
from portal.db.tables import declarations, files, refs


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """The declarations that a batch has to do with."""

    declarations: tuple[Declaration, ...]
    ids: Mapping[str, int]
    """Id of each ref among them, and of the other refs asked for that are known."""


def stored(connection: Connection, file_ids: Collection[int], declared: Iterable[str]) -> Stored:
    """All declarations of each ref that one of these files declared so far, or `declared` names."""
    wanted = sorted(set(declared))
    found = lookups.find(connection, refs, ("ref",), [(ref,) for ref in wanted])
    known = {ref: number for (ref,), number in found.items()}
    of_files = bulk.pick(connection, (declarations.c.ref_id,), declarations.c.file_id, file_ids)
    affected = {*known.values(), *(row[0] for row in of_files)}
    if not affected:
        return Stored(declarations=(), ids={})
    statement = _of_refs(connection.dialect.name)
    rows = connection.execute(statement, bulk.listed(connection, affected)).all()
    return Stored(
        declarations=tuple(
            Declaration(
                file=row.file_id,
                url=row.url,
                missing=row.missed > 0,
                ref=row.ref,
                document=row.document,
                digest=row.digest,
                serving=bool(row.serving),
            )
            for row in rows
        ),
        ids={**known, **{row.ref: row.ref_id for row in rows}},
    )


def write_declarations(
    connection: Connection, plan: Plan, before: Iterable[Declaration], ids: Mapping[str, int]
) -> None:
    """Write what the plan says of declarations; `before` are those that were stored."""
    known = {(declaration.file, declaration.ref) for declaration in before}
    replaced = [(claim.file, claim.ref) for claim, _ in plan.declared]
    old = [pair for pair in (*replaced, *plan.dropped) if pair in known]
    keys = sorted((file, ids[ref]) for file, ref in old)
    kept = _kept(connection, plan, ids)
    bulk.remove(connection, declarations, ("file_id", "ref_id"), keys)
    bulk.add(
        connection,
        declarations,
        ("file_id", "ref_id", "document", "digest", "serving", "entity"),
        sorted(_row(claim, ids, serving, kept) for claim, serving in plan.declared),
    )


def runners_up(
    connection: Connection, claims: Sequence[Claim], ids: Mapping[str, int]
) -> dict[str, Entity]:
    """The entities, by ref, of claims that are to be served as they are stored."""
    wanted = {(claim.file, ids[claim.ref]): claim.ref for claim in claims}
    columns = (declarations.c.file_id, declarations.c.ref_id, declarations.c.entity)
    rows = bulk.pick(connection, columns, declarations.c.ref_id, {ref for _, ref in wanted})
    return {
        wanted[file, ref]: _unpack(entity) for file, ref, entity in rows if (file, ref) in wanted
    }


@cache
def _of_refs(dialect: str) -> Select[Any]:
    return (
        select(
            declarations.c.file_id,
            declarations.c.ref_id,
            declarations.c.document,
            declarations.c.digest,
            declarations.c.serving,
            refs.c.ref,
            files.c.url,
            files.c.missed,
        )
        .join(refs, refs.c.id == declarations.c.ref_id)
        .join(files, files.c.id == declarations.c.file_id)
        .where(bulk.is_listed(dialect, declarations.c.ref_id))
    )


def _row(
    claim: Claim, ids: Mapping[str, int], serving: bool, kept: Mapping[tuple[int, int], bytes]
) -> tuple[int, int, int, str, bool, bytes | None]:
    key = (claim.file, ids[claim.ref])
    whole = None
    if not serving:
        whole = pack(claim.entity) if claim.entity is not None else kept.get(key)
    return (*key, claim.document, claim.digest, serving, whole)


def _kept(
    connection: Connection, plan: Plan, ids: Mapping[str, int]
) -> dict[tuple[int, int], bytes]:
    """What is stored of runners-up that were not read now, by file and ref."""
    wanted = {ids[c.ref] for c, serving in plan.declared if not serving and c.entity is None}
    columns = (declarations.c.file_id, declarations.c.ref_id, declarations.c.entity)
    rows = bulk.pick(connection, columns, declarations.c.ref_id, wanted)
    return {(row.file_id, row.ref_id): row.entity for row in rows if row.entity is not None}


def pack(entity: Entity) -> bytes:
    """An entity as a runner-up is kept: everything that serving it takes."""
    return orjson.dumps(
        {
            "ref": [entity.ref.kind, entity.ref.namespace, entity.ref.name],
            "body": entity.body.decode(),
            "digest": entity.digest,
            "relations": [list(relation) for relation in entity.relations],
            "terms": [list(term) for term in entity.found_by()],
            "etag": entity.etag,
        }
    )


def _unpack(packed: bytes) -> Entity:
    data = orjson.loads(packed)
    kind, namespace, name = data["ref"]
    return Entity(
        ref=EntityRef(kind=kind, namespace=namespace, name=name),
        body=data["body"].encode(),
        digest=data["digest"],
        relations=tuple(map(tuple, data["relations"])),
        terms=map(tuple, data["terms"]),
        etag=data["etag"],
    )
