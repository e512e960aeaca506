"""The engine: durable workflows (DBOS) that do the jobs for pending keys, and survive kill -9.

A key's promise is a row of `pending`, committed by whoever asks. The dispatcher claims it and starts
a workflow whose id is made of key and claim; the row goes when the workflow has ended. What runs when
the process dies is recovered by the engine at its next start under the same name, from the last step
that had completed, or begun anew by a peer once the claim has run out; a step repeats without harm,
because each job only brings the store in line with what it finds.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus

from portal.config.schedules import Schedule
from portal.db import values
from portal.db.patience import TCP
from portal.db.sources import locations
from portal.db.work import claims, marks
from portal.db.work.claims import Claim
from portal.db.work.hearing import hear
from portal.worker import deadlines, fetching, jobs, timetable
from portal.worker.holding import Holding
from portal.worker.requests import ASSESS, NOTICES, SCORECARDS, Lane, Work, ingest_key
from portal.worker.tools import Tools
from portal.worker.workflows import Doing, together_workflow, workflows_of

log = logging.getLogger(__name__)

KEEP = timedelta(days=1)
"""How long workflows are kept to look at, from when they began."""

TIDY = timedelta(hours=1)
"""Time between two looks for what is kept long enough."""

LISTEN = timedelta(minutes=1)
"""Time between two looks for what teams are to be told."""

TOGETHER = "together"
"""Name of the workflow that reads several locations."""

UNFINISHED = ("PENDING", "ENQUEUED")
"""States of a workflow that is under way, or was when its process died."""

MOMENT = 5.0
"""Seconds for which work that is under way may go on when the engine stops."""

SWEPT = "swept_at"
"""Key of the time of the last sweep."""

POLL = 5.0
"""Seconds between looks at the table of pending keys, for what no wake-up told of."""


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """Where the engine keeps its state, and who it is."""

    url: str
    """Its own SQLite file, or the portal's PostgreSQL database (schema `dbos`)."""
    executor: str
    """Stable name of this process, unique in the fleet: what it left unfinished is recovered under it."""
    version: str
    """Of the product: unfinished work of another version is not resumed, but asked for anew."""
    sweep: timedelta | None
    """Time between two readings of every location; None: only what is asked for is read."""
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    """By target, when locations are read that the sweep leaves out."""


@dataclass(kw_only=True)
class Engine:
    """A running engine. `launch` makes it; `stop` ends it after the current steps."""

    tools: Tools
    requests: Work
    settings: EngineSettings
    report: Callable[[str], None]
    """Is told, in a sentence, what has been done."""
    woken: threading.Event
    """Set when there may be a new pending key."""
    holding: Holding
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    """The dispatcher, and those beside it."""
    _workflows: dict[str, Any] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)
    """Ids of workflows."""
    _ended: deque[str] = field(default_factory=lambda: deque(maxlen=100))
    """The latest that came to their end, which may not be noted yet."""

    def stop(self) -> None:
        """End; what is not finished goes on at the next start."""
        self._stopping.set()
        self.woken.set()
        for thread in self._threads:
            thread.join(timeout=10)
        self._let_end()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=0)
        if not self.tools.database.is_sqlite:
            self.holding.release()  # to peers, which need not wait for the claims to run out

    def _let_end(self) -> None:
        """Wait a moment for what is under way, and for what has ended to be noted as such."""
        until = monotonic() + MOMENT
        while (self._under_way or _unfinished([*self._ended])) and monotonic() < until:
            sleep(0.02)

    def beats(self) -> bool:
        """Whether the dispatcher is alive: part of readiness."""
        return bool(self._threads) and self._threads[0].is_alive()


def launch(
    tools: Tools,
    requests: Work,
    settings: EngineSettings,
    *,
    woken: threading.Event,
    report: Callable[[str], None],
) -> Engine:
    """Start the engine in this process: recover what a crash left, then do what is pending."""
    engine = Engine(
        tools=tools,
        requests=requests,
        settings=settings,
        woken=woken,
        report=report,
        holding=Holding(database=tools.database, worker=settings.executor),
    )
    sqlite = settings.url.startswith("sqlite")
    config: DBOSConfig = {
        "name": "plumbline",
        "system_database_url": settings.url,
        "application_version": settings.version,
        "executor_id": settings.executor,
        "log_level": "WARNING",
        "use_listen_notify": not sqlite,
    }
    if not sqlite:
        config["db_engine_kwargs"] = {"connect_args": {"application_name": "dbos_transact", **TCP}}
    DBOS(config=config)
    doing = Doing(
        tools=tools,
        requests=requests,
        report=report,
        stopping=engine._stopping,
        holding=engine.holding,
    )
    works = workflows_of(doing)
    engine._workflows = {
        name: DBOS.workflow(name=name)(_kept(engine, work)) for name, work in works.items()
    }
    together = _kept_together(engine, together_workflow(doing, works["ingest"]))
    engine._workflows[TOGETHER] = DBOS.workflow(name=TOGETHER)(together)
    left = engine.holding.resume()
    DBOS.launch()
    # Of another version of the product nothing is resumed.
    engine.holding.release(_not_resumed(left, settings.version))
    _begin(engine, "dispatcher", lambda: _dispatch(engine))
    _begin(engine, "renewal", lambda: engine.holding.keep_renewing(engine._stopping))
    if not tools.database.is_sqlite:
        _begin(engine, "hearing", lambda: hear(tools.database, woken, engine._stopping))
    return engine


def _begin(engine: Engine, name: str, work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work, name=name, daemon=True)
    engine._threads.append(thread)
    thread.start()


def _kept(engine: Engine, work: Callable[[str], None]) -> Callable[[Claim, str], None]:
    """The workflow around a job."""

    def workflow(claim: Claim, argument: str) -> None:
        with _noted(engine, _workflow_id(claim)):
            engine.holding.keep(claim, lambda: work(argument))
        engine.woken.set()

    return workflow


def _kept_together(
    engine: Engine, work: Callable[[list[Claim]], None]
) -> Callable[[list[Claim]], None]:
    """The workflow around a job for several claims, which keeps their promises itself."""

    def workflow(claimed: list[Claim]) -> None:
        with _noted(engine, _workflow_id(claimed[0])):
            work(claimed)
        engine.woken.set()

    return workflow


@contextmanager
def _noted(engine: Engine, this: str) -> Iterator[None]:
    """Note that a workflow is under way, and that it has come to its end."""
    engine._under_way.add(this)
    try:
        yield
        engine._ended.append(this)
    finally:
        engine._under_way.discard(this)


def _workflow_id(claim: Claim) -> str:
    return f"{TOGETHER}/{claim.batch}" if claim.batch else f"{claim.key}/{claim.id}"


def _by_workflow(claimed: Iterable[Claim]) -> list[list[Claim]]:
    """The claims of each workflow."""
    found: dict[str, list[Claim]] = {}
    for one in claimed:
        found.setdefault(_workflow_id(one), []).append(one)
    return [*found.values()]


def _not_resumed(left: list[Claim], version: str) -> list[Claim]:
    """Those of these claims that no workflow of this version goes on with."""
    found = _unfinished([*{_workflow_id(one) for one in left}])
    resumed = {one.workflow_id for one in found if one.app_version == version}
    return [one for one in left if _workflow_id(one) not in resumed]


def _unfinished(ids: list[str]) -> list[WorkflowStatus]:
    """Those of these workflows that have not ended, as far as it is noted."""
    if not ids:
        return []
    return DBOS.list_workflows(
        workflow_ids=ids, status=list(UNFINISHED), load_input=False, load_output=False
    )


def _dispatch(engine: Engine) -> None:
    """Start what is pending, one workflow for a key at a time; ask for the sweep when it is due."""
    next_tidying = next_listening = started = seen = engine.tools.now()
    while not engine._stopping.is_set():
        try:
            now = engine.tools.now()
            if now < seen:  # the clock was set back, and nothing waits until it is there again
                next_tidying = next_listening = now
                started = min(started, now)
            seen = now
            if _sweep_is_due(engine):
                _sweep(engine)
            _ask_for_scheduled(engine, started)
            if engine.tools.notices is not None and engine.tools.now() >= next_listening:
                next_listening = engine.tools.now() + LISTEN
                engine.requests.request_all([NOTICES], Lane.SWEEP)
            if engine.tools.now() >= next_tidying:
                next_tidying = engine.tools.now() + TIDY
                forget_workflows(engine, before=engine.tools.now() - KEEP)
                jobs.forget_past(engine.tools)
                _look_at_stale(engine)
                deadlines.keep_days(engine.tools)
            if keys := fetching.due(engine.tools):
                engine.requests.request_all(keys, Lane.SWEEP)
            if deadlines.meet(engine.tools):
                engine.requests.request(ASSESS, Lane.EVENT)
            for claimed in _by_workflow(engine.holding.claim_more()):
                start(engine, claimed)
        except Exception:  # the loop outlives a database that is away for a while
            log.exception("the dispatcher could not look for work")
        engine.woken.wait(timeout=POLL)
        engine.woken.clear()


def start(engine: Engine, claimed: list[Claim]) -> None:
    """Start the workflow of claims; of those that they replace nothing more is done."""
    first = claimed[0]
    kind, _, argument = first.key.partition(":")
    former = [replace(one, id=one.former) for one in claimed if one.former]
    try:
        for id_ in {_workflow_id(one) for one in former}:
            DBOS.cancel_workflow(id_)
        with SetWorkflowID(_workflow_id(first)):
            if first.batch:
                DBOS.start_workflow(engine._workflows[TOGETHER], claimed)
            else:
                DBOS.start_workflow(engine._workflows[kind], first, argument)
    except Exception:
        engine.holding.release(claimed)  # nobody works on it: to be claimed again
        raise


def _sweep_is_due(engine: Engine) -> bool:
    """Whether nobody in the fleet has swept for so long; then it is for this worker to do."""
    every, now = engine.settings.sweep, engine.tools.now()
    if every is None:
        return False
    with engine.tools.database.read() as connection:
        if not values.is_turn(connection, SWEPT, every=every, now=now):
            return False
    with engine.tools.database.write() as connection:
        return values.take_turn(connection, SWEPT, every=every, now=now)


def _sweep(engine: Engine) -> None:
    """Ask for every location without a schedule to be read again and for what is marked."""
    with engine.tools.database.read() as connection:
        found = locations.list_locations(connection)
        marked = marks.count_marks(connection)
    schedules = engine.settings.schedules
    keys = [ingest_key(location.id) for location in found if location.target not in schedules]
    rules = [SCORECARDS] if engine.tools.scorecard_repositories else []
    engine.requests.request_all([*rules, *keys, *([ASSESS] if marked else [])], Lane.SWEEP)


def _ask_for_scheduled(engine: Engine, started: datetime) -> None:
    """Ask for the locations whose own schedules say that it is time."""
    database, now = engine.tools.database, engine.tools.now()
    if found := timetable.due(database, engine.settings.schedules, started=started, now=now):
        engine.requests.request_all([ingest_key(id_) for id_ in found.values()], Lane.SWEEP)
        timetable.note(database, found, now=now)


def _look_at_stale(engine: Engine) -> None:
    """Ask for the entities of which facts have gone stale."""
    with engine.tools.database.write() as connection:
        stale = marks.mark_stale(connection, engine.tools.now())
    if stale:
        engine.requests.request(ASSESS, Lane.SWEEP)


def forget_workflows(engine: Engine, *, before: datetime) -> None:
    """Forget workflows that have ended, and those of workers that never came back."""
    with engine.tools.database.read() as connection:
        held = {_workflow_id(claim) for claim in claims.every(connection)}
    old = DBOS.list_workflows(
        end_time=before.isoformat(), load_input=False, load_output=False, limit=10_000
    )
    if gone := [one.workflow_id for one in old if one.workflow_id not in held]:
        DBOS.delete_workflows(gone)
