"""The change feed: every change of an entity once, in the order in which it became visible.

An event is a place in a batch, so that a reader that stopped anywhere goes on exactly there. What
is written is in `portal.db.changes.past`, in the transaction of the change itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, func, select

from portal.db import bulk, values
from portal.db.changes.instants import KEPT_SINCE
from portal.db.engine import utc
from portal.db.tables import changes, entities, refs, tombstones

ADDED, CHANGED, REMOVED = "entity.added", "entity.changed", "entity.removed"
TYPES = (ADDED, CHANGED, REMOVED)
"""In the order of a batch's events."""

MOST_SCANNED = 20_000
"""Events that one page looks at, however few of them are asked for."""

BATCHES = 100
"""Rows of the feed that are read at once."""

CHUNK = 2_000
"""Events that are put into words at once where not all of them are asked for."""


class Place(NamedTuple):
    """A place in the feed: right after the event `n`, from 1, of a batch."""

    seq: int
    n: int

    def __str__(self) -> str:
        """The id of the event before this place."""
        return f"{self.seq}.{self.n}"


START = Place(0, 0)


class GonePlace(Exception):
    """A place that this feed cannot continue from. `args[0]` is the first one that it can."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A change of one entity."""

    place: Place
    type: str
    """One of `TYPES`."""
    at: datetime
    ref: str
    uid: str | None
    """None: the entity went, and is not kept any more."""
    source: str
    """URL of the repository that was read; '': it was none."""
    revision: str
    actor: str
    """Who asked for it; '': a reading found it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Events:
    """A page of the feed."""

    items: tuple[Event, ...]
    next: Place
    """Where to go on: after all that was looked at, asked for or not."""
    at_end: bool
    """Whether there was nothing behind it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """An event on its way, its entity still a number."""

    place: Place
    type: str
    entity: int
    row: Any


def place_of(text: str) -> Place | None:
    """The place right after the event with this id; None where no event has it."""
    seq, dot, n = text.partition(".")
    fits = dot and all(part.isascii() and part.isdecimal() and len(part) < 16 for part in (seq, n))
    return Place(int(seq), int(n)) if fits else None


def oldest(connection: Connection) -> Place:
    """The first place from which the feed is complete."""
    if values.get(connection, KEPT_SINCE) is None:
        return START
    return Place(connection.execute(select(func.min(changes.c.seq))).scalar() or 0, 0)


def events(
    connection: Connection,
    after: Place | None = None,
    *,
    limit: int = 100,
    types: Collection[str] = TYPES,
    kinds: Collection[str] = (),
) -> Events:
    """The events after a place, at most `limit`, of these types and kinds (lower case; empty: all).

    Without a place from the oldest that is kept. Raises `GonePlace` where events after `after` were
    pruned, and where this feed never came so far: the database is an older copy of itself.
    """
    first = oldest(connection)
    last = connection.execute(select(func.max(changes.c.seq))).scalar() or 0
    place = first if after is None else after
    if place < first or place.seq > last:
        raise GonePlace(first)
    all_asked = len(set(types)) == len(TYPES) and not kinds
    chunk = min(limit if all_asked else CHUNK, MOST_SCANNED)
    items: list[Event] = []
    scanned = 0
    while len(items) < limit and scanned < MOST_SCANNED:
        found = list(_after(connection, place, limit=chunk))
        if not found:
            return Events(items=tuple(items), next=place, at_end=True)
        scanned += len(found)
        fit = _in_words(connection, [one for one in found if one.type in types], kinds)
        if len(items) + len(fit) > limit:
            fit = fit[: limit - len(items)]
            place = fit[-1].place
        else:
            place = found[-1].place
        items += fit
    return Events(items=tuple(items), next=place, at_end=False)


def _after(connection: Connection, place: Place, *, limit: int) -> Iterator[_Found]:
    """The next events, all of them, at most `limit`."""
    rows = connection.execute(
        select(changes)
        .where(changes.c.seq >= place.seq)
        .order_by(changes.c.seq)
        .limit(min(limit, BATCHES) + 1)
    )
    left = limit
    for row in rows:
        batch = zip(TYPES, (row.added, row.changed, row.removed), strict=True)
        numbered = enumerate(
            ((type_, entity) for type_, stored in batch for entity in orjson.loads(stored)), start=1
        )
        for n, (type_, entity) in numbered:
            if (row.seq, n) > place:
                if left == 0:
                    return
                left -= 1
                yield _Found(place=Place(row.seq, n), type=type_, entity=entity, row=row)


def _in_words(
    connection: Connection, found: Sequence[_Found], kinds: Collection[str]
) -> list[Event]:
    ids = {one.entity for one in found}
    texts: dict[int, str] = dict(bulk.pick(connection, (refs.c.id, refs.c.ref), refs.c.id, ids))
    uids: dict[int, str] = {}
    for table in (tombstones, entities):
        uids |= dict(bulk.pick(connection, (table.c.id, table.c.uid), table.c.id, ids))
    return [
        Event(
            place=one.place,
            type=one.type,
            at=at,
            ref=texts[one.entity],
            uid=uids.get(one.entity),
            source=one.row.source,
            revision=one.row.revision,
            actor=one.row.actor,
        )
        for one in found
        if not kinds or texts[one.entity].partition(":")[0] in kinds
        for at in [utc(one.row.at)]
        if at is not None
    ]
