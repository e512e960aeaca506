"""Room: how much a worker does at a time, so that nothing keeps the others out.

Places are given by urgency: sweeps never take the last ones of events, nor events those of people. Of
the places of a lane one host has at most two thirds of what the others leave: hosts that take
connections and do not answer hold a worker up for as long as it waits, and there is a place left for
the next one (bulkheads, reliability 3.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from portal.worker.requests import Lane

PLACES = {Lane.PERSON: 32, Lane.EVENT: 12, Lane.SWEEP: 8}
"""Keys of each lane that may be worked on at a time, with those of less urgent lanes."""


TOGETHER = 50
"""Keys that share a place at most."""


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
    batches: list[list[str]] = field(default_factory=list)
    """The keys that share a place, of each place that is shared."""
    _open: dict[tuple[int, str], list[str]] = field(default_factory=dict)

    def take(self, wanted: Placed) -> bool:
        """Take a place, if there is one."""
        if not self._has_place(wanted.lane, wanted.host):
            return False
        self.taken.append(wanted)
        return True

    def join(self, wanted: Sharing) -> bool:
        """Share the place of others that wait for the same host as urgently; or take one, if there is."""
        batch = self._open.get((wanted.lane, wanted.host))
        if batch is None or len(batch) == TOGETHER:
            if not self.take(wanted):
                return False
            batch = self._open[wanted.lane, wanted.host] = []
            self.batches.append(batch)
        batch.append(wanted.key)
        return True

    def full(self) -> Mapping[int, tuple[str, ...]]:
        """By lane, the hosts that get no more places in it; '' where nobody does."""
        hosts = {"", *(one.host for one in self.taken)}
        found = {
            int(lane): tuple(sorted(host for host in hosts if not self._has_place(lane, host)))
            for lane in PLACES
        }
        return {lane: full for lane, full in found.items() if full}

    def _has_place(self, lane: int, host: str) -> bool:
        """Whether there is one in the lane, and in each that is more urgent: it takes one of theirs."""
        return all(self._fits(one, host) for one in PLACES if one <= lane)

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
