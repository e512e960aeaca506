"""Entities as they are stored, whole rows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from portal.db.bulk import among
from portal.db.catalog.answerable import Answerable
from portal.db.engine import time_of
from portal.db.tables import entities

COLUMNS = (
    entities.c.id,
    entities.c.uid,
    entities.c.ref,
    entities.c.kind,
    entities.c.namespace,
    entities.c.name,
    entities.c.body,
    entities.c.relations,
    entities.c.status,
    entities.c.etag,
    entities.c.document,
    entities.c.revision,
    entities.c.seq,
    entities.c.created_at,
    entities.c.updated_at,
)
"""What `entity_row` needs."""

ENTITIES = select(*COLUMNS)
"""All of them; made once, because it is the start of every hot statement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityRow:
    """A stored entity."""

    id: int
    uid: str
    ref: str
    """Canonical; kind, namespace and name are in lower case too."""
    kind: str
    namespace: str
    name: str
    body: bytes
    """JSON as declared; without uid, etag and relations."""
    relations: bytes
    """JSON array, sorted by type and target."""
    status: bytes | None
    """JSON object, with `items`; None where there is nothing to tell."""
    etag: str
    document: int
    """Index in its file, from 0."""
    revision: str
    """Of its repository, when this version was read."""
    seq: int
    """The catalog's sequence number at which this version came."""
    created_at: datetime
    updated_at: datetime

    def answer(self) -> bytes:
        """The entity as JSON, as Backstage answers it. Nothing is parsed."""
        return Answerable(
            id=self.id,
            ref=self.ref,
            uid=self.uid,
            etag=self.etag,
            body=self.body,
            relations=self.relations,
            status=self.status,
        ).answer()


def entity_row(row: Row[*tuple[Any, ...]]) -> EntityRow:
    """The entity of a row that begins with `COLUMNS`."""
    return EntityRow(
        id=row.id,
        uid=row.uid,
        ref=row.ref,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        body=row.body,
        relations=row.relations,
        status=row.status,
        etag=row.etag,
        document=row.document,
        revision=row.revision,
        seq=row.seq,
        created_at=time_of(row.created_at),
        updated_at=time_of(row.updated_at),
    )


def title_in(body: bytes | None) -> str:
    """The title that a stored body states; '' where there is neither."""
    title = orjson.loads(body)["metadata"].get("title") if body else None
    return title if isinstance(title, str) else ""


def by_ids(connection: Connection, ids: Sequence[int]) -> list[EntityRow]:
    """The entities that exist, in the order of `ids`."""
    rows = connection.execute(ENTITIES.where(among(connection, entities.c.id, ids)))
    found = {row.id: entity_row(row) for row in rows}
    return [found[number] for number in ids if number in found]
