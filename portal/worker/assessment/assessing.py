"""Assessing: facts and results of the entities that are marked, a round at a time.

An ingestion and an assessment meet only in the marks that the one writes and the other takes away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace

from portal.db import values
from portal.db.collection import facts
from portal.db.evaluation.subjects import read_subjects
from portal.db.work import rounds
from portal.db.work.rounds import Marked
from portal.pool import Pool
from portal.worker.assessment import refusing, saving
from portal.worker.assessment.collecting import collect, snapshot_of
from portal.worker.assessment.reassessing import reassess_round
from portal.worker.assessment.sparing import Spared, spared
from portal.worker.being_read import being_read
from portal.worker.children.retrying import DEADLINE, STEP, WHATEVER, Part, Piece, Retrying
from portal.worker.children.tasks import Appraisal, Appraised
from portal.worker.tools import Tools
from scorecards.collection.store import Asked
from scorecards.evaluation.decisions import Decisions

SUBJECTS = 250
"""Entities in one task for a child."""

ROUND = 1000
"""Entities that are looked at between two commits."""


def assess_part(tools: Tools, part: int) -> int:
    """Collect facts about some of the marked entities of a part, and assess them; returns how many."""
    refusing.spread(tools)
    return _appraise_round(tools, rounds.part_of(part))


def assess_round(tools: Tools) -> int:
    """Look at marked entities, for a while; returns how many. 0: nothing is left to do.

    Where what is stored holds, results come first: they take a moment, and collecting may not.
    """
    refusing.spread(tools)
    return reassess_round(tools) or _appraise_round(tools)


def _appraise_round(tools: Tools, within: range | None = None) -> int:
    """Collect facts about up to `ROUND` marked entities and assess them.

    `within` are the ids of the repositories that it is about; None: all are.
    """
    now = tools.now()
    with tools.database.read() as connection:
        marked = rounds.next_marked(
            connection, limit=ROUND, within=within, but=being_read(connection)
        )
    collect(tools, marked)
    with tools.database.read() as connection:
        ids = [entity for group in marked for entity in group.seqs]
        known = spared(connection, tools.plugins, tools.givers, marked, now=now)
        found = read_subjects(connection, ids)
        decisions = saving.decisions_of(connection, ids, now)
        seq = int(values.get(connection, "catalog_seq") or 0)
        care = refusing.care_of(connection)
    rules = {card.name: card.version for card in tools.setup.scorecards}
    asked = Asked(rules=rules, seq=seq, at=now)
    tasks: list[tuple[Appraisal, Future[Appraised], Sequence[int]]] = []
    for alike in _alike(marked, known):
        group, beforehand = alike[0]
        snapshot = snapshot_of(tools, group) if beforehand.needs_snapshot else None
        given = {entity: said for _, one in alike for entity, said in one.given.items()}
        here = [entity for entity in sorted(given) if entity in found]
        for some in (here[n : n + SUBJECTS] for n in range(0, len(here), SUBJECTS)):
            task = Appraisal(
                setup=tools.setup,
                snapshot=snapshot,
                subjects=tuple(found[entity] for entity in some),
                given=tuple(given[entity] for entity in some),
                spared=beforehand.collectors,
                now=now,
                care=care,
            )
            future = _appraise(tools.pool, task, deadline=DEADLINE, step=STEP)
            tasks.append((task, future, some))
    for task, future, part_ids in tasks:
        retrying = _retrying(tools, task, [other for _, other, _ in tasks])
        for piece in retrying.pieces(future, len(part_ids), care):
            _save(tools, piece, part_ids[piece.start : piece.stop], decisions, asked)
    seqs = {entity: seq for group in marked for entity, seq in group.seqs.items()}
    with tools.database.write() as connection:
        rounds.clear_marks(connection, seqs)
    return len(seqs)


def _alike(
    marked: Sequence[Marked], known: Sequence[Spared]
) -> Iterator[list[tuple[Marked, Spared]]]:
    """Groups that can be looked at together: one repository, or any number that need not be read."""
    together: dict[frozenset[str], list[tuple[Marked, Spared]]] = {}
    for group, beforehand in zip(marked, known, strict=True):
        if beforehand.needs_snapshot:
            yield [(group, beforehand)]
        else:
            together.setdefault(beforehand.collectors, []).append((group, beforehand))
    yield from together.values()


def _appraise(
    pool: Pool, task: Appraisal, *, deadline: float, step: float, ahead: bool = False
) -> Future[Appraised]:
    return pool.submit(
        "portal.worker.children.tasks:appraise", task, deadline=deadline, step=step, ahead=ahead
    )


def _retrying(
    tools: Tools, task: Appraisal, others: Sequence[Future[Appraised]]
) -> Retrying[Appraised]:
    return Retrying(
        ask=lambda part: _again(tools.pool, task, part),
        name=lambda number: task.subjects[number].ref,
        refusals=refusing.refusals_of(tools),
        others=others,
        failing=WHATEVER,
    )


def _again(pool: Pool, whole: Appraisal, part: Part) -> Future[Appraised]:
    """Look at some of the entities once more."""
    some = slice(part.start, part.stop)
    task = replace(
        whole,
        subjects=whole.subjects[some],
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
