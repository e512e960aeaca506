"""The jobs: what is done for a key. Plain functions, with the engine or without it.

Each may run at any time, twice, in any order. Assessing is in `portal.worker.assessment.assessing`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from math import inf
from time import monotonic
from typing import TypeAlias

from catalog.ingest.ingestion import (
    Ingested,
    Ready,
    ingest_repositories,
    remove_missing,
)
from catalog.sources import Failed, Repository, Snapshot, Source
from portal.db.changes.instants import prune
from portal.db.collection import doc_sets, fact_history
from portal.db.evaluation import transitions
from portal.db.ingest import registrations
from portal.db.ingest.decisions import purge
from portal.db.sources import links, targets
from portal.db.sources.listings import missing_repositories
from portal.worker import listings
from portal.worker.children.views import source_for
from portal.worker.reading import reader_of
from portal.worker.tools import Tools

AT_ONCE = 8
"""Repositories that are made ready at a time, beside those that are being read.

Each waits for one answer of its forge, which takes longer than all that is done with it here.
"""

AHEAD = 100
"""Repositories that are ready, or on their way, before any of them is read."""

FORGET = 5000
"""Rows that one transaction forgets."""


_Waiting: TypeAlias = tuple[str, Repository, Source, Future[Snapshot | Failed]]
_Taken: TypeAlias = tuple[str, Repository, Source, Snapshot | Failed]
"""A repository to be read, after its location, with its source and its snapshot."""


def list_repositories(tools: Tools, location_id: str) -> list[Repository]:
    """List a location, record what the listing said, and return the repositories to look at."""
    found = listings.due(tools, [location_id]) if listings.look(tools, location_id) else []
    return [repository for _, repository in found]


def ingest(tools: Tools, location_id: str, repository: Repository) -> Ingested:
    """Bring one repository of a location up to date."""
    ((_, done),) = ingest_all(tools, [(location_id, repository)])
    return done


def ingest_all(
    tools: Tools, found: Sequence[tuple[str, Repository]], *, until: float = inf
) -> Generator[tuple[str, Ingested], None, None]:
    """Bring repositories up to date; each comes, and goes, with the location that it is of.

    While some are written, in one transaction if they are small, the next ones are made ready: their
    forge takes its time. Those are left out, but for the first, that nobody has begun by `until`, in
    seconds of the monotonic clock.
    """
    with tools.database.read() as connection:
        known = targets.find_locations(connection, {location for location, _ in found})
    waiting: deque[_Waiting] = deque()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="snapshot") as threads:
        try:
            for location, repository in found:
                if location not in known:
                    yield location, _left_as_it_is(repository)
                    continue
                strange = listings.is_strange(known[location])
                source = source_for(tools.plugins, repository.url, checked=strange)
                assert source is not None, "a repository that was listed has a source"
                ready = threads.submit(source.snapshot, repository)
                waiting.append((location, repository, source, ready))
                if len(waiting) >= AHEAD:
                    yield from _ingest(tools, _ready(waiting))
            while waiting:
                _leave_out_late(waiting, until)
                yield from _ingest(tools, _ready(waiting))
        finally:
            for *_, future in waiting:
                future.cancel()


def _leave_out_late(waiting: deque[_Waiting], until: float) -> None:
    """Once it is so late, leave out what nobody has begun, but for the first."""
    if until < inf:
        wait([waiting[0][-1]], timeout=max(0.0, until - monotonic()))
        while len(waiting) > 1 and monotonic() > until and waiting[-1][-1].cancel():
            waiting.pop()


def _ready(waiting: deque[_Waiting]) -> list[_Taken]:
    """Take the first, once it is ready, and those after it that are."""
    taken: list[_Taken] = []
    while waiting and (not taken or waiting[0][-1].done()):
        location, repository, source, snapshot = waiting.popleft()
        taken.append((location, repository, source, snapshot.result()))
    return taken


def _ingest(tools: Tools, found: Sequence[_Taken]) -> list[tuple[str, Ingested]]:
    with tools.database.read() as connection:
        known = targets.find_locations(connection, {location for location, *_ in found})
        origins = listings.origins(tools, connection, known)
    ready = [
        Ready(origin=origins[location], repository=repository, snapshot=snapshot, source=source)
        for location, repository, source, snapshot in found
        if location in origins
    ]
    done = iter(
        ingest_repositories(
            ready,
            store=tools.store,
            reader=reader_of(tools),
            policy=tools.policy,
            now=tools.now(),
        )
    )
    return [
        (location, next(done) if location in origins else _left_as_it_is(repository))
        for location, repository, *_ in found
    ]


def _left_as_it_is(repository: Repository) -> Ingested:
    """Of a location that is none any more: nobody may say with what its repositories are read."""
    return Ingested(repository=repository, unchanged=True)


def settle(tools: Tools, *locations: str) -> int:
    """Let go what the whole of locations no longer lead to; returns how many entities went.

    These are repositories that complete listings lack, and locations that no Location entity names.
    """
    with tools.database.read() as connection:
        missing = missing_repositories(connection, locations)
        total = {id_: len(registrations.served(connection, id_)) for id_ in missing}
        unlinked = links.unlinked(connection)
    store, now = tools.store, tools.now()
    removed = 0
    for location, found in missing.items():
        for repository in found:
            removed += remove_missing(
                location=location,
                repository=repository,
                store=store,
                total=total[location],
                policy=tools.policy,
                now=now,
            ).removed
    if unlinked:
        with tools.database.write() as connection:
            registrations.drop_unlinked(store, connection, now=now)
    return removed


def forget_past(tools: Tools) -> int:
    """Forget what has been kept long enough, a part at a time; returns how many rows went."""
    gone = 0
    forgetting = (
        (transitions.prune, tools.history_keep),
        (prune, tools.history_keep),
        (fact_history.forget, tools.history_keep),
        (purge, tools.tombstones_keep),
    )
    for forget, keep in forgetting:
        more = 1
        while more:
            with tools.database.write() as connection:
                more = forget(connection, before=tools.now() - keep, limit=FORGET)
            gone += more
    with tools.database.write() as connection:
        return gone + doc_sets.forget_unused(connection)


def refresh(tools: Tools, repository_id: int) -> Ingested | None:
    """Bring one repository up to date that is known; None where it is not (any more)."""
    with tools.database.read() as connection:
        known = targets.find_repository(connection, repository_id)
    if known is None:
        return None
    location_id, repository = known
    done = ingest(tools, location_id, repository)
    if not done.unchanged:
        settle(tools, location_id)
    return done
