"""Collecting: facts that last as long as a revision, of many repositories at a time.

Whoever has read a repository has it at hand. What is collected is stored, so that whoever assesses its
entities needs no repository, whatever changes about their neighbors. A repository over which a child is
lost is left to the assessment, which finds out which entity it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from catalog.sources import Failed, Snapshot
from portal.db import facts, marks
from portal.db.marks import Marked
from portal.pool import TaskFailed
from portal.worker.jobs import AT_ONCE, Tools
from portal.worker.retrying import DEADLINE
from portal.worker.sparing import Spared, spared
from portal.worker.tasks import Collection, Place, source_for
from scorecards.collectors import Subject
from scorecards.facts import FactRecord

SUBJECTS = 250
"""Entities in one task for a child, and in one transaction."""

MOST = 1000
"""Entities of which facts are collected at once."""

T = TypeVar("T")


def collect_within(tools: Tools, ids: range) -> None:
    """Collect what lasts about marked entities of the repositories with these ids."""
    with tools.database.read() as connection:
        marked = marks.next_marked(connection, limit=MOST, within=ids)
    collect(tools, marked)


def collect(tools: Tools, groups: Sequence[Marked]) -> None:
    """Collect what lasts about marked entities, as far as it is not known yet."""
    with tools.database.read() as connection:
        known = spared(connection, tools.plugins, (), groups)
        due = [
            (group, one)
            for group, one in zip(groups, known, strict=True)
            if group.repository is not None and one.lacking
        ]
        ids = [entity for group, _ in due for entity in group.seqs]
        found = {subject[0]: subject[2] for subject in marks.subjects(connection, ids, alone=True)}
    tasks: list[Future[tuple[FactRecord, ...]]] = []
    for places in _together(_places(tools, due, found), lambda place: len(place.subjects)):
        task = Collection(setup=tools.setup, places=tuple(places), now=tools.now())
        tasks.append(tools.pool.submit("portal.worker.tasks:collect", task, deadline=DEADLINE))
    for future in tasks:
        try:
            records = future.result()
        except (TaskFailed, MemoryError):
            continue
        with tools.database.write() as connection:
            facts.save(connection, records)


def _places(
    tools: Tools, due: Sequence[tuple[Marked, Spared]], found: dict[int, Subject]
) -> Iterator[Place]:
    """What is to be looked at where, some subjects of one repository at a time."""
    # Of what this worker has no copy yet, the forge makes it wait.
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="snapshot") as threads:
        snapshots = threads.map(lambda one: snapshot_of(tools, one[0]), due)
        for (group, known), snapshot in zip(due, snapshots, strict=True):
            if snapshot is None:
                continue
            subjects = [found[entity] for entity in sorted(group.seqs) if entity in found]
            for n in range(0, len(subjects), SUBJECTS):
                some = tuple(subjects[n : n + SUBJECTS])
                yield Place(snapshot=snapshot, subjects=some, collectors=known.lacking)


def snapshot_of(tools: Tools, group: Marked) -> Snapshot | None:
    """The repository of marked entities as it is now; None: it cannot be read."""
    repository = group.repository
    source = None if repository is None else source_for(tools.plugins, repository.url)
    snapshot = None if source is None or repository is None else source.snapshot(repository)
    return None if isinstance(snapshot, Failed) else snapshot


def _together(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Groups of items that come to about `SUBJECTS`."""
    group: list[T] = []
    total = 0
    for item in items:
        group.append(item)
        total += size(item)
        if total >= SUBJECTS:
            yield group
            group, total = [], 0
    if group:
        yield group
