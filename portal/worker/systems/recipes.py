"""Learning by recipes: the parent asks, through the client that checks where it connects, and the
children understand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from catalog.problems import Problem
from plugins.web.answers import Answer, Fetched, Refused
from plugins.web.limits import Limits
from portal.child import TaskFailed
from portal.db.collection.fetched import Candidate, has_failed
from portal.pool import Pool
from portal.worker.children.understanding import Answers, Everything, States
from portal.worker.systems.learning import Learned, record
from portal.worker.systems.outside import PATIENCE, client_for, sent, shown, without_answer
from scorecards.collection.collectors import Paused
from scorecards.collection.fetching import Request
from scorecards.collection.pushed import VERSION
from scorecards.collection.recipes import Recipe
from scorecards.facts import FactRecord, FactState, FailedFact, Missing, Unknown

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


@dataclass(kw_only=True)
class _Talk:
    """What is asked and answered about one entity."""

    one: Candidate
    url: str = ""
    """That was asked first."""
    contents: list[bytes | None] = field(default_factory=list)
    said: FailedFact | Missing | None = None
    """Why there is nothing to be understood."""
    waits: bool = False
    """Whether it has to be asked about again."""

    def take(self, request: Request | FailedFact | None, answer: Answer | None) -> Refused | None:
        """Take in what was to be asked, and what came of it; returns what has to be told."""
        if isinstance(request, FailedFact):
            self.said = request
            return None
        is_first = not self.contents
        if request is not None and is_first:
            self.url = request.url
        if isinstance(answer, Fetched):
            self.contents.append(answer.content)
            return None
        said = None if answer is None else without_answer(answer, self.url)
        if isinstance(said, FailedFact) or is_first:
            self.said, self.waits = said, _waits(answer)
            return answer if isinstance(answer, Refused) and isinstance(said, FailedFact) else None
        # What the answers lead to is not there, or they lead to nothing.
        self.contents.append(None)
        return None


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
            self._for_all = self._send(Request(url=recipe.url))
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
        now, talks = self._now(), [_Talk(one=one) for one in part]
        for _ in range(1 + len(self._recipe.then)):
            self._go_on([talk for talk in talks if talk.said is None], trouble, now)
        rest = next((n for n, talk in enumerate(talks) if talk.waits), len(part))
        return list(self._understood(talks, trouble, now)), rest

    def _go_on(self, talks: Sequence[_Talk], trouble: _Trouble, now: datetime) -> None:
        """Ask the next about each."""
        if not talks:
            return
        requests: list[Request | FailedFact | None] | FailedFact = self._in_child(
            "requests", self._task(talks, now), trouble
        )
        if isinstance(requests, FailedFact):
            requests = [requests] * len(talks)
        answers = self._threads.map(self._ask, requests)
        for talk, request, answer in zip(talks, requests, answers, strict=True):
            refused = talk.take(request, answer)
            if refused is not None:
                trouble.note(refused.problem)

    def _ask(self, request: Request | FailedFact | None) -> Answer | None:
        if not isinstance(request, Request):
            return None
        if self._pause is not None:
            return Refused(problem=self._pause.problem)
        return self._send(request)

    def _send(self, request: Request) -> Answer:
        answer = sent(self._client, request, self._headers)
        if isinstance(answer, Refused) and answer.problem.code in PATIENCE:
            self._limits.note(answer.status, answer.headers)
            wait = self._limits.wait()
            self._pause = Paused(
                problem=answer.problem, wait=timedelta(seconds=wait) if wait else None
            )
        return answer

    def _understood(
        self, talks: Sequence[_Talk], trouble: _Trouble, now: datetime
    ) -> Iterator[FactRecord]:
        whole = [talk for talk in talks if talk.said is None]
        task = self._task(whole, now)
        understood: list[States] | FailedFact = (
            self._in_child("each", task, trouble) if whole else []
        )
        if isinstance(understood, FailedFact):
            understood = [_alike(self._recipe, understood)] * len(whole)
        states = iter(understood)
        for talk in talks:
            said = next(states) if talk.said is None else _alike(self._recipe, talk.said)
            yield self._record(talk.one.ref, talk.url, said, now)

    def _task(self, talks: Sequence[_Talk], now: datetime) -> Answers:
        return Answers(
            recipe=self._plain,
            bodies=[talk.one.body for talk in talks],
            contents=[talk.contents for talk in talks],
            now=now,
        )

    def _in_child(self, function: str, task: object, trouble: _Trouble) -> Any:
        try:
            return self._pool.submit(
                f"portal.worker.children.understanding:{function}", task, deadline=DEADLINE
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


def _waits(answer: Answer | None) -> bool:
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
