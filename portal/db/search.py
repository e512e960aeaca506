"""Search: the entities that a person most likely means by a few letters."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, select

from portal.db.entity_rows import EntityRow, by_ids
from portal.db.filters import LONGEST_VALUE
from portal.db.tables import entities, postings, terms


def search(connection: Connection, text: str, limit: int) -> list[EntityRow]:
    """At most `limit` entities, the best first.

    In order: ref or name is the text; name begins with it; title begins with it; name or title has
    it inside; description or a tag has it. Words may be apart ('payment api' finds payment-api).
    Each rank is by name.
    """
    wanted = " ".join(text.lower().split())
    if not wanted or "\0" in wanted or len(wanted) > LONGEST_VALUE:
        return []
    escaped = wanted.replace("/", "//").replace("%", "/%").replace("_", "/_")
    inside = f"%{escaped.replace(' ', '%')}%"
    ranks: tuple[ColumnElement[bool], ...] = (
        entities.c.ref == wanted,
        entities.c.name == wanted,
        entities.c.name.like(inside[1:], escape="/"),
        _has(("metadata.title",), inside[1:]),
        entities.c.name.like(inside, escape="/"),
        _has(("metadata.title",), inside),
        _has(("metadata.description", "metadata.tags"), inside),
    )
    ids: list[int] = []
    for rank in ranks:
        if len(ids) >= limit:
            break
        found = select(entities.c.id).where(rank, entities.c.id.not_in(ids))
        ordered = found.order_by(entities.c.name, entities.c.id).limit(limit - len(ids))
        ids.extend(connection.execute(ordered).scalars())
    return by_ids(connection, ids)


def _has(keys: tuple[str, ...], pattern: str) -> ColumnElement[bool]:
    return entities.c.id.in_(
        select(postings.c.entity_id)
        .join(terms, terms.c.id == postings.c.term_id)
        .where(terms.c.key.in_(keys), terms.c.known, terms.c.value.like(pattern, escape="/"))
    )
