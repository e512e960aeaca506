"""Together: locations that lead to little each, read as one piece of work.

A location of a single file is read in less time than it takes to claim it, to note the step and to write
in a transaction of its own. So what is due at the same time is read at the same time: listed and made
ready a few at a time, and written in one transaction. What becomes of each is its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from math import inf
from time import monotonic

from catalog.ingest.ingestion import Ingested
from catalog.sources import Failed, Listing
from portal.db.sources import targets
from portal.worker import jobs, listings
from portal.worker.tools import Tools

PATIENCE = 1.0
"""Seconds after which no more is begun: who asks for one of these anew need not wait for all of them."""


def read_together(
    tools: Tools,
    locations: Sequence[str],
    *,
    patience: float,
    told: Callable[[Ingested, int, int], None],
    between: Callable[[], None] = lambda: None,
) -> dict[str, list[str]]:
    """Read locations, and those that they newly lead to.

    `told` is told what became of each repository, its number, and of how many; `between` is called
    where something more urgent may go first. Returns, by location, what is left to be read by itself:
    itself or what it leads to, where there is much of it. Nothing stands there for one that is to be
    read another time: it was not begun within `patience`, in seconds.
    """
    until = monotonic() + patience
    left: dict[str, list[str]] = defaultdict(list)
    late: set[str] = set()
    ahead = {one: one for one in locations}  # each with the location that was asked for
    while ahead:
        between()
        listed, not_begun = _list(tools, ahead, until)
        between()
        small = {one: found for one, found in listed.items() if _is_little(found[1])}
        for one in ahead.keys() - small.keys() - not_begun:
            left[ahead[one]].append(one)
        linked, not_read = _read(tools, small, until, told)
        late |= not_begun | not_read
        jobs.settle(tools, *(small.keys() - not_read))
        ahead = {one: ahead[location] for one, location in linked.items()}
        until = inf  # they newly lead there but once: put off, it would be found by nobody
    for one in late:
        left[one] = [one, *left[one]] if one in left else []
    return dict(left)


def _list(
    tools: Tools, locations: Iterable[str], until: float
) -> tuple[dict[str, tuple[targets.Target, Listing]], set[str]]:
    """What the sources of locations find there now; and those that were not begun by `until`."""
    with tools.database.read() as connection:
        found = targets.find_locations(connection, [*locations])
    with ThreadPoolExecutor(jobs.AT_ONCE, thread_name_prefix="listing") as threads:
        asked = {
            location: threads.submit(listings.listing_of, tools, one)
            for location, one in found.items()
        }
        wait(asked.values(), return_when=FIRST_COMPLETED)
        wait(asked.values(), timeout=None if until == inf else max(0.0, until - monotonic()))
        not_begun = {location for location, listing in asked.items() if listing.cancel()}
    return {
        location: (one, asked[location].result())
        for location, one in found.items()
        if location not in not_begun
    }, not_begun


def _is_little(listing: Listing) -> bool:
    return isinstance(listing, Failed) or len(listing.repositories) <= targets.LITTLE


def _read(
    tools: Tools,
    listed: Mapping[str, tuple[targets.Target, Listing]],
    until: float,
    told: Callable[[Ingested, int, int], None],
) -> tuple[dict[str, str], set[str]]:
    """Read what is due of these locations; returns the locations that they newly lead to, each with the
    one that does, and those of which something was not begun by `until`.
    """
    found = listings.due(tools, listings.note(tools, listed.values()))
    rest = Counter(location for location, _ in found)
    linked: dict[str, str] = {}
    with closing(jobs.ingest_all(tools, found, until=until)) as reading:
        for number, (location, done) in enumerate(reading, start=1):
            rest[location] -= 1
            linked.update((one, location) for one in done.linked)
            told(done, number, len(found))
    return linked, {location for location, number in rest.items() if number}
