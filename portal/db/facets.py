"""Facets: how many entities have each value of a key.

Values keep the spelling of the files. Unfiltered counts of terms are maintained, not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Select, distinct, func, select

from catalog.query import Filter
from portal.db.filters import condition, storable
from portal.db.tables import edges, entities, postings, refs, relation_types, terms

Counts = list[tuple[str, int]]


def facets(
    connection: Connection, keys: Sequence[str], tree: Filter | None = None
) -> dict[str, Counts]:
    """For each key as it was asked for, its values with their counts, sorted by value."""
    return {key: sorted(_facet(connection, key.lower(), tree)) for key in keys}


def _facet(connection: Connection, key: str, tree: Filter | None) -> Counts:
    if not storable([key]):
        return []
    matching = select(entities.c.id).where(condition(tree))
    match key:
        case "kind":
            return _kinds(connection, tree)
        case "metadata.name":
            bodies = connection.execute(select(entities.c.body).where(condition(tree))).scalars()
            return _counted(orjson.loads(body)["metadata"]["name"] for body in bodies)
        case "metadata.namespace" | "metadata.uid":
            column = entities.c.namespace if key == "metadata.namespace" else entities.c.uid
            rows: Select[Any] = select(column, func.count()).where(condition(tree)).group_by(column)
        case _ if key.startswith("relations."):
            named = func.lower(relation_types.c.name) == key.removeprefix("relations.")
            rows = (
                select(refs.c.ref, func.count(distinct(edges.c.source_id)))
                .join(refs, refs.c.id == edges.c.target_id)
                .where(edges.c.type_id.in_(select(relation_types.c.id).where(named)))
                .group_by(refs.c.ref)
            )
            # The sources of edges may be refs that do not exist.
            rows = rows.where(edges.c.source_id.in_(matching))
        case _ if tree is None:
            rows = select(terms.c.original, terms.c.n).where(
                terms.c.key == key, terms.c.known, terms.c.n > 0
            )
        case _:
            rows = (
                select(terms.c.original, func.count())
                .join(postings, postings.c.term_id == terms.c.id)
                .where(terms.c.key == key, terms.c.known, postings.c.entity_id.in_(matching))
                .group_by(terms.c.id, terms.c.original)
            )
    return [(row[0], row[1]) for row in connection.execute(rows)]


def _kinds(connection: Connection, tree: Filter | None) -> Counts:
    """Kinds as files spell them: the column is lower case, and all of a kind are spelled alike."""
    found = connection.execute(
        select(entities.c.kind, func.count(), func.min(entities.c.id))
        .where(condition(tree))
        .group_by(entities.c.kind)
    ).all()
    examples = select(entities.c.kind, entities.c.body).where(
        entities.c.id.in_([row[2] for row in found])
    )
    spelled = {
        row.kind: str(orjson.loads(row.body)["kind"]) for row in connection.execute(examples)
    }
    return [(spelled[kind], n) for kind, n, _ in found]


def _counted(values: Any) -> Counts:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return list(counts.items())
