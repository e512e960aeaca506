"""Work that is done at once, as the engine would do it, by a child that all tests share."""

from __future__ import annotations

import atexit
from functools import cache

from portal.db.sources import locations
from portal.pool import Pool
from portal.wiring import Portal, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing


@cache
def shared_pool() -> Pool:
    """One child for all tests of this process: to start one takes longer than what it has to do."""
    pool = Pool(1)
    atexit.register(pool.close)
    return pool


def work(portal: Portal, *, read: bool = False) -> int:
    """Assess what is marked, after reading every location with `read`; how many entities that were."""
    tools = tools_of(portal, shared_pool())
    if read:
        with portal.database.read() as connection:
            found = locations.list_locations(connection)
        for location in found:
            for repository in jobs.list_repositories(tools, location.id):
                jobs.ingest(tools, location.id, repository)
    return assessing.assess_round(tools)
