"""Declared: the entities whose descriptors lie in a repository, found by its address."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from portal.db.catalog.entity_rows import COLUMNS, EntityRow, entity_row
from portal.db.catalog.keys import storable
from portal.db.tables import entities, files, repositories

MOST = 500
"""Entities that are found at most."""


class Declared(NamedTuple):
    """An entity and the file that declares it."""

    location: str
    """Location ref of the file."""
    entity: EntityRow


def declared_in(
    connection: Connection, address: str, clone_urls: Collection[str]
) -> list[Declared]:
    """At most `MOST` entities of a repository, in the order of files and documents.

    It was read as a whole, by one of its clone URLs, or file by file, by URLs below its address.
    """
    if not storable([address]):
        return []
    below = repositories.c.url.startswith(address + "/", autoescape=True)
    rows = connection.execute(
        select(*COLUMNS, files.c.url)
        .join(files, files.c.id == entities.c.file_id)
        .join(repositories, repositories.c.id == files.c.repository_id)
        .where(or_(repositories.c.url.in_(sorted(clone_urls)), below))
        .order_by(files.c.url, entities.c.document, entities.c.id)
        .limit(MOST)
    )
    return [Declared(row.url, entity_row(row)) for row in rows]
