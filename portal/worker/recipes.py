"""Learning by recipes: the parent asks, through the client that checks where it connects, and the
children understand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from catalog.problems import Problem
from plugins.web.answers import Answer, Fetched, Refused
from plugins.web.limits import Limits
from portal.db.fetched import Candidate, has_failed
from portal.pool import Pool, TaskFailed
from portal.worker.learning import Learned, record
from portal.worker.outside import LARGEST, PATIENCE, client_for, shown, without_answer
from portal.worker.understanding import Addresses, Answers, Everything, States
from scorecards.collectors import Paused
from scorecards.facts import FactRecord, FactState, FailedFact, Missing, Unknown
from scorecards.fetching import Recipe
from scorecards.pushed import VERSION

TOGETHER = 200
"""Entities that are asked about one by one between two commits."""

ALL_TOGETHER = 5_000
"""The same, where one answer is for all."""

AT_ONCE = 4
"""Requests to a system that are under way at a time."""

DEADLINE = 60.0
"""Seconds for a child to understand so many answers."""


@dataclass(kw_only=True)
class _Trouble:
    """What went wrong in a part."""

    problem: Problem | None = None
    """The first."""

    def note(self, problem: Problem) -> None:
        self.problem = self.problem or problem


class RecipeLearner:
    """A `Learner` for one run of a recipe."""

    def __init__(self, recipe: Recipe, *, pool: Pool, now: Callable[[], datetime]) -> None:
        self._recipe, self._pool, self._now = recipe, pool, now
        self._plain, self._headers = replace(recipe, headers=()), dict(recipe.headers)
        self._client, self._limits = client_for(recipe), Limits()
        self._for_all: Answer | None = None
        self._pause: Paused | None = None
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"fetch-{recipe.name}")
        self.together = ALL_TOGETHER if recipe.items else TOGETHER

    def __enter__(self) -> RecipeLearner:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def learn(self, part: Sequence[Candidate]) -> Learned:
        """See `Learner.learn`."""
        trouble = _Trouble()
        if self._recipe.items:
            records, rest = self._all_in_one(part, trouble), 0
        else:
            records, rest = self._one_by_one(part, trouble)
        counted = records if self._pause is None else records[:rest]
        return Learned(
            records=records,
            entities=len(counted),
            failed=sum(map(has_failed, counted)),
            problem=trouble.problem,
            pause=self._pause,
            rest=rest,
        )

    def _all_in_one(self, part: Sequence[Candidate], trouble: _Trouble) -> list[FactRecord]:
        now, recipe = self._now(), self._recipe
        if self._for_all is None:
            self._for_all = self._get(recipe.url)
        answer = self._for_all
        states: list[States] | FailedFact
        if isinstance(answer, Fetched):
            task = Everything(
                recipe=self._plain,
                refs=[one.ref for one in part],
                bodies=[one.body for one in part],
                answer=answer.content,
                now=now,
            )
            states = self._in_child("all_in_one", task, trouble)
        else:
            states = _failed(answer, trouble)
        if isinstance(states, FailedFact):
            if trouble.problem is None:
                trouble.note(_not_understood(recipe, states))
            states = [_alike(recipe, states)] * len(part)
        return [
            self._record(one.ref, recipe.url, said, now)
            for one, said in zip(part, states, strict=True)
        ]

    def _one_by_one(
        self, part: Sequence[Candidate], trouble: _Trouble
    ) -> tuple[list[FactRecord], int]:
        """A record for each entity, in order, and how many of the first ones were asked about."""
        now = self._now()
        task = Addresses(recipe=self._plain, bodies=[one.body for one in part], now=now)
        urls: list[str | FailedFact] | FailedFact = self._in_child("addresses", task, trouble)
        if isinstance(urls, FailedFact):
            urls = [urls] * len(part)
        answers = list(self._threads.map(self._ask, urls))
        rest = next((n for n, one in enumerate(answers) if _waits(one)), len(part))
        return list(self._said(part, urls, answers, trouble, now)), rest

    def _ask(self, url: str | FailedFact) -> Answer | FailedFact:
        if isinstance(url, FailedFact):
            return url
        if self._pause is not None:
            return Refused(problem=self._pause.problem)
        return self._get(url)

    def _get(self, url: str) -> Answer:
        answer = self._client.get(url, max_bytes=LARGEST, headers=self._headers)
        if isinstance(answer, Refused) and answer.problem.code in PATIENCE:
            self._limits.note(answer.status, answer.headers)
            wait = self._limits.wait()
            self._pause = Paused(
                problem=answer.problem, wait=timedelta(seconds=wait) if wait else None
            )
        return answer

    def _said(
        self,
        part: Sequence[Candidate],
        urls: Sequence[str | FailedFact],
        answers: Sequence[Answer | FailedFact],
        trouble: _Trouble,
        now: datetime,
    ) -> Iterator[FactRecord]:
        whole = [n for n, answer in enumerate(answers) if isinstance(answer, Fetched)]
        task = Answers(
            recipe=self._plain,
            bodies=[part[n].body for n in whole],
            answers=[a.content for a in answers if isinstance(a, Fetched)],
            now=now,
        )
        understood: list[States] | FailedFact = (
            self._in_child("each", task, trouble) if whole else []
        )
        if isinstance(understood, FailedFact):
            understood = [_alike(self._recipe, understood)] * len(whole)
        by_place = dict(zip(whole, understood, strict=True))
        for n, (one, url, answer) in enumerate(zip(part, urls, answers, strict=True)):
            where = url if isinstance(url, str) else ""
            states = by_place.get(n)
            if states is None:
                said = answer if isinstance(answer, FailedFact) else without_answer(answer, where)
                if isinstance(answer, Refused) and isinstance(said, FailedFact):
                    trouble.note(answer.problem)
                states = _alike(self._recipe, said)
            yield self._record(one.ref, where, states, now)

    def _in_child(self, function: str, task: object, trouble: _Trouble) -> Any:
        try:
            return self._pool.submit(
                f"portal.worker.understanding:{function}", task, deadline=DEADLINE
            ).result()
        except TaskFailed as failure:
            detail = f"The answers were too much to understand: {failure}."
            trouble.note(Problem(code="ANSWER_TOO_MUCH", message=detail))
            return FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail)

    def _record(self, ref: str, url: str, states: States, now: datetime) -> FactRecord:
        # What an entity does not say changes with the entity, and not with time.
        ttl = None if all(map(_is_open, states.values())) else _believed(self._recipe)
        name = self._recipe.name
        return record(ref, name, states, version=VERSION, url=shown(url), now=now, ttl=ttl)


def _waits(answer: Answer | FailedFact) -> bool:
    """Whether it has to be asked for again."""
    return isinstance(answer, Refused) and answer.problem.code in PATIENCE


def _failed(answer: Answer, trouble: _Trouble) -> FailedFact:
    """The same of the answer for all, where a 404 is no knowledge either."""
    said = without_answer(answer)
    assert isinstance(answer, Refused)
    trouble.note(answer.problem)
    if isinstance(said, FailedFact):
        return said
    return FailedFact(reason=Unknown.SOURCE_FAILED, detail=answer.problem.message)


def _not_understood(recipe: Recipe, why: FailedFact) -> Problem:
    return Problem(
        code="ANSWER_NOT_UNDERSTOOD",
        message=f"{why.detail}",
        found=shown(recipe.url),
        expected="JSON",
        hint="See what the URL answers with these headers.",
    )


def _alike(recipe: Recipe, state: FailedFact | Missing) -> States:
    return {fact.declared.schema.name: state for fact in recipe.facts}


def _is_open(state: FactState) -> bool:
    return isinstance(state, FailedFact) and state.reason is Unknown.NOT_CONFIGURED


def _believed(recipe: Recipe) -> timedelta:
    """As long as its fact that is believed shortest; else two runs may fail before it is not."""
    ttls = [fact.declared.ttl for fact in recipe.facts if fact.declared.ttl is not None]
    return min(ttls, default=3 * recipe.every)
