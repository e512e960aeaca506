"""Reading the catalog: one entity, several, their neighbors, and the catalog as a whole.

Pages, facets and search are in modules of their own, and are found here too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from portal.db import values
from portal.db.bulk import among, pick
from portal.db.catalog.entity_rows import ENTITIES, EntityRow, by_ids, entity_row, title_in
from portal.db.catalog.facets import facets
from portal.db.catalog.keys import storable
from portal.db.catalog.listing import EntityPage, by_query
from portal.db.catalog.search import search
from portal.db.tables import edges, entities, refs, relation_types, terms

__all__ = [
    "EntityPage",
    "EntityRow",
    "Related",
    "bodies",
    "by_ids",
    "by_query",
    "by_ref",
    "by_refs",
    "by_uid",
    "catalog_seq",
    "facets",
    "kind_counts",
    "ref_id",
    "related",
    "search",
]

_BY_REF = ENTITIES.where(entities.c.ref == bindparam("wanted"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """What a relation of an entity leads to."""

    type: str
    ref: str
    exists: bool
    kind: str
    """Lower case, also of what does not exist."""
    title: str
    """`metadata.title`, or '' where there is none."""


def bodies(connection: Connection, ids: Collection[int]) -> dict[int, bytes]:
    """The JSON of those of these entities that exist, by id, in its order."""
    return dict(
        sorted(map(tuple, pick(connection, (entities.c.id, entities.c.body), entities.c.id, ids)))
    )


def refs_by_id(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """The canonical refs of the entities that exist among these, by id."""
    return dict(map(tuple, pick(connection, (entities.c.id, entities.c.ref), entities.c.id, ids)))


def by_ref(connection: Connection, ref: str) -> EntityRow | None:
    """The entity with this canonical ref (`str(EntityRef)`)."""
    if not storable([ref]):
        return None
    row = connection.execute(_BY_REF, {"wanted": ref}).first()
    return entity_row(row) if row else None


def by_uid(connection: Connection, uid: str) -> EntityRow | None:
    """The entity with this uid, in lower case."""
    if not storable([uid]):
        return None
    row = connection.execute(ENTITIES.where(entities.c.uid == uid)).first()
    return entity_row(row) if row else None


def by_refs(connection: Connection, wanted: Iterable[str]) -> dict[str, EntityRow]:
    """The entities that exist among these canonical refs, by ref."""
    unique = storable(list(dict.fromkeys(wanted)))
    rows = connection.execute(ENTITIES.where(among(connection, entities.c.ref, unique)))
    return {row.ref: entity_row(row) for row in rows}


def ref_id(connection: Connection, ref: str) -> int | None:
    """The number of a canonical ref; None where no entity or relation ever named it."""
    if not storable([ref]):
        return None
    return connection.execute(select(refs.c.id).where(refs.c.ref == ref)).scalar()


def related(connection: Connection, entity_id: int) -> list[Related]:
    """Every relation of the entity, sorted by type and ref."""
    found = connection.execute(
        select(relation_types.c.name, refs.c.ref, entities.c.body)
        .select_from(edges)
        .join(relation_types, relation_types.c.id == edges.c.type_id)
        .join(refs, refs.c.id == edges.c.target_id)
        .outerjoin(entities, entities.c.id == edges.c.target_id)
        .where(edges.c.source_id == entity_id)
    ).all()
    # An edge may be declared from both of its ends.
    unique = {(row.name, row.ref): row.body for row in found}
    return [
        Related(
            type=name,
            ref=ref,
            exists=body is not None,
            kind=ref.partition(":")[0],
            title=title_in(body),
        )
        for (name, ref), body in sorted(unique.items(), key=lambda item: item[0])
    ]


def kind_counts(connection: Connection) -> dict[str, int]:
    """The number of entities of each kind, which is in lower case."""
    counted = select(terms.c.kind, func.sum(terms.c.n)).where(terms.c.key == "kind", terms.c.n > 0)
    rows = connection.execute(counted.group_by(terms.c.kind).order_by(terms.c.kind))
    return {row[0]: int(row[1]) for row in rows}


def catalog_seq(connection: Connection) -> int:
    """The catalog's sequence number: raised by each batch that changed something; 0 before."""
    return int(values.get(connection, "catalog_seq") or 0)
