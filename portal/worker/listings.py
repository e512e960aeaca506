"""Listing: what locations lead to, and what of it is to be looked at."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from catalog.ingest.ingestion import NOT_THERE
from catalog.ingest.readings import Origin, edition
from catalog.ingest.store import Listed
from catalog.sources import Complete, Failed, Listing, Partial, Repository
from portal.db.ingest import registrations
from portal.db.sources import links, repositories, targets
from portal.db.sources.targets import Target
from portal.db.state import Connection
from portal.worker.children.views import source_for
from portal.worker.reading import no_source, reader_of
from portal.worker.tools import Tools

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=15)
"""How long the word of a listing on a head is taken."""


def look(tools: Tools, location_id: str) -> bool:
    """List a location and record what the listing said; returns whether there was any."""
    with tools.database.read() as connection:
        found = targets.find_locations(connection, [location_id])
    listings = {one.id: (one, listing_of(tools, one)) for one in found.values()}
    return bool(note(tools, listings.values()))


def listing_of(tools: Tools, location: Target) -> Listing:
    """What the source of a location finds there now."""
    source = source_for(tools.plugins, location.target, checked=is_strange(location))
    if source is None:
        return Failed(problem=no_source(location.target))
    return source.list(location.target)


def note(tools: Tools, listings: Iterable[tuple[Target, Listing]]) -> list[str]:
    """Record listings; returns the ids of the locations that could be listed."""
    seen: list[Listed] = []
    for location, listing in listings:
        match listing:
            case Failed(problem=problem):
                if not (location.presence == "optional" and problem.code in NOT_THERE):
                    tools.store.note_failure(location.id, None, problem)
                    log.warning("%s cannot be listed: %s", location.target, problem.message)
            case Partial(repositories=found, problem=problem):
                seen.append(
                    Listed(
                        location=location.id, repositories=found, complete=False, problem=problem
                    )
                )
                log.warning("listing of %s is partial: %s", location.target, problem.message)
            case Complete(repositories=found):
                seen.append(Listed(location=location.id, repositories=found, complete=True))
    if seen:
        tools.store.note_listings(seen, now=tools.now())
    return [one.location for one in seen]


def due(
    tools: Tools, locations: Sequence[str], *, part: int | None = None
) -> list[tuple[str, Repository]]:
    """The repositories of locations, or of a part of them, that are to be looked at, each after its
    location.
    """
    with tools.database.read() as connection:
        known = targets.find_locations(connection, locations)
        found = repositories.due(connection, _editions(tools, connection, known), part=part)
    now = tools.now()
    # What was listed long ago has changed since, perhaps.
    fresh = {id_ for id_, one in known.items() if now - (one.listed_at or now) < FRESH}
    return [(id_, one if id_ in fresh else replace(one, head="")) for id_, one in found]


def parts_due(tools: Tools, location_id: str) -> tuple[int, ...]:
    """The numbers of the parts of a location in which there is something to look at."""
    with tools.database.read() as connection:
        known = targets.find_locations(connection, [location_id])
        for id_, edition_ in _editions(tools, connection, known).items():
            return repositories.parts_due(connection, id_, edition_)
    return ()


def _editions(tools: Tools, connection: Connection, known: Mapping[str, Target]) -> dict[str, str]:
    reader = reader_of(tools)
    found = origins(tools, connection, known)
    return {id_: edition(origin, reader) for id_, origin in found.items()}


def origins(tools: Tools, connection: Connection, found: Mapping[str, Target]) -> dict[str, Origin]:
    """What stands behind all that locations lead to."""
    roots = {one.root_id for one in found.values() if one.root_id is not None}
    known = {**targets.find_locations(connection, roots - found.keys()), **found}
    return {
        id_: _origin(tools, one, known.get(one.root_id or id_, one)) for id_, one in found.items()
    }


def _origin(tools: Tools, location: Target, root: Target) -> Origin:
    return Origin(
        id=location.id,
        ref=f"{root.type}:{root.target}",
        # What the operator names on the command line may hold every kind (design 2a.9).
        rules=tools.rules if root.origin in registrations.WITH_ENTITY else None,
        depth=location.depth,
        optional=location.presence == "optional",
    )


def is_strange(location: Target) -> bool:
    """Whether it is not the operator who named it: git is never run for such a one."""
    return location.origin in (links.ENTITY, "api")
