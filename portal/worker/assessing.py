"""Assessing: facts and results of the entities that are marked, a round at a time.

An ingestion and an assessment meet only in the marks that the one writes and the other takes away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from catalog.sources import Failed, Repository, Snapshot
from portal.db import facts, marks, values
from portal.pool import Pool, TaskFailed
from portal.worker import saving
from portal.worker.jobs import Tools
from portal.worker.reassessing import reassess_round
from portal.worker.tasks import Appraisal, Appraised, source_for
from scorecards.decisions import Decisions
from scorecards.store import Asked

log = logging.getLogger(__name__)

SUBJECTS = 250
"""Entities in one task for a child."""

ROUND = 1000
"""Entities that are looked at between two commits."""


def assess_round(tools: Tools) -> int:
    """Look at marked entities, for a while; returns how many. 0: nothing is left to do.

    Where what is stored holds, results come first: they take a moment, and collecting may not.
    """
    return reassess_round(tools) or _appraise_round(tools)


def _appraise_round(tools: Tools) -> int:
    """Collect facts about up to `ROUND` marked entities and assess them."""
    now = tools.now()
    with tools.database.read() as connection:
        marked = marks.next_marked(connection, limit=ROUND)
        groups = [(group, marks.subjects(connection, sorted(group.seqs))) for group in marked]
        ids = [entity for group in marked for entity in group.seqs]
        given = facts.for_entities(connection, ids, tools.givers) if tools.givers else {}
        decisions = saving.decisions_of(connection, ids, now)
        seq = int(values.get(connection, "catalog_seq") or 0)
    rules = {card.name: card.version for card in tools.setup.scorecards}
    asked = Asked(rules=rules, seq=seq, at=now)
    tasks: list[tuple[Future[Appraised], Sequence[int]]] = []
    for group, subjects in groups:
        readable = _snapshot(tools, group.repository)
        for part in (subjects[n : n + SUBJECTS] for n in range(0, len(subjects), SUBJECTS)):
            task = Appraisal(
                setup=tools.setup,
                snapshot=readable,
                subjects=tuple(subject for _, _, subject in part),
                bodies=tuple(body for _, body, _ in part),
                given=tuple(given.get(entity, ()) for entity, _, _ in part),
                now=now,
            )
            tasks.append((_appraise(tools.pool, task), [entity for entity, _, _ in part]))
    for future, part_ids in tasks:
        _save(tools, future, part_ids, decisions, asked)
    seqs = {entity: seq for group in marked for entity, seq in group.seqs.items()}
    with tools.database.write() as connection:
        marks.clear_marks(connection, seqs)
    return len(seqs)


def _snapshot(tools: Tools, repository: Repository | None) -> Snapshot | None:
    source = None if repository is None else source_for(tools.plugins, repository.url)
    snapshot = None if source is None or repository is None else source.snapshot(repository)
    return None if isinstance(snapshot, Failed) else snapshot


def _appraise(pool: Pool, task: Appraisal) -> Future[Appraised]:
    return pool.submit("portal.worker.tasks:appraise", task, deadline=120)


def _save(
    tools: Tools,
    future: Future[Appraised],
    ids: Sequence[int],
    decisions: Mapping[int, Decisions],
    asked: Asked,
) -> None:
    try:
        done = future.result()
    except TaskFailed as failure:
        # What was known about these entities stays; their facts say how old they are.
        log.error("looking at %d entities failed: %s", len(ids), failure)
        return
    with tools.database.write() as connection:
        facts.save(connection, done.records)
        said = dict(zip(ids, done.assessed.results, strict=True))
        saving.save(tools, connection, said, done.assessed, decisions=decisions, asked=asked)
