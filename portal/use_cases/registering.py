"""Registering a location while the portal runs, whoever asks for it: Backstage's API or a page."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.problems import Problem
from catalog.sources import Forewarning
from portal.db.ingest import registrations
from portal.db.sources.locations import get_location
from portal.db.sources.registered import API, Registered, get_registered
from portal.wiring import Portal, store_of
from portal.worker.children.views import source_for
from portal.worker.reading import no_source
from portal.worker.requests import Lane, ingest_key


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """A location that is registered."""

    location: Registered
    is_new: bool
    """It was not there before."""


def register(
    portal: Portal,
    *,
    type: str,  # noqa: A002 - Backstage's word for it
    target: str,
    presence: str = "required",
    actor: str,
) -> Registration | None:
    """Register a location, with its Location entity, in one transaction.

    None where a config or another operator named it: it is theirs.
    """
    now = portal.now()
    with portal.database.write() as connection:
        known = registrations.find(connection, type, target)
        id_ = registrations.register(
            connection, type=type, target=target, origin=API, presence=presence, now=now
        )
        registrations.declare(store_of(portal), connection, now=now, actor=actor, only=[id_])
        found = get_registered(connection, id_)
    return None if found is None else Registration(location=found, is_new=known is None)


def wrong_with(portal: Portal, location: Registered, *, is_read: bool) -> Problem | None:
    """What is known to be wrong with a location: where it has been read, what that found."""
    if is_read:
        with portal.database.read() as connection:
            row = get_location(connection, location.id)
        if row is not None:
            return row.problem
    return foreseen(portal, location.target)


def foreseen(portal: Portal, target: str) -> Problem | None:
    """What keeps a target from being read, as far as it is known without asking anybody.

    None: nothing; whether it can be read is seen when it is. A host that the configuration does not
    allow is told so, and a target that no plugin reads.
    """
    source = source_for(portal.plugins, target, checked=True)
    if source is None:
        return no_source(target)
    return source.objection(target) if isinstance(source, Forewarning) else None


def read_now(portal: Portal, location: Registered) -> str:
    """Ask for a location to be read, ahead of other work; returns the ticket."""
    return portal.work.request(ingest_key(location.id), Lane.PERSON)
