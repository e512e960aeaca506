"""The jobs: what is done for a key. Plain functions, with the engine or without it.

Each may run at any time, twice, in any order. Assessing is in `portal.worker.assessment.assessing`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from catalog.ingest.ingestion import NOT_THERE, Ingested, ingest_repository, remove_missing
from catalog.ingest.readings import Origin, edition
from catalog.sources import Complete, Failed, Partial, Repository, Snapshot, Source
from portal.db.changes.instants import prune
from portal.db.collection import doc_sets, fact_history
from portal.db.evaluation import transitions
from portal.db.ingest import registrations
from portal.db.ingest.decisions import purge
from portal.db.sources import links, repositories, targets
from portal.db.sources.repositories import missing_repositories
from portal.db.sources.targets import Target
from portal.db.state import Connection
from portal.worker.children.views import source_for
from portal.worker.reading import no_source, reader_of
from portal.worker.tools import Tools

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Repositories that are made ready at a time, beside the one that is being read.

Each waits for one answer of its forge, which takes longer than all that is done with it here.
"""

FRESH = timedelta(minutes=15)
"""How long the word of a listing on a head is taken."""

FORGET = 5000
"""Rows that one transaction forgets."""


def list_repositories(tools: Tools, location_id: str) -> list[Repository]:
    """List a location, record what the listing said, and return the repositories to look at."""
    return due(tools, location_id) if look(tools, location_id) else []


def look(tools: Tools, location_id: str) -> bool:
    """List a location and record what the listing said; returns whether there was any."""
    with tools.database.read() as connection:
        location = targets.find_location(connection, location_id)
    if location is None:
        return False
    store = tools.store
    source = source_for(tools.plugins, location.target, checked=_is_strange(location))
    if source is None:
        store.note_failure(location_id, None, no_source(location.target))
        return False
    match source.list(location.target):
        case Failed(problem=problem):
            if not (location.presence == "optional" and problem.code in NOT_THERE):
                store.note_failure(location_id, None, problem)
            return False
        case Partial(repositories=found, problem=problem):
            store.note_listing(location_id, found, complete=False, now=tools.now(), problem=problem)
            log.warning("listing of %s is partial: %s", location.target, problem.message)
        case Complete(repositories=found):
            store.note_listing(location_id, found, complete=True, now=tools.now())
    return True


def due(tools: Tools, location_id: str, *, part: int | None = None) -> list[Repository]:
    """The repositories of a location, or of a part of it, that are to be looked at."""
    with tools.database.read() as connection:
        location = targets.find_location(connection, location_id)
        if location is None:
            return []
        edition_ = edition(_origin(tools, connection, location), reader_of(tools))
        found = repositories.due(connection, location_id, edition_, part=part)
    # What was listed long ago has changed since, perhaps.
    listed = location.listed_at or tools.now()
    is_fresh = tools.now() - listed < FRESH
    return [*found] if is_fresh else [replace(one, head="") for one in found]


def parts_due(tools: Tools, location_id: str) -> tuple[int, ...]:
    """The numbers of the parts of a location in which there is something to look at."""
    with tools.database.read() as connection:
        location = targets.find_location(connection, location_id)
        if location is None:
            return ()
        edition_ = edition(_origin(tools, connection, location), reader_of(tools))
        return repositories.parts_due(connection, location_id, edition_)


def ingest(tools: Tools, location_id: str, repository: Repository) -> Ingested:
    """Bring one repository of a location up to date."""
    (done,) = ingest_all(tools, location_id, [repository])
    return done


def ingest_all(
    tools: Tools, location_id: str, found: Sequence[Repository]
) -> Generator[Ingested, None, None]:
    """Bring repositories of a location up to date, in this order.

    While one is written, the next ones are made ready: their forge takes its time.
    """
    with tools.database.read() as connection:
        location = targets.find_location(connection, location_id)
    if location is None:  # then nobody may say any more with what its repositories are read
        yield from (Ingested(repository=repository, unchanged=True) for repository in found)
        return
    is_strange = _is_strange(location)
    waiting: deque[tuple[Repository, Source, Future[Snapshot | Failed]]] = deque()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="snapshot") as threads:
        try:
            for repository in found:
                source = source_for(tools.plugins, repository.url, checked=is_strange)
                assert source is not None, "a repository that was listed has a source"
                waiting.append((repository, source, threads.submit(source.snapshot, repository)))
                if len(waiting) > AT_ONCE:
                    yield _ingest(tools, location_id, *waiting.popleft())
            while waiting:
                yield _ingest(tools, location_id, *waiting.popleft())
        finally:
            for *_, future in waiting:
                future.cancel()


def _ingest(
    tools: Tools,
    location_id: str,
    repository: Repository,
    source: Source,
    snapshot: Future[Snapshot | Failed],
) -> Ingested:
    ready = snapshot.result()
    with tools.database.read() as connection:
        location = targets.find_location(connection, location_id)
        if location is None:
            return Ingested(repository=repository, unchanged=True)
        origin = _origin(tools, connection, location)
    return ingest_repository(
        origin=origin,
        repository=repository,
        snapshot=ready,
        source=source,
        store=tools.store,
        reader=reader_of(tools),
        policy=tools.policy,
        now=tools.now(),
    )


def _origin(tools: Tools, connection: Connection, location: Target) -> Origin:
    """What stands behind all that a location leads to."""
    root = location.root_id and targets.find_location(connection, location.root_id)
    root = root or location
    return Origin(
        id=location.id,
        ref=f"{root.type}:{root.target}",
        # What the operator names on the command line may hold every kind (design 2a.9).
        rules=tools.rules if root.origin in registrations.WITH_ENTITY else None,
        depth=location.depth,
        optional=location.presence == "optional",
    )


def settle(tools: Tools, location_id: str) -> int:
    """Let go what the whole of a location no longer leads to; returns how many entities went.

    These are repositories that complete listings lack, and locations that no Location entity names.
    """
    with tools.database.read() as connection:
        missing = missing_repositories(connection, location_id)
        total = len(registrations.served(connection, location_id)) if missing else 0
        unlinked = links.unlinked(connection)
    store, now = tools.store, tools.now()
    removed = 0
    for repository in missing:
        removed += remove_missing(
            location=location_id,
            repository=repository,
            store=store,
            total=total,
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


def _is_strange(location: Target) -> bool:
    """Whether it is not the operator who named it: git is never run for such a one."""
    return location.origin in (links.ENTITY, "api")
