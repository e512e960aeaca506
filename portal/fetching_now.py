"""Fetching now: having a system asked about everything, because a person does not wait for its schedule."""

from __future__ import annotations

from portal.db.work import pending
from portal.rationing import TooOften, take_run
from portal.wiring import Portal
from portal.worker.requests import Lane, fetch_key


def fetch_now(portal: Portal, name: str, *, by: str) -> str | TooOften:
    """Have the run with this name begin, ahead of other work; the ticket. `by` is who asks.

    One that somebody has asked for, and that has not begun, is no more work.
    """
    key = fetch_key(name)
    with portal.database.write() as connection:
        waits = key in pending.unclaimed(connection, [key], lane=Lane.PERSON)
        refused = None if waits else take_run(portal, connection, name, by)
        if refused is not None:
            return refused
    return portal.work.request(key, Lane.PERSON)
