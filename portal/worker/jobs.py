"""The jobs: what is done for a key. Plain functions, with the engine or without it.

Each may run at any time, twice, in any order. An ingestion and an assessment meet only in the
marks that the one writes and the other takes away.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from catalog.ingestion import Ingested, Origin, ToRead, ingest_repository
from catalog.locations import describe_file
from catalog.problems import Problem
from catalog.removal import RemovalPolicy
from catalog.rules import AllowRule
from catalog.sources import Complete, Failed, Partial, Repository
from catalog.store import FileReading
from plugins.contract import Plugin
from portal.db import locations, marks
from portal.db.catalog_store import Store
from portal.db.engine import Database
from portal.db.facts import FactRows
from portal.db.results import ResultRows
from portal.pool import Pool, TaskFailed
from portal.worker.tasks import Appraisal, Appraised, Setup, source_for

log = logging.getLogger(__name__)

FILES_BYTES = 512 * 1024
FILES_COUNT = 200
"""Files in one task for a child: enough to hide the cost of handing over."""

AHEAD = 6
"""Tasks for each child that are under way while a batch is being written."""

SUBJECTS = 250
"""Entities in one task for a child."""

ROUND = 1000
"""Entities that are looked at between two commits."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What jobs work with."""

    database: Database
    plugins: tuple[Plugin, ...]
    setup: Setup
    pool: Pool
    policy: RemovalPolicy
    rules: tuple[AllowRule, ...] | None
    """Kinds that descriptors may hold (`catalog.rules`); None: every built-in one."""
    now: Callable[[], datetime]


def list_repositories(tools: Tools, location_id: str) -> list[Repository]:
    """List a location and record what the listing said; empty when it is gone or unreadable."""
    with tools.database.read() as connection:
        location = locations.get_location(connection, location_id)
    if location is None:
        return []
    store = Store(tools.database)
    source = source_for(tools.plugins, location.target)
    if source is None:
        store.note_failure(location_id, None, _no_source(location.target))
        return []
    match source.list(location.target):
        case Failed(problem=problem):
            store.note_failure(location_id, None, problem)
            return []
        case Partial(repositories=found, problem=problem):
            store.note_listing(location_id, found, complete=False, now=tools.now())
            log.warning("listing of %s is partial: %s", location.target, problem.message)
            return list(found)
        case Complete(repositories=found):
            store.note_listing(location_id, found, complete=True, now=tools.now())
            return list(found)


def ingest(tools: Tools, location_id: str, repository: Repository) -> Ingested:
    """Bring one repository of a location up to date."""
    with tools.database.read() as connection:
        location = locations.get_location(connection, location_id)
    if location is None:
        return Ingested(repository=repository, unchanged=True)
    source = source_for(tools.plugins, location.target)
    assert source is not None, "a location that was listed has a source"
    # What the operator names on the command line may hold every kind (design 2a.9).
    rules = tools.rules if location.origin in ("config", "api") else None
    return ingest_repository(
        origin=Origin(id=location_id, ref=f"{location.type}:{location.target}", rules=rules),
        repository=repository,
        source=source,
        store=Store(tools.database),
        read=lambda files: _read_in_pool(tools.pool, files),
        describe=describe_file,
        policy=tools.policy,
        now=tools.now(),
    )


def assess_round(tools: Tools) -> int:
    """Look at up to `ROUND` marked entities; returns how many. 0: nothing is left to do."""
    with tools.database.read() as connection:
        marked = marks.next_marked(connection, limit=ROUND)
        groups = [(group, marks.subjects(connection, sorted(group.seqs))) for group in marked]
    now = tools.now()
    tasks: list[tuple[Future[Appraised], Sequence[int]]] = []
    for group, found in groups:
        source = source_for(tools.plugins, group.repository.url)
        snapshot = source.snapshot(group.repository) if source else None
        readable = None if isinstance(snapshot, Failed) else snapshot
        for part in (found[n : n + SUBJECTS] for n in range(0, len(found), SUBJECTS)):
            task = Appraisal(
                setup=tools.setup,
                snapshot=readable,
                subjects=tuple(subject for _, _, subject in part),
                bodies=tuple(body for _, body, _ in part),
                now=now,
            )
            tasks.append((_appraise(tools.pool, task), [entity for entity, _, _ in part]))
    for future, ids in tasks:
        _save(tools, future, ids)
    seqs = {entity: seq for group in marked for entity, seq in group.seqs.items()}
    with tools.database.write() as connection:
        marks.clear_marks(connection, seqs)
    return len(seqs)


def _appraise(pool: Pool, task: Appraisal) -> Future[Appraised]:
    return pool.submit("portal.worker.tasks:appraise", task, deadline=120)


def _save(tools: Tools, future: Future[Appraised], ids: Sequence[int]) -> None:
    try:
        done = future.result()
    except TaskFailed as failure:
        # What was known about these entities stays; their facts say how old they are.
        log.error("looking at %d entities failed: %s", len(ids), failure)
        return
    FactRows(database=tools.database).save_facts(done.records)
    ResultRows(database=tools.database).save_results(
        ids, [r for found in done.results for r in found]
    )


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


def _no_source(target: str) -> Problem:
    return Problem(
        code="NO_SOURCE",
        message="No installed plugin reads this target.",
        found=target,
        expected="a folder, a repository, a descriptor file, or a git URL",
        hint="Check the spelling; `portal plugins` lists what is installed.",
    )
