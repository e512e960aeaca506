"""Together: locations that lead to little each, read as one piece of work.

A location of a single file is read in less time than it takes to claim it, to note the step and to write
in a transaction of its own. So what is due at the same time is read at the same time: listed and made
ready a few at a time, and written in one transaction. What becomes of each is its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from catalog.ingest.ingestion import Ingested
from catalog.sources import Failed, Listing
from portal.db.sources import targets
from portal.worker import jobs
from portal.worker.tools import Tools


def read_together(
    tools: Tools, locations: Sequence[str], *, told: Callable[[Ingested, int, int], None]
) -> dict[str, list[str]]:
    """Read locations, and those that they newly lead to.

    `told` is told what became of each repository, its number, and of how many. Returns, by location,
    what is left to be read by itself: itself or what it leads to, where there is much of it.
    """
    left: dict[str, list[str]] = defaultdict(list)
    ahead = {one: one for one in locations}  # each with the location that was asked for
    while ahead:
        small = _list(tools, ahead)
        for one in ahead.keys() - small.keys():
            left[ahead[one]].append(one)
        found = jobs.due(tools, jobs.note(tools, small.values()))
        linked: dict[str, str] = {}
        with closing(jobs.ingest_all(tools, found)) as reading:
            for number, ((location, _), done) in enumerate(zip(found, reading, strict=True)):
                linked.update((one, ahead[location]) for one in done.linked)
                told(done, number + 1, len(found))
        jobs.settle(tools, *small)
        ahead = linked
    return dict(left)


def _list(tools: Tools, locations: Mapping[str, str]) -> dict[str, tuple[targets.Target, Listing]]:
    """What the sources of locations find there now; without those that lead to much."""
    with tools.database.read() as connection:
        found = targets.find_locations(connection, locations)
    with ThreadPoolExecutor(jobs.AT_ONCE, thread_name_prefix="listing") as threads:
        listings = threads.map(lambda one: jobs.listing_of(tools, one), found.values())
        return {
            location: (one, listing)
            for (location, one), listing in zip(found.items(), listings, strict=True)
            if isinstance(listing, Failed) or len(listing.repositories) <= targets.LITTLE
        }
