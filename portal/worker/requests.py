"""Requests for work: a key in the queue, and nothing about how it is done.

A web request, a webhook, a schedule and a button all do the same: they commit a pending key in the
portal's own database. Whoever runs the engine is told, and does it; what a crash left behind is
found when the engine starts, and by its sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from portal.db import values
from portal.db.engine import Database
from portal.db.sources import hosts
from portal.db.state import Connection
from portal.db.work import pending

ASSESS = "assess"
"""The key that asks for every marked entity to be looked at."""

SCORECARDS = "scorecards"
"""The key that asks for the scorecards of repositories to be read."""

NOTICES = "notices"
"""The key that asks for what there is to tell to be found and sent."""

INGEST, PART, REFRESH, FETCH, INQUIRE = "ingest", "part", "refresh", "fetch", "inquire"
"""What other keys ask for, as they begin, before a colon; see below."""

FLURRY = timedelta(seconds=10)
"""After the first of several events, for the others to come."""

APART = timedelta(minutes=5)
"""Between two times that something is done which is asked for seldom."""


def later_key(key: str) -> str:
    """The key that asks for another key once its time has come."""
    return f"{pending.LATER}{key}"


def ingest_key(location: str) -> str:
    """The key that asks for a location to be read."""
    return f"{INGEST}:{location}"


def location_of(key: str) -> str:
    """The location that a key asks for to be read; '': it asks for something else."""
    kind, _, location = key.partition(":")
    return location if kind == INGEST else ""


def part_key(location: str, part: int) -> str:
    """The key that asks for what is due in a part of a location, which has been listed, to be read."""
    return f"{PART}:{location}:{part}"


def assess_key(part: int) -> str:
    """The key that asks for the marked entities of a part of the repositories to be looked at."""
    return f"{ASSESS}:{part}"


def refresh_key(repository: int) -> str:
    """The key that asks for one repository to be read."""
    return f"{REFRESH}:{repository}"


def fetch_key(namespace: str, *, changed: bool = False) -> str:
    """The key that asks for the facts of a namespace to be fetched from another system.

    With `changed` about entities that have come or changed since the last time.
    """
    return f"{FETCH}:{namespace}{CHANGED if changed else ''}"


def inquire_key(ref: str, name: str) -> str:
    """The key that asks for what a system says about one entity; `name` is that of its runs."""
    return f"{INQUIRE}:{ref}:{name}"


CHANGED = ":changed"
"""Ends a key that asks about entities that have changed."""


class Lane(IntEnum):
    """Who waits: work of a lower number goes first."""

    PERSON = 0
    EVENT = 1
    SWEEP = 2


class Work(Protocol):
    """Where keys are put."""

    def request(self, key: str, lane: Lane) -> str:
        """Ask for `key` (see the functions above, or `ASSESS`); returns a ticket.

        Committed when this returns. Asking again while it is pending is one piece of work.
        """
        ...

    def request_all(self, keys: Sequence[str], lane: Lane) -> None:
        """Ask for many keys at once; those that are pending already stay as they are."""
        ...

    def request_anew(self, keys: Sequence[str], lane: Lane) -> None:
        """Ask for many keys, and for those that are being worked on again once that has ended."""
        ...

    def request_seldom(self, keys: Sequence[str]) -> None:
        """Ask for keys that cost much and of which events come in flurries: for each `FLURRY` from now, and
        not before `APART` has passed since the last time that was asked for so.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Work that is committed to the database; `wake` tells the engine, if it is in this process."""

    database: Database
    now: Callable[[], datetime]
    wake: Callable[[], None]

    def request(self, key: str, lane: Lane) -> str:
        """See `Work.request`."""
        with self.database.write() as connection:
            host = hosts_of(connection, [key])[key]
            ticket = pending.put(connection, key, lane=lane, now=self.now(), host=host)
        self.wake()
        return ticket

    def request_all(self, keys: Sequence[str], lane: Lane) -> None:
        """See `Work.request_all`."""
        with self.database.write() as connection:
            pending.put_all(connection, hosts_of(connection, keys), lane=lane, now=self.now())
        self.wake()

    def request_anew(self, keys: Sequence[str], lane: Lane) -> None:
        """See `Work.request_anew`."""
        with self.database.read() as connection:
            promised = pending.unclaimed(connection, keys, lane=lane)
        # Whoever comes to one of those looks after this: a flood of events writes nothing.
        if left := [key for key in keys if key not in promised]:
            with self.database.write() as connection:
                hosts = hosts_of(connection, left)
                for key in pending.still(connection, left):  # others are at work on most of these
                    pending.put(connection, key, lane=lane, now=self.now(), host=hosts.pop(key))
                pending.put_all(connection, hosts, lane=lane, now=self.now())
            self.wake()

    def request_seldom(self, keys: Sequence[str]) -> None:
        """See `Work.request_seldom`."""
        now, later = self.now(), [later_key(key) for key in keys]
        with self.database.read() as connection:
            promised = pending.unclaimed(connection, later, lane=Lane.EVENT)
        if not (left := [key for key in later if key not in promised]):
            return
        with self.database.write() as connection:
            for key in left:
                at = _turn(values.get(connection, f"asked_at:{key}"), now)
                if pending.put_later(connection, key, lane=Lane.EVENT, at=at):
                    values.put(connection, f"asked_at:{key}", at.isoformat())


def _turn(last: str | None, now: datetime) -> datetime:
    """When it is time again for what had its time last then."""
    soon = now + FLURRY
    again = soon if last is None else datetime.fromisoformat(last) + APART
    # What lies further ahead was written by a clock that has since been set back.
    return max(soon, again) if again <= soon + APART else soon


def hosts_of(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Whom the work of each key waits for, in their order; '': nobody outside."""
    named = {key: key.split(":") for key in keys}
    located = {key: parts[1] for key, parts in named.items() if parts[0] in (INGEST, PART)}
    listed = {key: int(parts[1]) for key, parts in named.items() if parts[0] == REFRESH}
    of_locations = hosts.of_locations(connection, set(located.values()))
    of_repositories = hosts.of_repositories(connection, set(listed.values()))
    inquired = {key: parts[3:] for key, parts in named.items() if parts[0] == INQUIRE}
    found = {key: ":".join(name).rpartition("@")[2] for key, name in inquired.items()}
    found |= {key: of_locations.get(one, "") for key, one in located.items()}
    found |= {key: of_repositories.get(one, "") for key, one in listed.items()}
    return {key: found.get(key, "") for key in keys}
