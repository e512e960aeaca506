"""Collecting: facts and documentation that last as long as a revision, of many repositories at a time.

Whoever has read a repository has it at hand. What is collected is stored, so that whoever assesses its
entities needs no repository, whatever changes about their neighbors. A repository over which a child is
lost is left to the assessment, which finds out which entity it is.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from catalog.documentation import LARGEST_PAGE
from catalog.ingest.readings import is_of
from catalog.sources import Snapshot
from portal.child import TaskFailed
from portal.db.collection import doc_sets, documentation, facts
from portal.db.evaluation.subjects import read_subjects
from portal.db.work import rounds
from portal.db.work.rounds import Marked
from portal.worker.assessment.sparing import Spared, spared
from portal.worker.children.retrying import AGAIN, DEADLINE
from portal.worker.children.tasks import Collected, Collection, Place
from portal.worker.children.views import source_for
from portal.worker.jobs import AT_ONCE
from portal.worker.tools import Tools
from scorecards.collection.subjects import PackedSubject

log = logging.getLogger(__name__)

SUBJECTS = 250
"""Entities in one task for a child, and in one transaction."""

PAGE_BYTES = 64 * 1024
"""Bytes of documentation that count as much as an entity."""

MOST = 1000
"""Entities of which facts are collected at once."""


class _Load(NamedTuple):
    """A place, and what it counts in a task."""

    place: Place
    weight: int


def collect_within(tools: Tools, ids: range) -> None:
    """Collect what lasts about marked entities of the repositories with these ids."""
    with tools.database.read() as connection:
        marked = rounds.next_marked(connection, limit=MOST, within=ids)
    collect(tools, marked)


def collect(tools: Tools, groups: Sequence[Marked]) -> None:
    """Collect what lasts about marked entities, as far as it is not known yet."""
    now = tools.now()
    with tools.database.read() as connection:
        known = spared(connection, tools.plugins, (), groups, now=now)
        due = [
            (group, one)
            for group, one in zip(groups, known, strict=True)
            if group.repository is not None and (one.lacking or not one.is_documented)
        ]
        ids = [entity for group, _ in due for entity in group.seqs]
        found = read_subjects(connection, ids, alone=True)
        outlines = documentation.outlines(connection, ids)
    stored = {found[entity].ref: outline for entity, outline in outlines.items() if entity in found}
    tasks: deque[tuple[Collection, Future[Collected]]] = deque()
    for places in _together(_places(tools, due, found, stored)):
        task = Collection(setup=tools.setup, places=places, now=now)
        tasks.append((task, _submit(tools, task, DEADLINE)))
        if len(tasks) > tools.pool.size:
            _save(tools, *tasks.popleft())
    while tasks:
        _save(tools, *tasks.popleft())


def _submit(tools: Tools, task: Collection, deadline: float) -> Future[Collected]:
    return tools.pool.submit("portal.worker.children.tasks:collect", task, deadline=deadline)


def _save(tools: Tools, task: Collection, answer: Future[Collected]) -> None:
    """Store what came of a task; of one that failed, what comes of each half."""
    try:
        collected = answer.result()
    except (TaskFailed, MemoryError) as failure:
        half = len(task.places) // 2
        if not half:
            url = task.places[0].snapshot.repository.url
            log.warning("nothing could be collected from %s at once: %s", url, failure)
            return
        for places in (task.places[:half], task.places[half:]):
            part = replace(task, places=places)
            _save(tools, part, _submit(tools, part, AGAIN))
        return
    with tools.database.write() as connection:
        facts.save(connection, collected.records)
        doc_sets.save(connection, collected.documentation, now=task.now)


def _places(
    tools: Tools,
    due: Sequence[tuple[Marked, Spared]],
    found: Mapping[int, PackedSubject],
    outlines: Mapping[str, str],
) -> Iterator[_Load]:
    """What is to be looked at where, some subjects of one repository at a time."""
    # Of what this worker has no copy yet, the forge makes it wait.
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="snapshot") as threads:
        snapshots = threads.map(lambda one: snapshot_of(tools, one[0]), due)
        for (group, known), snapshot in zip(due, snapshots, strict=True):
            # One that has moved on is read anew, and its entities are marked again by that.
            if snapshot is None or not is_of(group.revision, snapshot.revision):
                continue
            pages = _weight_of_pages(snapshot)
            subjects = [found[entity] for entity in sorted(group.seqs) if entity in found]
            for n in range(0, len(subjects), SUBJECTS):
                some = tuple(subjects[n : n + SUBJECTS])
                place = Place(
                    snapshot=snapshot,
                    subjects=some,
                    collectors=known.lacking,
                    outlines={one.ref: outlines[one.ref] for one in some if one.ref in outlines},
                )
                yield _Load(place, len(some) + pages)


def _weight_of_pages(snapshot: Snapshot) -> int:
    """What the pages of a repository count in a task: they are sent and stored as well."""
    sizes = (file.size for file in snapshot.files if file.path.lower().endswith(".md"))
    return sum(min(size, LARGEST_PAGE) for size in sizes) // PAGE_BYTES


def snapshot_of(tools: Tools, group: Marked) -> Snapshot | None:
    """The repository of marked entities, small to send; None: it cannot be read. See `Walks`."""
    repository = group.repository
    source = None if repository is None else source_for(tools.plugins, repository.url)
    if source is None or repository is None:
        return None
    return tools.walks.snapshot(source, repository, group.revision)


def _together(loads: Iterable[_Load]) -> Iterator[tuple[Place, ...]]:
    """Places that come to about `SUBJECTS`."""
    group: list[Place] = []
    total = 0
    for place, weight in loads:
        group.append(place)
        total += weight
        if total >= SUBJECTS:
            yield tuple(group)
            group, total = [], 0
    if group:
        yield tuple(group)
