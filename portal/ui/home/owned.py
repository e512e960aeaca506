"""What a group or a user owns, with how each of it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.queries.query import EntityQuery, Equals, Order
from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.db.evaluation.results import Summary
from portal.db.state import Connection
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.links import EntityLink

MOST_OWNED = 500
"""Entities of an owner that are looked at."""

Services = list[tuple[EntityLink, tuple[Summary, ...]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Owned:
    """What somebody owns, assessed or not."""

    services: Services
    links: Mapping[int, EntityLink]
    """The same by id."""
    total: int
    """With those that are not looked at."""


NOTHING = Owned(services=[], links={}, total=0)


def owning(ref: str) -> Equals:
    """The filter for what a group or a user owns; not for what others in the group do."""
    return Equals(key="relations.ownedby", values=(ref,))


def owned_by(connection: Connection, ref: str) -> Owned:
    """The first entities of an owner, by name."""
    query = EntityQuery(filter=owning(ref), order=Order(field="metadata.name"), limit=MOST_OWNED)
    page = entities.by_query(connection, query)
    summaries = results.summaries(connection, [row.id for row in page.items])
    links = {row.id: link_of(row) for row in page.items}
    services = [(link, summaries.get(id_, ())) for id_, link in links.items()]
    return Owned(services=services, links=links, total=page.total)
