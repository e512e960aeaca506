"""Asking: what a scorecard says about every entity that is read, evaluated in the pool of children.

Here entities are only looked at. What no entity before showed goes to a child; most entities show
nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from plugins.contract import FactSchema
from portal import slate
from portal.db.engine import utc
from portal.db.insights.simulated import Reads
from portal.db.state import Connection
from portal.pool import Pool
from portal.worker.children.retrying import DEADLINE, STEP, Part, Refusals, Retrying
from portal.worker.children.watching import NO_CARE, Care, Stopwatch
from scorecards.collection.feeding import Unfed
from scorecards.evaluation.lens import Column, Glimpse, Lens
from scorecards.evaluation.many import LeafSaid, Reader, Said, combine
from scorecards.results import Outcome
from scorecards.scorecard import Scorecard

TOGETHER = 1_000
"""Glimpses in one task for a child."""

UNSAID = LeafSaid(Outcome.ERROR, ())
"""What a leaf says about whom children are lost over."""


class Levels(NamedTuple):
    """The level on a scorecard, as a fact of entities of whom it is not stored, or not so."""

    facts: Mapping[int, bytes]
    """By id of the entity, as `facts_to_json` writes them."""
    otherwise: bytes | None
    """Of all others; None: what is stored of them."""

    def over(self, ids: Sequence[int], column: Column, at: datetime) -> Column:
        """What a rule sees at `at`, where these entities have `column` stored."""
        facts = [self.facts.get(entity, self.otherwise) for entity in ids]
        each = list(zip(facts, *column, strict=True))
        return Column(
            [stored if told is None else told for told, stored, _, _ in each],
            [told is None and stale for told, _, stale, _ in each],
            [time if told is None else at for told, _, _, time in each],
        )


Remembered: TypeAlias = tuple[str, tuple[bytes, ...], bytes]
"""The expression of a leaf, and what it sees as a `Glimpse` has it."""

Rows: TypeAlias = Iterable[Sequence[Any]]
"""Chunks of rows as `portal.db.insights.simulated` gives them."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a simulation works with."""

    connection: Connection
    """One snapshot, for as long as it takes."""
    pool: Pool
    collectors: Mapping[str, str]
    """By name of a fact, what it comes from; what nothing feeds is not among them."""
    schemas: Mapping[str, FactSchema]
    unfed: Mapping[str, Unfed]
    """Facts that nothing feeds, by name."""
    now: datetime
    levels: Mapping[str, Levels] = field(default_factory=dict)
    """By what they come from in `collectors`: levels that are others than those that are stored."""
    memory: dict[Remembered, LeafSaid] | None = None
    """What leaves have said of glimpses, where much the same is asked many times; None: nothing is
    remembered."""
    refusals: Refusals = field(default_factory=lambda: Refusals({}))
    """Expressions that are not run; those that are found on the way are added, and not stored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Glimpses for a child to read."""

    scorecard: Scorecard
    schemas: tuple[FactSchema, ...]
    """Of the facts that it mentions."""
    unfed: tuple[Unfed, ...]
    """Those of the facts that nothing feeds."""
    now: datetime
    glimpses: Sequence[Glimpse]
    care: Care = NO_CARE


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the leaves say, in the order of the glimpses."""

    said: tuple[LeafSaid, ...]
    refused: Mapping[str, str]
    """Expressions that are not run any more, each with why."""


def read(question: Question) -> Reply:
    """In a child: what each of the leaves says."""
    reader, watch = _reader(
        question.scorecard, question.schemas, question.unfed, question.now, question.care
    )
    watch.begin_task()
    said = []
    for number, glimpse in enumerate(question.glimpses):
        watch.look_at(number, str)
        said.append(reader.read(glimpse))
    return Reply(said=tuple(said), refused=watch.refused)


@lru_cache(maxsize=4)
def _reader(
    scorecard: Scorecard,
    schemas: tuple[FactSchema, ...],
    unfed: tuple[Unfed, ...],
    now: datetime,
    care: Care,
) -> tuple[Reader, Stopwatch]:
    watch, by_name = Stopwatch(slate.mine()), {schema.name: schema for schema in schemas}
    why, refused = {one.schema.name: one.why for one in unfed}, dict(care.refused)
    return Reader(scorecard, by_name, unfed=why, now=now, refused=refused, watch=watch), watch


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a scorecard says about entities: each list has one place for each."""

    entities: list[int]
    """Ids, ascending."""
    stored: list[str | None]
    """The letters that are stored."""
    said: list[Said | None]
    """None: it does not apply. Entities that it says the same about have the same object."""


def ask(means: Means, card: Scorecard, rows_of: Callable[[Reads], Rows]) -> Asked:
    """What `card` says about the entities of some rows; `rows_of` is told what is needed of them.

    A leaf that takes too long is an error, and said in the `refusals` of `means`.
    """
    lens = Lens(card, means.schemas, now=means.now)
    sources = {means.collectors[name] for name in lens.facts & means.collectors.keys()}
    reads = Reads(
        collectors=tuple(sorted(sources)),
        facts=tuple(sorted(lens.facts)),
        bodies=lens.looks_at_entity,
        ages=lens.looks_at_age,
    )
    asking = _Asking(means, card, lens)
    entities: list[int] = []
    stored: list[str | None] = []
    looks: list[tuple[int, ...]] = []
    for chunk in rows_of(reads):
        ids, letters, bodies, *observed = zip(*chunk, strict=True)
        entities += ids
        stored += letters
        looks += lens.look(bodies, _columns(means, ids, observed, reads))
        if lens.waiting() >= TOGETHER:
            asking.send()
    read = asking.answers()
    answers: dict[tuple[LeafSaid, ...], Said | None] = {}
    said: dict[tuple[int, ...], Said | None] = {}
    for look in set(looks):
        leaves = tuple([read[number] for number in look])
        if leaves not in answers:
            answers[leaves] = combine(card, leaves, now=means.now)
        said[look] = answers[leaves]
    return Asked(entities=entities, stored=stored, said=[said[look] for look in looks])


class _Asking:
    """Glimpses of a lens on their way: what is remembered of them, and what children are asked."""

    def __init__(self, means: Means, card: Scorecard, lens: Lens) -> None:
        self._means, self._lens = means, lens
        names = sorted(lens.facts)
        self._question = Question(
            scorecard=card,
            schemas=tuple(means.schemas[name] for name in names),
            unfed=tuple(means.unfed[name] for name in names if name in means.unfed),
            now=means.now,
            glimpses=(),
        )
        self._tasks: list[tuple[Question, Future[Reply]]] = []
        self._said: dict[int, LeafSaid] = {}
        """What leaves say, by number of the glimpse."""
        self._numbers: list[int] = []
        """Of the glimpses that children are asked about, in their order."""

    def send(self) -> None:
        """Ask about the glimpses that are new."""
        glimpses = []
        seen = len(self._said) + len(self._numbers)
        for number, glimpse in enumerate(self._lens.take(), start=seen):
            said = _recalled(self._means, self._lens, glimpse)
            if said is None:
                self._numbers.append(number)
                glimpses.append(glimpse)
            else:
                self._said[number] = said
        if glimpses:
            question = replace(self._question, glimpses=glimpses, care=self._means.refusals.care())
            future = _submit(self._means.pool, question, deadline=DEADLINE, step=STEP)
            self._tasks.append((question, future))

    def answers(self) -> Mapping[int, LeafSaid]:
        """What leaves say of every glimpse, by its number; the means remember it."""
        self.send()
        means, tasks = self._means, self._tasks
        others = [future for _, future in tasks]
        answered = (said for task in tasks for said in _said(means, *task, others))
        self._said.update(zip(self._numbers, answered, strict=True))
        if means.memory is not None:
            asked = (glimpse for question, _ in tasks for glimpse in question.glimpses)
            for number, glimpse in zip(self._numbers, asked, strict=True):
                if self._lens.at_any_time[glimpse.leaf]:
                    means.memory[_remembered(self._lens, glimpse)] = self._said[number]
        return self._said


def _recalled(means: Means, lens: Lens, glimpse: Glimpse) -> LeafSaid | None:
    return means.memory.get(_remembered(lens, glimpse)) if means.memory else None


def _remembered(lens: Lens, glimpse: Glimpse) -> Remembered:
    # How old facts may be is in what is seen of them: they are stale, or not.
    return lens.asks[glimpse.leaf][0], glimpse.states, glimpse.fields


def _columns(
    means: Means, ids: Sequence[int], observed: Sequence[Sequence[Any]], reads: Reads
) -> list[Column]:
    """Of each collector its facts, their staleness, and their times."""
    times = [list(map(utc, column)) if reads.ages else column for column in observed[2::3]]
    columns = map(Column, observed[::3], observed[1::3], times)
    return [
        means.levels[name].over(ids, column, means.now) if name in means.levels else column
        for name, column in zip(reads.collectors, columns, strict=True)
    ]


def _submit(
    pool: Pool, question: Question, *, deadline: float, step: float, ahead: bool = False
) -> Future[Reply]:
    return pool.submit(
        "portal.worker.assessment.asking:read", question, deadline=deadline, step=step, ahead=ahead
    )


def _said(
    means: Means, question: Question, first: Future[Reply], others: Sequence[Future[Reply]]
) -> Iterator[LeafSaid]:
    """What the leaves say; an error where one is too slow."""

    def again(part: Part) -> Future[Reply]:
        some = replace(question, glimpses=question.glimpses[part.start : part.stop], care=part.care)
        return _submit(means.pool, some, deadline=part.deadline, step=part.step, ahead=True)

    retrying = Retrying(
        ask=again, name=lambda _: "", refusals=means.refusals, others=others, hearing=STEP
    )
    for piece in retrying.pieces(first, len(question.glimpses), question.care):
        if piece.answer is None:
            yield from [UNSAID] * (piece.stop - piece.start)
        else:
            yield from piece.answer.said
