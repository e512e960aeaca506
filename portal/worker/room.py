"""Room: how much a worker does at a time, so that nothing keeps the others out.

Places are given by urgency: sweeps never take the last ones of events, nor events those of people. Of
the places of a lane one host has at most two thirds of what the others leave: hosts that take
connections and do not answer hold a worker up for as long as it waits, and there is a place left for
the next one (bulkheads, reliability 3.5).

Locations that lead to little share a place. What they ask for is little waiting and much work, which
one processor does and one transaction at a time writes: of one host only so many are read at a time,
and what is more urgent has not many to take turns with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from portal.db.work.claims import LeftOut
from portal.worker.requests import INGEST, Lane

PLACES = {Lane.PERSON: 32, Lane.EVENT: 12, Lane.SWEEP: 8}
"""Keys of each lane that may be worked on at a time, with those of less urgent lanes."""

TOGETHER = 50
"""Keys that share a place at most."""

SHARED = 1
"""Places of a lane that may be shared by keys that wait for the same host."""


class Placed(Protocol):
    """A piece of work that takes a place."""

    @property
    def lane(self) -> int:
        """Who waits for it."""
        ...

    @property
    def host(self) -> str:
        """Whom it waits for; '': nobody."""
        ...


class Sharing(Placed, Protocol):
    """A piece of work that may share its place."""

    @property
    def key(self) -> str:
        """What it is."""
        ...


@dataclass(kw_only=True)
class Room:
    """The places of a worker, and what takes them."""

    taken: list[Placed] = field(default_factory=list)
    shared: list[Placed] = field(default_factory=list)
    """Those of them that stand for several."""
    _open: dict[tuple[int, str], list[list[str]]] = field(default_factory=dict)
    """By lane and host, the keys that share a place, of each place that may be shared by more yet."""

    def take(self, wanted: Placed) -> bool:
        """Take a place, if there is one."""
        if not self._has_place(wanted.lane, wanted.host):
            return False
        self.taken.append(wanted)
        return True

    def join(self, wanted: Sharing) -> bool:
        """Share the place of others that wait for the same host as urgently; or take one, if there is."""
        batches = self._open.setdefault((wanted.lane, wanted.host), [])
        if not batches or len(batches[-1]) == TOGETHER:
            if not self._may_share(wanted.lane, wanted.host) or not self.take(wanted):
                return False
            self.shared.append(wanted)
            batches.append([])
        batches[-1].append(wanted.key)
        return True

    def close(self) -> list[list[str]]:
        """The keys that came to share a place, of each place; no more join them."""
        closed = [keys for batches in self._open.values() for keys in batches]
        self._open.clear()
        return closed

    def left_out(self) -> list[LeftOut]:
        """What gets no more places."""
        return [one for lane in PLACES for one in self._left_out(lane)]

    def _left_out(self, lane: Lane) -> list[LeftOut]:
        if not self._has_place(lane, ""):
            return [LeftOut(lane=lane)]
        full = {one.host for one in self.taken if not self._has_place(lane, one.host)}
        read = {one.host for one in self.shared if not self._may_share(lane, one.host)}
        return [
            *(LeftOut(lane=lane, host=host) for host in sorted(full)),
            *(LeftOut(lane=lane, host=host, kind=INGEST) for host in sorted(read - full)),
        ]

    def _has_place(self, lane: int, host: str) -> bool:
        """Whether there is one in the lane, and in each that is more urgent: it takes one of theirs."""
        return all(self._fits(one, host) for one in PLACES if one <= lane)

    def _may_share(self, lane: int, host: str) -> bool:
        return sum(1 for one in self.shared if (one.lane, one.host) == (lane, host)) < SHARED

    def _fits(self, lane: Lane, host: str) -> bool:
        rivals = [one for one in self.taken if one.lane >= lane]
        places = PLACES[lane]
        if len(rivals) >= places:
            return False
        own = sum(1 for one in rivals if one.host == host)
        return not host or own < _share(places - (len(rivals) - own))


def _share(places: int) -> int:
    """How many of these one host may have."""
    return max(1, places * 2 // 3)
