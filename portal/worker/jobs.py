"""The jobs: what is done for a key. Plain functions, with the engine or without it.

Each may run at any time, twice, in any order. Assessing is in `portal.worker.assessing`.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from catalog.companions import LARGEST_FILE
from catalog.defined_kinds import KindFile, kinds_of
from catalog.ingestion import NOT_THERE, Ingested, ingest_repository, remove_missing
from catalog.locations import describe_file
from catalog.problems import Problem
from catalog.readings import Origin, Reader, ToRead, edition
from catalog.removal import RemovalPolicy
from catalog.rules import AllowRule
from catalog.sources import Blob, Complete, Failed, Partial, Repository, Snapshot, Source
from catalog.store import FileReading
from plugins.contract import Plugin
from portal.config.repositories import ScorecardRepository
from portal.db import (
    doc_sets,
    fact_history,
    links,
    locations,
    registrations,
    repositories,
    transitions,
)
from portal.db.catalog_store import Store
from portal.db.decisions import purge
from portal.db.engine import Database
from portal.db.instants import prune
from portal.db.locations import Registered
from portal.db.repositories import missing_repositories
from portal.db.state import Connection
from portal.pool import Pool, TaskFailed
from portal.worker.scheduled import Scheduled
from portal.worker.tasks import Setup, source_for
from scorecards.notices import Timing

log = logging.getLogger(__name__)

FILES_BYTES = 512 * 1024
FILES_COUNT = 200
"""Files in one task for a child: enough to hide the cost of handing over."""

AHEAD = 6
"""Tasks for each child that are under way while a batch is being written."""

AT_ONCE = 4
"""Repositories that are made ready at a time, beside the one that is being read."""

FRESH = timedelta(minutes=15)
"""How long the word of a listing on a head is taken."""

FORGET = 5000
"""Rows that one transaction forgets."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What jobs work with."""

    database: Database
    plugins: tuple[Plugin, ...]
    setup: Setup
    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By name of a fact, the names of the scorecards that look at it."""
    givers: tuple[str, ...] = ()
    """What facts come from that no collector observes: namespaces, and scorecards for levels."""
    pool: Pool
    policy: RemovalPolicy
    rules: tuple[AllowRule, ...] | None
    """Kinds that descriptors may hold (`catalog.rules`); None: every built-in one."""
    kinds: tuple[KindFile, ...] = ()
    """Definitions of the kinds that users added."""
    keep_orphans: bool = False
    """`catalog.orphanStrategy` is `keep`."""
    same_repository: bool = True
    """Whether placeholders on a forge may only take in files of their own repository."""
    codeowners: bool = False
    """Whether owners are inferred from CODEOWNERS."""
    history_keep: timedelta = timedelta(days=365)
    """How long former versions of entities are kept."""
    tombstones_keep: timedelta = timedelta(days=30)
    """How long what went can come back as it was."""
    scorecard_repositories: tuple[ScorecardRepository, ...] = ()
    """Whose scorecards are in force."""
    scheduled: tuple[Scheduled, ...] = ()
    """What facts are fetched from other systems."""
    notices: Timing | None = None
    """When teams are told of what; None: they are told of nothing."""
    chance: Callable[[], float] = random.random
    """0 to 1."""
    now: Callable[[], datetime]

    @property
    def store(self) -> Store:
        """The catalog."""
        kinds, _ = kinds_of(self.kinds)
        return Store(database=self.database, kinds=kinds, keep_orphans=self.keep_orphans)


def list_repositories(tools: Tools, location_id: str) -> list[Repository]:
    """List a location, record what the listing said, and return the repositories to look at."""
    return due(tools, location_id) if look(tools, location_id) else []


def look(tools: Tools, location_id: str) -> bool:
    """List a location and record what the listing said; returns whether there was any."""
    with tools.database.read() as connection:
        location = locations.registered(connection, location_id)
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
        location = locations.registered(connection, location_id)
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
        location = locations.registered(connection, location_id)
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
        location = locations.registered(connection, location_id)
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
        location = locations.registered(connection, location_id)
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


def _origin(tools: Tools, connection: Connection, location: Registered) -> Origin:
    """What stands behind all that a location leads to."""
    root = location.root_id and locations.registered(connection, location.root_id)
    root = root or location
    return Origin(
        id=location.id,
        ref=f"{root.type}:{root.target}",
        # What the operator names on the command line may hold every kind (design 2a.9).
        rules=tools.rules if root.origin in locations.WITH_ENTITY else None,
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
        known = locations.get_repository(connection, repository_id)
    if known is None:
        return None
    location_id, repository = known
    done = ingest(tools, location_id, repository)
    if not done.unchanged:
        settle(tools, location_id)
    return done


def _is_strange(location: Registered) -> bool:
    """Whether it is not the operator who named it: git is never run for such a one."""
    return location.origin in (locations.ENTITY, "api")


def reader_of(tools: Tools) -> Reader:
    """Reads descriptors in the children of the pool."""
    return Reader(
        read=lambda files: _read_in_pool(tools.pool, files),
        describe=describe_file,
        fetch=lambda url: fetch(tools, url),
        kinds=tools.kinds,
        same_repository=tools.same_repository,
        codeowners=tools.codeowners,
    )


def fetch(tools: Tools, url: str) -> tuple[str, bytes] | Problem:
    """A token that changes with the content of a URL, and the content; or why there is none."""
    source = source_for(tools.plugins, url, checked=True)
    if source is None:
        return no_source(url)
    snapshot = source.snapshot(Repository(url=url, name=url))
    if isinstance(snapshot, Failed):
        return snapshot.problem
    found = next(iter(source.read(snapshot, snapshot.named, max_bytes=LARGEST_FILE)))
    return (snapshot.revision, found.content) if isinstance(found, Blob) else found.problem


def _read_in_pool(pool: Pool, files: Iterable[ToRead]) -> Iterator[FileReading]:
    """Read files in the children, some tasks ahead of the caller, in order."""
    ahead: deque[tuple[Future[list[FileReading]], list[ToRead]]] = deque()
    for group in _groups(files):
        ahead.append((pool.submit("portal.worker.tasks:read_files", group), group))
        if len(ahead) > AHEAD * pool.size:
            yield from _finished(pool, *ahead.popleft())
    while ahead:
        yield from _finished(pool, *ahead.popleft())


def _groups(files: Iterable[ToRead]) -> Iterator[list[ToRead]]:
    group: list[ToRead] = []
    size = 0
    for file in files:
        group.append(file)
        size += len(file.content)
        if size >= FILES_BYTES or len(group) >= FILES_COUNT:
            yield group
            group, size = [], 0
    if group:
        yield group


def _finished(
    pool: Pool, future: Future[list[FileReading]], group: list[ToRead]
) -> Iterator[FileReading]:
    """The readings of a task; one that killed its child is split until the guilty file is found."""
    try:
        yield from future.result()
    except TaskFailed as failure:
        if len(group) == 1:
            yield _unreadable(group[0], str(failure))
            return
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            again = pool.submit("portal.worker.tasks:read_files", half, deadline=20)
            yield from _finished(pool, again, half)


def _unreadable(file: ToRead, why: str) -> FileReading:
    return FileReading(
        path=file.path,
        token="",
        url=file.url,
        outcomes=(),
        problems=(
            Problem(
                code="FILE_NOT_PARSED",
                message=f"The file could not be parsed: {why}.",
                hint="Split it, or make it simpler; what it declared before is still served.",
                file=file.path,
            ),
        ),
    )


def no_source(target: str) -> Problem:
    """The problem of a target that nobody reads."""
    return Problem(
        code="NO_SOURCE",
        message="No installed plugin reads this target.",
        found=target,
        expected="a folder, a repository, a descriptor file, or a git URL",
        hint="Check the spelling; `portal plugins` lists what is installed.",
    )
