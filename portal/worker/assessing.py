"""Assessing: facts and results of the entities that are marked, a round at a time.

An ingestion and an assessment meet only in the marks that the one writes and the other takes away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from catalog.documentation import Documentation, size_of
from catalog.sources import Failed, Repository, Snapshot
from portal.db import doc_sets, documentation, facts, marks, values
from portal.db.state import Connection
from portal.pool import Pool
from portal.worker import refusing, saving
from portal.worker.jobs import Tools
from portal.worker.reassessing import reassess_round
from portal.worker.retrying import DEADLINE, STEP, Part, Piece, Retrying
from portal.worker.tasks import Appraisal, Appraised, source_for
from scorecards.decisions import Decisions
from scorecards.store import Asked

SUBJECTS = 250
"""Entities in one task for a child."""

AT_ONCE = 4
"""Repositories that are made ready at a time."""

ROUND = 1000
"""Entities that are looked at between two commits."""

PAGES_BYTES = 32 * 1024 * 1024
"""Bytes of packed pages that wait to be stored."""


def assess_part(tools: Tools, part: int) -> int:
    """Collect facts about some of the marked entities of a part, and assess them; returns how many."""
    refusing.spread(tools)
    return _appraise_round(tools, part)


def assess_round(tools: Tools) -> int:
    """Look at marked entities, for a while; returns how many. 0: nothing is left to do.

    Where what is stored holds, results come first: they take a moment, and collecting may not.
    """
    refusing.spread(tools)
    return reassess_round(tools) or _appraise_round(tools)


def _appraise_round(tools: Tools, part: int | None = None) -> int:
    """Collect facts about up to `ROUND` marked entities and assess them."""
    now = tools.now()
    with tools.database.read() as connection:
        marked = marks.next_marked(connection, limit=ROUND, part=part)
        groups = [(group, marks.subjects(connection, sorted(group.seqs))) for group in marked]
        ids = [entity for group in marked for entity in group.seqs]
        given = facts.for_entities(connection, ids, tools.givers) if tools.givers else {}
        outlines = documentation.outlines(connection, ids)
        decisions = saving.decisions_of(connection, ids, now)
        seq = int(values.get(connection, "catalog_seq") or 0)
        care = refusing.care_of(connection)
    rules = {card.name: card.version for card in tools.setup.scorecards}
    asked = Asked(rules=rules, seq=seq, at=now)
    tasks: deque[tuple[Appraisal, Future[Appraised], Sequence[int]]] = deque()
    # Of what this worker has no copy yet, the forge makes it wait.
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="snapshot") as threads:
        snapshots = threads.map(lambda group: _snapshot(tools, group.repository), marked)
        for (_, subjects), readable in zip(groups, snapshots, strict=True):
            for some in (subjects[n : n + SUBJECTS] for n in range(0, len(subjects), SUBJECTS)):
                task = Appraisal(
                    setup=tools.setup,
                    snapshot=readable,
                    subjects=tuple(subject for _, _, subject in some),
                    bodies=tuple(body for _, body, _ in some),
                    given=tuple(given.get(entity, ()) for entity, _, _ in some),
                    outlines={
                        subject.ref: outlines[entity]
                        for entity, _, subject in some
                        if entity in outlines
                    },
                    now=now,
                    care=care,
                )
                future = _appraise(tools.pool, task, deadline=DEADLINE, step=STEP)
                tasks.append((task, future, [entity for entity, _, _ in some]))
    pages = _Pages(tools, now)
    while tasks:
        task, future, part_ids = tasks.popleft()  # so that no answer outlives its turn
        retrying = _retrying(tools, task, [other for _, other, _ in tasks])
        for piece in retrying.pieces(future, len(part_ids), care):
            _save(tools, piece, part_ids[piece.start : piece.stop], decisions, asked)
            if piece.answer is not None:
                pages.take(piece.answer.documentation)
    seqs = {entity: seq for group in marked for entity, seq in group.seqs.items()}
    with tools.database.write() as connection:
        pages.store(connection)
        marks.clear_marks(connection, seqs)
    return len(seqs)


class _Pages:
    """Pages that are stored together: those of a thousand repositories take as many statements as one's.

    All are stored when the marks of their entities go, or before.
    """

    def __init__(self, tools: Tools, now: datetime) -> None:
        self._tools, self._now = tools, now
        self._waiting: list[Documentation] = []
        self._size = 0

    def take(self, found: Sequence[Documentation]) -> None:
        """Keep them until there are many."""
        self._waiting += found
        self._size += size_of(found)
        if self._size > PAGES_BYTES:
            with self._tools.database.write() as connection:
                self.store(connection)

    def store(self, connection: Connection) -> None:
        """Store what waits. The connection is in a write transaction."""
        doc_sets.save(connection, self._waiting, now=self._now)
        self._waiting.clear()
        self._size = 0


def _snapshot(tools: Tools, repository: Repository | None) -> Snapshot | None:
    source = None if repository is None else source_for(tools.plugins, repository.url)
    snapshot = None if source is None or repository is None else source.snapshot(repository)
    return None if isinstance(snapshot, Failed) else snapshot


def _appraise(
    pool: Pool, task: Appraisal, *, deadline: float, step: float, ahead: bool = False
) -> Future[Appraised]:
    return pool.submit(
        "portal.worker.tasks:appraise", task, deadline=deadline, step=step, ahead=ahead
    )


def _retrying(
    tools: Tools, task: Appraisal, others: Sequence[Future[Appraised]]
) -> Retrying[Appraised]:
    return Retrying(
        ask=lambda part: _again(tools.pool, task, part),
        name=lambda number: task.subjects[number].ref,
        refusals=refusing.refusals_of(tools),
        others=others,
    )


def _again(pool: Pool, whole: Appraisal, part: Part) -> Future[Appraised]:
    """Look at some of the entities once more."""
    some = slice(part.start, part.stop)
    task = replace(
        whole,
        subjects=whole.subjects[some],
        bodies=whole.bodies[some],
        given=whole.given[some],
        care=part.care,
    )
    return _appraise(pool, task, deadline=part.deadline, step=part.step, ahead=True)


def _save(
    tools: Tools,
    piece: Piece[Appraised],
    ids: Sequence[int],
    decisions: Mapping[int, Decisions],
    asked: Asked,
) -> None:
    done = piece.answer
    with tools.database.write() as connection:
        if done is None:
            # What was known about these entities stays; their facts say how old they are.
            saving.give_up(tools, connection, ids, piece.why)
            return
        facts.save(connection, done.records)
        said = dict(zip(ids, done.assessed.results, strict=True))
        saving.save(tools, connection, said, done.assessed, decisions=decisions, asked=asked)
