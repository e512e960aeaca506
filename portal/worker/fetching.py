"""Fetching facts from other systems: each namespace when it is due, one run at a time.

The parent asks, through the client that checks where it connects; the children understand. A system
that asks for patience ends the run, and what was known stays until it is no longer believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from catalog.problems import Problem
from plugins.web.answers import Answer, Fetched, Refused
from plugins.web.client import CheckedClient
from portal.db import fetched, values
from portal.db.state import Connection
from portal.pool import Pool, TaskFailed
from portal.worker.jobs import Tools
from portal.worker.outside import LARGEST, PATIENCE, client_for, shown, without_answer
from portal.worker.requests import CHANGED, fetch_key
from portal.worker.understanding import Addresses, Answers, Everything, States
from scorecards.facts import FactRecord, FactState, FailedFact, Missing, Unknown
from scorecards.fetching import Recipe
from scorecards.pushed import VERSION

TOGETHER = 200
"""Entities that are asked about between two commits."""

AT_ONCE = 4
"""Requests to a system that are under way at a time."""

PAUSE = timedelta(minutes=1)
"""Time between two looks at what has changed."""

DEADLINE = 60.0
"""Seconds for a child to understand so many answers."""


@dataclass(kw_only=True)
class _Run:
    """What a run has come to so far."""

    since: int
    """Only entities that have changed after this are asked about."""
    entities: int = 0
    failed: int = 0
    problem: Problem | None = None
    """The first."""
    stopped: bool = False

    def note(self, problem: Problem) -> None:
        """Something went wrong."""
        self.problem = self.problem or problem
        self.stopped = self.stopped or problem.code in PATIENCE


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Entities that are asked about together."""

    refs: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


def due(tools: Tools) -> list[str]:
    """The keys of the namespaces that it is time to fetch, or whose entities have changed."""
    if not tools.recipes:
        return []
    with tools.database.read() as connection:
        runs, seq = fetched.listed(connection), _seq(connection)
    now, keys = tools.now(), []
    for recipe in tools.recipes:
        run = runs.get(recipe.name)
        if run is None or run.began_at + recipe.every <= now:
            keys.append(fetch_key(recipe.name))
        elif run.seq < seq and run.looked_at + PAUSE <= now:
            keys.append(fetch_key(recipe.name, changed=True))
    return keys


def fetch(tools: Tools, argument: str) -> int:
    """Fetch the facts of a namespace; returns about how many entities something was learned.

    `argument` is what follows in the key: the namespace, perhaps with `CHANGED`.
    """
    name, only_changed = argument.removesuffix(CHANGED), argument.endswith(CHANGED)
    recipe = next((recipe for recipe in tools.recipes if recipe.name == name), None)
    if recipe is None:
        return 0
    with tools.database.write() as connection:
        fetched.forget_others(connection, {one.name for one in tools.recipes})
        last, seq, now = fetched.listed(connection).get(name), _seq(connection), tools.now()
        since = last.seq if last is not None and only_changed else -1
        if only_changed and last is not None:
            # Until it has been done it is still to be done, whatever becomes of this process.
            fetched.looked(connection, name, seq=since, now=now)
        else:
            only_changed = False
            fetched.begin(connection, name, seq=seq, now=now)
    run = _Run(since=since)
    learn = _all_in_one if recipe.items else _one_by_one
    for records in learn(tools, recipe, client_for(recipe), run):
        run.entities += len(records)
        run.failed += sum(map(fetched.has_failed, records))
        with tools.database.write() as connection:
            fetched.keep(connection, records, tools.readers, now=tools.now())
        if run.stopped:
            break
    with tools.database.write() as connection:
        if not only_changed:
            fetched.end(
                connection,
                name,
                now=tools.now(),
                entities=run.entities,
                failed=run.failed,
                problem=run.problem,
            )
        elif not run.stopped:
            fetched.looked(connection, name, seq=seq, now=now)
    return run.entities - run.failed


def _seq(connection: Connection) -> int:
    return int(values.get(connection, "catalog_seq") or 0)


def _all_in_one(
    tools: Tools, recipe: Recipe, client: CheckedClient, run: _Run
) -> Iterator[list[FactRecord]]:
    now = tools.now()
    answer: Answer | None = None
    for part in _parts(tools, recipe, run, together=5_000):
        if answer is None:
            answer = client.get(recipe.url, max_bytes=LARGEST, headers=dict(recipe.headers))
        states: list[States] | FailedFact
        if isinstance(answer, Fetched):
            task = Everything(
                recipe=replace(recipe, headers=()),
                refs=part.refs,
                bodies=part.bodies,
                answer=answer.content,
                now=now,
            )
            states = _in_child(tools.pool, "all_in_one", task, run)
        else:
            states = _failed(answer, run)
        if isinstance(states, FailedFact):
            if run.problem is None:
                run.note(_not_understood(recipe, states))
            states = [_alike(recipe, states)] * len(part.refs)
        yield [
            _record(recipe, ref, recipe.url, said, now)
            for ref, said in zip(part.refs, states, strict=True)
        ]


def _one_by_one(
    tools: Tools, recipe: Recipe, client: CheckedClient, run: _Run
) -> Iterator[list[FactRecord]]:
    plain, headers = replace(recipe, headers=()), dict(recipe.headers)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"fetch-{recipe.name}") as threads:
        for part in _parts(tools, recipe, run, together=TOGETHER):
            now = tools.now()
            urls: list[str | FailedFact] | FailedFact = _in_child(
                tools.pool, "addresses", Addresses(recipe=plain, bodies=part.bodies, now=now), run
            )
            if isinstance(urls, FailedFact):
                urls = [urls] * len(part.refs)
            answers = list(
                threads.map(
                    lambda url: (
                        url if isinstance(url, FailedFact) else _get(client, url, headers, run)
                    ),
                    urls,
                )
            )
            yield list(_said(tools, plain, part, urls, answers, run, now))


def _get(
    client: CheckedClient, url: str, headers: dict[str, str], run: _Run
) -> Answer | FailedFact:
    if run.stopped:
        return FailedFact(
            reason=Unknown.SOURCE_FAILED, detail="The run was ended before it was asked."
        )
    answer = client.get(url, max_bytes=LARGEST, headers=headers)
    if isinstance(answer, Refused) and answer.problem.code in PATIENCE:
        run.note(answer.problem)
    return answer


def _said(
    tools: Tools,
    recipe: Recipe,
    part: _Part,
    urls: Sequence[str | FailedFact],
    answers: Sequence[Answer | FailedFact],
    run: _Run,
    now: datetime,
) -> Iterator[FactRecord]:
    """A record for each entity of a part, in no order."""
    whole = [n for n, answer in enumerate(answers) if isinstance(answer, Fetched)]
    task = Answers(
        recipe=recipe,
        bodies=[part.bodies[n] for n in whole],
        answers=[a.content for a in answers if isinstance(a, Fetched)],
        now=now,
    )
    understood: list[States] | FailedFact = (
        _in_child(tools.pool, "each", task, run) if whole else []
    )
    if isinstance(understood, FailedFact):
        understood = [_alike(recipe, understood)] * len(whole)
    by_place = dict(zip(whole, understood, strict=True))
    for n, (ref, url, answer) in enumerate(zip(part.refs, urls, answers, strict=True)):
        where = url if isinstance(url, str) else ""
        states = by_place.get(n)
        if states is None:
            said = answer if isinstance(answer, FailedFact) else without_answer(answer, where)
            if isinstance(answer, Refused) and isinstance(said, FailedFact):
                run.note(answer.problem)
            states = _alike(recipe, said)
        yield _record(recipe, ref, where, states, now)


def _failed(answer: Answer, run: _Run) -> FailedFact:
    """The same of the answer for all, where a 404 is no knowledge either."""
    said = without_answer(answer)
    assert isinstance(answer, Refused)
    run.note(answer.problem)
    if isinstance(said, FailedFact):
        return said
    return FailedFact(reason=Unknown.SOURCE_FAILED, detail=answer.problem.message)


def _in_child(pool: Pool, function: str, task: object, run: _Run) -> Any:
    try:
        return pool.submit(
            f"portal.worker.understanding:{function}", task, deadline=DEADLINE
        ).result()
    except TaskFailed as failure:
        detail = f"The answers were too much to understand: {failure}."
        run.note(Problem(code="ANSWER_TOO_MUCH", message=detail))
        return FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail)


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


def _parts(tools: Tools, recipe: Recipe, run: _Run, *, together: int) -> Iterator[_Part]:
    """The entities that the recipe is about, some at a time."""
    after = 0
    while True:
        with tools.database.read() as connection:
            rows = fetched.page(
                connection, recipe.kinds, since=run.since, after=after, limit=together
            )
        if not rows:
            return
        after = rows[-1][0]
        yield _Part(refs=[ref for _, ref, _ in rows], bodies=[body for _, _, body in rows])


def _record(recipe: Recipe, ref: str, url: str, states: States, now: datetime) -> FactRecord:
    # What an entity does not say changes with the entity, and not with time.
    is_open = all(_is_open(state) for state in states.values())
    return FactRecord(
        ref=ref,
        collector=recipe.name,
        version=VERSION,
        url=shown(url),
        revision="",
        observed_at=now,
        valid_until=None if is_open else now + _believed(recipe),
        facts=states,
    )


def _is_open(state: FactState) -> bool:
    return isinstance(state, FailedFact) and state.reason is Unknown.NOT_CONFIGURED


def _believed(recipe: Recipe) -> timedelta:
    """As long as its fact that is believed shortest; else two runs may fail before it is not."""
    ttls = [fact.declared.ttl for fact in recipe.facts if fact.declared.ttl is not None]
    return min(ttls, default=3 * recipe.every)
