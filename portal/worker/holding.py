"""Holding: what this process has claimed of the pending keys, for as long as it works on them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from portal import logs
from portal.db.engine import Database, on_condition
from portal.db.failures import is_unavailable, log_failure
from portal.db.sources import targets
from portal.db.state import Connection
from portal.db.work import claims, pending
from portal.db.work.claims import Claim, Superseded
from portal.db.work.pending import Pending
from portal.worker.requests import Lane, location_of
from portal.worker.room import Room

LOOK_AHEAD = 100
"""Pending keys that are looked at together, the most urgent first."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Holding:
    """The claims of one worker. Threads may share it."""

    database: Database
    worker: str
    """Its stable name, unique in the fleet."""
    _claims: dict[str, Claim] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def claim_more(self) -> list[Claim]:
        """Claim what is free, as far as there is room; the most urgent first.

        Locations that lead to little share their places, and are claimed together.
        """
        room = self._room()
        taken: list[Claim] = []
        while True:
            with self.database.read() as connection:
                seen = claims.free(connection, limit=LOOK_AHEAD, but=room.left_out())
                found = [one for one in seen if not self._holds(one.key)]
                little = _leading_to_little(connection, found)
            placed = [
                one.key
                for one in found
                if (room.join(one) if one.key in little else room.take(one))
            ]
            batches = room.close()
            taken += self.claim({*placed}.difference(*batches))
            for keys in batches:
                taken += self.claim(keys, together=True)
            if not placed or len(seen) < LOOK_AHEAD:
                return taken

    def _room(self) -> Room:
        """The room that what is held leaves; what is worked on together has one place."""
        with self._guard:
            held = {one.batch or one.id: one for one in self._claims.values()}
        return Room(taken=[*held.values()], shared=[one for one in held.values() if one.batch])

    def claim(
        self, keys: Collection[str], *, limit: int | None = None, together: bool = False
    ) -> list[Claim]:
        """Claim those of these keys that are pending and free, or so many of them.

        What is worked on here is not free: where the clock was set forward, or this process was paused,
        its claim has run out, and holds again at the next renewal unless a peer was faster.
        """
        keys = [key for key in keys if not self._holds(key)]
        if not keys:
            return []
        with self.database.write() as connection:
            taken = claims.take(connection, keys, self.worker, limit=limit, together=together)
        with self._guard:
            self._claims.update((one.key, one) for one in taken)
        return taken

    def resume(self) -> list[Claim]:
        """What this worker had claimed when it was last alive; it is held again."""
        with self.database.write() as connection:
            found = claims.held(connection, self.worker)
            claims.renew(connection, [one.id for one in found])
        with self._guard:
            self._claims.update((one.key, one) for one in found)
        return found

    def keep(self, claim: Claim, work: Callable[[], object]) -> None:
        """Do the work of a claim and settle its promise, whatever becomes of it.

        It writes only while the claim holds. Where the database was away, the promise stays: it is
        claimed again once the claim has run out.
        """

        def all_of_it() -> list[str]:
            work()
            return []

        # Round one job: what failed is logged, and asked for again by the sweep.
        self.settle(*self.keep_together([claim], all_of_it))

    def keep_together(
        self, these: Sequence[Claim], work: Callable[[], Collection[str]]
    ) -> list[Claim]:
        """Do the work of claims at once and settle their promises, but for the keys that it returns.

        Returns the claims that are left to be kept one by one. Where the work fails, these are all of
        them: what is wrong with one is no harm to the others.
        """
        left: Collection[str] = [one.key for one in these]
        with logs.working(", ".join(left)):
            try:
                with on_condition(claims.holding(*these)):
                    left = work()
            except Superseded as lost:
                # What was settled right before this process was killed is begun again, too.
                if keys := self.not_kept(lost.args):
                    log.warning("%s: no longer held by this worker", ", ".join(keys))
            except Exception as failure:  # noqa: BLE001 - logged
                together = " together" if len(these) > 1 else ""
                log_failure(log, failure, f"{', '.join(left)}: failed{together}")
                if is_unavailable(failure):
                    self._drop(these)
                    return []
            self.settle(*(one for one in these if one.key not in left))
        return [one for one in these if one.key in left]

    def serves_person(self) -> bool:
        """Whether something is worked on here that a person waits for."""
        with self._guard:
            return any(one.lane == Lane.PERSON for one in self._claims.values())

    def not_kept(self, keys: Collection[str]) -> list[str]:
        """Those of these keys that are still pending."""
        with self.database.read() as connection:
            return pending.still(connection, keys)

    def settle(self, *kept: Claim) -> None:
        """The promises are kept."""
        self._drop(kept)  # first: what cannot be told now runs out by itself
        if kept:
            with self.database.write() as connection:
                claims.settle(connection, kept)

    def release(self, given_up: Iterable[Claim] | None = None) -> None:
        """Let go of these claims, or of all; others may claim their keys at once."""
        with self._guard:
            dropped = [*(self._claims.values() if given_up is None else given_up)]
        self._drop(dropped)  # first, as in `settle`
        if dropped:
            with self.database.write() as connection:
                claims.release(connection, dropped)

    def renew(self) -> None:
        """Hold what is held for another lease; forget what is no longer."""
        with self._guard:
            ours = [*self._claims.values()]
        if not ours:
            return
        with self.database.write() as connection:
            claims.renew(connection, [one.id for one in ours])
            still = {one.id for one in claims.held(connection, self.worker)}
        self._drop([one for one in ours if one.id not in still])

    def keep_renewing(self, stopping: threading.Event) -> None:
        """Renew in time until `stopping` is set."""
        while not stopping.wait(claims.RENEWAL.total_seconds()):
            try:
                self.renew()
            except Exception as failure:  # noqa: BLE001 - logged; the loop outlives a database that is away
                log_failure(log, failure, "the claims of this worker could not be renewed")

    def _holds(self, key: str) -> bool:
        with self._guard:
            return key in self._claims

    def _drop(self, dropped: Iterable[Claim]) -> None:
        with self._guard:
            for one in dropped:
                if self._claims.get(one.key) == one:
                    del self._claims[one.key]


def _leading_to_little(connection: Connection, found: Iterable[Pending]) -> set[str]:
    """The keys of locations that lead to little."""
    named = {one.key: location_of(one.key) for one in found}
    little = targets.leading_to_little(connection, {one for one in named.values() if one})
    return {key for key, location in named.items() if location in little}
