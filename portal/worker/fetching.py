"""Fetching facts from other systems: each when it is due, one run at a time.

A run that a system asks to wait stops where it is, and goes on from there when the time has come: so
all entities have their turn, however many the system lets us ask about at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.problems import Problem
from portal.db.catalog.entities import catalog_seq
from portal.db.collection import fetched
from portal.db.collection.fetched import Candidate, Fetch
from portal.db.state import Connection
from portal.worker.requests import CHANGED, fetch_key
from portal.worker.systems.learning import Learned, Learner
from portal.worker.systems.outside import PATIENCE
from portal.worker.systems.scheduled import Scheduled, learner_of
from portal.worker.tools import Tools
from scorecards.collection.collectors import Paused

LAST = 2**62
"""Above all ids: what follows a place with it has a higher sequence number."""

READ = 500
"""Entities that are read at once, however few are asked about together: no index finds what has changed."""

PAUSE = timedelta(minutes=1)
"""Time between two looks at what has changed, and that a system is left alone which does not say."""


@dataclass(kw_only=True)
class _Run:
    """A run over all entities or, with `since`, a look at those that have changed."""

    one: Scheduled
    since: int | None
    """Sequence number after which they changed; None: all are asked about."""
    place: tuple[int, int] = (0, 0)
    """Sequence number, of a look, and id after which it goes on."""
    entities: int = 0
    failed: int = 0
    problem: Problem | None = None
    """The first."""
    pause: Paused | None = None
    is_complete: bool = False
    """Whether it has come to its end."""

    def add(self, part: list[Candidate], learned: Learned) -> None:
        """Take in what became of a part."""
        self.entities += learned.entities
        self.failed += learned.failed
        self.pause = learned.pause
        stopped = None if learned.pause is None else learned.pause.problem
        self.problem = self.problem or learned.problem or stopped
        last = (part[learned.rest - 1] if learned.rest else None) if learned.pause else part[-1]
        if last is not None:
            self.place = (last.seq, last.id)


def due(tools: Tools) -> list[str]:
    """The keys of what it is time to fetch, to go on with, or whose entities have changed."""
    if not tools.scheduled:
        return []
    with tools.database.read() as connection:
        runs, seq = fetched.listed(connection), catalog_seq(connection)
    now, keys = tools.now(), []
    for one in tools.scheduled:
        run = runs.get(one.name)
        if run is None:
            keys.append(fetch_key(one.name))
        elif run.until is not None and now < run.until:
            continue
        elif _has_stopped(run) or run.began_at + one.every <= now:
            keys.append(fetch_key(one.name))
        elif run.seq < seq and run.looked_at + PAUSE <= now:
            keys.append(fetch_key(one.name, changed=True))
    return keys


def fetch(tools: Tools, argument: str, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Fetch facts; returns about how many entities something was learned.

    `argument` is what follows in the key: the name, perhaps with `CHANGED`. A run that is `stopping`
    goes on another time, from where it is.
    """
    name, is_look = argument.removesuffix(CHANGED), argument.endswith(CHANGED)
    one = next((one for one in tools.scheduled if one.name == name), None)
    if one is None:
        return 0
    with tools.database.write() as connection:
        fetched.forget_others(connection, {one.name for one in tools.scheduled})
        last, seq, now = fetched.listed(connection).get(name), catalog_seq(connection), tools.now()
        run = _begun(connection, one, last, seq=seq, now=now, is_look=is_look)
    with learner_of(one, pool=tools.pool, now=tools.now) as learner:
        for part in _parts(tools, run, learner):
            learned = learner.learn(part)
            run.add(part, learned)
            with tools.database.write() as connection:
                fetched.keep(connection, learned.records, tools.readers, now=tools.now())
                _note(connection, run, now)
            if run.pause is not None or stopping():
                break
        else:
            run.is_complete = True
    with tools.database.write() as connection:
        _end(connection, run, seq=seq, began=now, now=tools.now())
    return run.entities - run.failed


def _has_stopped(run: Fetch) -> bool:
    """Whether a run ended before it had come to its end."""
    return run.place is not None and run.ended_at is not None


def _begun(
    connection: Connection,
    one: Scheduled,
    last: Fetch | None,
    *,
    seq: int,
    now: datetime,
    is_look: bool,
) -> _Run:
    """A new run, or one that goes on: it was asked to wait, or its process was killed."""
    if last is not None and is_look:
        # Until it has been done it is still to be done, whatever becomes of this process.
        fetched.looked(connection, one.name, seq=last.seq, now=now)
        return _Run(one=one, since=last.seq, place=(last.seq, LAST))
    if last is not None and last.place is not None:
        fetched.go_on(connection, one.name)
        return _Run(
            one=one,
            since=None,
            place=(0, last.place),
            entities=last.entities,
            failed=last.failed,
            problem=_still_true(last.problem),
        )
    fetched.begin(connection, one.name, seq=seq, now=now)
    return _Run(one=one, since=None)


def _still_true(problem: Problem | None) -> Problem | None:
    """The problem of a run that goes on, but for the one that stopped it."""
    return None if problem is None or problem.code in PATIENCE else problem


def _parts(tools: Tools, run: _Run, learner: Learner) -> Iterator[list[Candidate]]:
    """The entities that it is about, some at a time; what a part came to is taken in meanwhile."""
    kinds, most = run.one.kinds, max(READ, learner.together)
    while True:
        with tools.database.read() as connection:
            found = (
                fetched.page(connection, kinds, after=run.place[1], limit=most)
                if run.since is None
                else fetched.changed_page(connection, kinds, after=run.place, limit=most)
            )
        for start in range(0, len(found), learner.together):
            yield found[start : start + learner.together]
        if len(found) < most:
            return


def _note(connection: Connection, run: _Run, now: datetime) -> None:
    """Keep how far it has come."""
    if run.since is None:
        fetched.came_to(
            connection, run.one.name, place=run.place[1], entities=run.entities, failed=run.failed
        )
    else:
        # Others of the last sequence number may follow, so it is not done with.
        done = max(run.since, run.place[0] - 1)
        fetched.looked(connection, run.one.name, seq=done, now=now)


def _end(connection: Connection, run: _Run, *, seq: int, began: datetime, now: datetime) -> None:
    """Keep that it has come to its end, or stopped before it and perhaps waits."""
    name = run.one.name
    if run.pause is not None:
        wait = max(run.pause.wait or PAUSE, timedelta(seconds=1))
        fetched.leave_alone(connection, name, until=now + wait)
    if run.since is None:
        if run.is_complete:
            fetched.came_to(connection, name, place=None, entities=run.entities, failed=run.failed)
        fetched.end(connection, name, now=now, problem=run.problem)
    elif run.is_complete:
        fetched.looked(connection, name, seq=seq, now=began)
