"""Reassessing: results of marked entities from what is stored about them, and nothing collected.

That is enough where a fact was pushed, a scorecard changed, or somebody decided something. While
children assess some entities, others are read and written here.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from portal.db import entities, facts, marks, values
from portal.db.marks import Due
from portal.pool import TaskFailed
from portal.worker import saving
from portal.worker.jobs import Tools
from portal.worker.tasks import Assessed, Reading
from scorecards.decisions import Decisions
from scorecards.store import Asked

log = logging.getLogger(__name__)

TOGETHER = 1000
"""Entities in one task for a child, and in one transaction."""

ROUND = 10_000
"""Entities that are looked at before marks are read again."""

DEADLINE = 120.0
"""Seconds that one task may take."""


class _Task(NamedTuple):
    """Entities that a child is asked about."""

    seqs: Mapping[int, int]
    ids: Sequence[int]
    decisions: Mapping[int, Decisions]
    asked: Asked
    answer: Future[Assessed]


def reassess_round(tools: Tools) -> int:
    """Assess up to `ROUND` marked entities from stored facts; returns how many. 0: none is marked."""
    with tools.database.read() as connection:
        due = marks.next_due(connection, limit=ROUND)
    if due is None:
        return 0
    ids = sorted(due.seqs)
    running: deque[_Task] = deque()
    for part in (ids[n : n + TOGETHER] for n in range(0, len(ids), TOGETHER)):
        running.append(_ask(tools, due, part))
        if len(running) > 2 * tools.pool.size:
            _save(tools, due, running.popleft())
    while running:
        _save(tools, due, running.popleft())
    return len(ids)


def _ask(tools: Tools, due: Due, ids: Sequence[int]) -> _Task:
    now = tools.now()
    with tools.database.read() as connection:
        bodies = entities.bodies(connection, ids)
        stored = facts.stored_for(connection, list(bodies))
        decisions = saving.decisions_of(connection, list(bodies), now)
        seq = int(values.get(connection, "catalog_seq") or 0)
    reading = Reading(
        setup=tools.setup,
        cards=due.cards,
        bodies=tuple(bodies.values()),
        facts=tuple(tuple(stored.get(entity, ())) for entity in bodies),
        now=now,
    )
    rules = {card.name: card.version for card in tools.setup.scorecards}
    return _Task(
        seqs={entity: due.seqs[entity] for entity in ids},
        ids=list(bodies),
        decisions=decisions,
        asked=Asked(rules=rules, seq=seq, at=now),
        answer=tools.pool.submit("portal.worker.tasks:assess", reading, deadline=DEADLINE),
    )


def _save(tools: Tools, due: Due, task: _Task) -> None:
    """Store the results of the entities that nothing has happened to since they were read."""
    try:
        assessed = task.answer.result()
    except TaskFailed as failure:
        # What was known about these entities stays.
        log.error("assessing %d entities failed: %s", len(task.ids), failure)
        assessed = None
    with tools.database.write() as connection:
        if assessed is not None:
            same = marks.unchanged(connection, task.seqs)
            found = zip(task.ids, assessed.results, strict=True)
            saving.save(
                tools,
                connection,
                {entity: said for entity, said in found if entity in same},
                assessed,
                decisions=task.decisions,
                asked=task.asked,
                cards=due.cards,
            )
        marks.clear_marks(connection, task.seqs)
