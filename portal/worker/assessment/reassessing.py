"""Reassessing: results of marked entities from what is stored about them, and nothing collected.

That is enough where a fact was pushed, a scorecard changed, or somebody decided something. While
children assess some entities, others are read and written here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

from portal.db import values
from portal.db.catalog import entities
from portal.db.collection import facts
from portal.db.work import rounds
from portal.db.work.rounds import Due
from portal.worker.assessment import refusing, saving
from portal.worker.children.retrying import DEADLINE, STEP, WHATEVER, Part, Piece, Retrying
from portal.worker.children.tasks import Assessed, Reading
from portal.worker.children.watching import named
from portal.worker.tools import Tools
from scorecards.collection.store import Asked
from scorecards.evaluation.decisions import Decisions

TOGETHER = 1000
"""Entities in one task for a child, and in one transaction."""

ROUND = 10_000
"""Entities that are looked at before marks are read again."""


class _Task(NamedTuple):
    """Entities that a child is asked about."""

    seqs: Mapping[int, int]
    ids: Sequence[int]
    decisions: Mapping[int, Decisions]
    asked: Asked
    reading: Reading
    answer: Future[Assessed]


def reassess_round(tools: Tools) -> int:
    """Assess up to `ROUND` marked entities from stored facts; returns how many. 0: none is marked."""
    with tools.database.read() as connection:
        due = rounds.next_due(connection, limit=ROUND)
    if due is None:
        return 0
    ids = sorted(due.seqs)
    running: deque[_Task] = deque()
    for part in (ids[n : n + TOGETHER] for n in range(0, len(ids), TOGETHER)):
        running.append(_ask(tools, due, part))
        if len(running) > 2 * tools.pool.size:
            _save(tools, due, running.popleft(), running)
    while running:
        _save(tools, due, running.popleft(), running)
    return len(ids)


def _ask(tools: Tools, due: Due, ids: Sequence[int]) -> _Task:
    now = tools.now()
    with tools.database.read() as connection:
        bodies = entities.bodies(connection, ids)
        stored = facts.stored_for(connection, list(bodies))
        decisions = saving.decisions_of(connection, list(bodies), now)
        seq = int(values.get(connection, "catalog_seq") or 0)
        care = refusing.care_of(connection)
    reading = Reading(
        setup=tools.setup,
        cards=due.cards,
        bodies=tuple(bodies.values()),
        facts=tuple(tuple(stored.get(entity, ())) for entity in bodies),
        now=now,
        care=care,
    )
    rules = {card.name: card.version for card in tools.setup.scorecards}
    return _Task(
        seqs={entity: due.seqs[entity] for entity in ids},
        ids=list(bodies),
        decisions=decisions,
        asked=Asked(rules=rules, seq=seq, at=now),
        reading=reading,
        answer=_submit(tools, reading, deadline=DEADLINE, step=STEP),
    )


def _submit(
    tools: Tools, reading: Reading, *, deadline: float, step: float, ahead: bool = False
) -> Future[Assessed]:
    return tools.pool.submit(
        "portal.worker.children.tasks:assess", reading, deadline=deadline, step=step, ahead=ahead
    )


def _again(tools: Tools, whole: Reading, part: Part) -> Future[Assessed]:
    """Ask about some of the entities once more."""
    some = slice(part.start, part.stop)
    reading = replace(whole, bodies=whole.bodies[some], facts=whole.facts[some], care=part.care)
    return _submit(tools, reading, deadline=part.deadline, step=part.step, ahead=True)


def _save(tools: Tools, due: Due, task: _Task, others: Collection[_Task] = ()) -> None:
    """Store what comes of the task, and take away its marks."""
    retrying = Retrying(
        ask=lambda part: _again(tools, task.reading, part),
        name=lambda number: named(task.reading.bodies[number]),
        refusals=refusing.refusals_of(tools),
        others=[other.answer for other in others],
        failing=WHATEVER,
    )
    for piece in retrying.pieces(task.answer, len(task.ids), task.reading.care):
        _save_piece(tools, due, task, piece)
    gone = task.seqs.keys() - set(task.ids)
    if gone:
        with tools.database.write() as connection:
            rounds.clear_marks(connection, {entity: task.seqs[entity] for entity in gone})


def _save_piece(tools: Tools, due: Due, task: _Task, piece: Piece[Assessed]) -> None:
    """Store the results of the entities that nothing has happened to since they were read."""
    ids = task.ids[piece.start : piece.stop]
    seqs = {entity: task.seqs[entity] for entity in ids}
    with tools.database.write() as connection:
        if piece.answer is None:
            saving.give_up(tools, connection, ids, piece.why)
        else:
            same = rounds.unchanged(connection, seqs)
            found = zip(ids, piece.answer.results, strict=True)
            saving.save(
                tools,
                connection,
                {entity: said for entity, said in found if entity in same},
                piece.answer,
                decisions=task.decisions,
                asked=task.asked,
                cards=due.cards,
            )
        rounds.clear_marks(connection, seqs)
