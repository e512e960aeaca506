"""The engine: durable workflows (DBOS) that do the jobs for pending keys, and survive kill -9.

A key's promise is a row of `pending`, committed by whoever asks. The dispatcher starts a workflow
whose id is made of key and ticket, so that starting it twice is starting it once; the row goes when
the workflow has ended. What runs when the process dies is recovered by the engine at its next
start, from the last step that had completed; a step repeats without harm, because each job only
brings the store in line with what it finds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from portal.db import held_passes, locations, marks, pending
from portal.db.hearing import hear
from portal.worker import deadlines, fetching, jobs
from portal.worker.requests import ASSESS, NOTICES, SCORECARDS, Lane, Work, ingest_key
from portal.worker.turning import mark_turned
from portal.worker.workflows import Doing, workflows_of

log = logging.getLogger(__name__)

KEEP_FINISHED = timedelta(days=1)
"""How long finished workflows are kept to look at."""

LOOK_AHEAD = 500
"""Pending keys that are looked at together, the most urgent first."""

ROOM = {Lane.PERSON: 32, Lane.EVENT: 8, Lane.SWEEP: 4}
"""Keys of each lane that may be worked on at a time, with those of less urgent lanes."""

TIDY = timedelta(hours=1)
"""Time between two looks for what is kept long enough."""

LISTEN = timedelta(minutes=1)
"""Time between two looks for what teams are to be told."""

FINISHED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""States of a workflow that will not do anything any more."""

POLL = 5.0
"""Seconds between looks at the table of pending keys, for what no wake-up told of."""


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """Where the engine keeps its state, and who it is."""

    url: str
    """Its own SQLite file, or the portal's PostgreSQL database (schema `dbos`)."""
    executor: str
    """Stable name of this process: what it left unfinished is recovered under this name."""
    version: str
    """Of the product: unfinished work of another version is not resumed, but asked for anew."""
    sweep: timedelta | None
    """Time between two readings of every location; None: only what is asked for is read."""


@dataclass(kw_only=True)
class Engine:
    """A running engine. `launch` makes it; `stop` ends it after the current steps."""

    tools: jobs.Tools
    requests: Work
    settings: EngineSettings
    report: Callable[[str], None]
    """Is told, in a sentence, what has been done."""
    woken: threading.Event
    """Set when there may be a new pending key."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _running: dict[str, int] = field(default_factory=dict)
    """Keys that are being worked on, and the lane of each."""
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _dispatcher: threading.Thread | None = None
    _hearing: threading.Thread | None = None
    _workflows: dict[str, Any] = field(default_factory=dict)

    def stop(self) -> None:
        """End; what is not finished goes on at the next start."""
        self._stopping.set()
        self.woken.set()
        for thread in (self._dispatcher, self._hearing):
            if thread is not None:
                thread.join(timeout=10)
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=0)

    def beats(self) -> bool:
        """Whether the dispatcher is alive: part of readiness."""
        return self._dispatcher is not None and self._dispatcher.is_alive()


def launch(
    tools: jobs.Tools,
    requests: Work,
    settings: EngineSettings,
    *,
    woken: threading.Event,
    report: Callable[[str], None],
) -> Engine:
    """Start the engine in this process: recover what a crash left, then do what is pending."""
    engine = Engine(tools=tools, requests=requests, settings=settings, woken=woken, report=report)
    sqlite = settings.url.startswith("sqlite")
    config: DBOSConfig = {
        "name": "plumbline",
        "system_database_url": settings.url,
        "application_version": settings.version,
        "executor_id": settings.executor,
        "log_level": "WARNING",
        "use_listen_notify": not sqlite,
    }
    DBOS(config=config)
    doing = Doing(tools=tools, requests=requests, report=report, stopping=engine._stopping)
    engine._workflows = {
        name: DBOS.workflow(name=name)(_kept(engine, work))
        for name, work in workflows_of(doing).items()
    }
    DBOS.launch()
    engine._dispatcher = threading.Thread(target=_dispatch, args=(engine,), name="dispatcher")
    engine._dispatcher.daemon = True
    engine._dispatcher.start()
    if not tools.database.is_sqlite:
        engine._hearing = threading.Thread(
            target=hear, args=(tools.database, woken, engine._stopping), name="hearing", daemon=True
        )
        engine._hearing.start()
    return engine


def _kept(engine: Engine, work: Callable[[str], None]) -> Callable[[str, str, str], None]:
    """The workflow around a job: whatever becomes of it, its promise is settled."""

    def workflow(key: str, ticket: str, argument: str) -> None:
        try:
            work(argument)
        except Exception:  # round one job: it is logged, and asked for again by the sweep
            log.exception("job %s failed", key)
        _settle(engine, key, ticket)

    return workflow


def _settle(engine: Engine, key: str, ticket: str) -> None:
    with engine.tools.database.write() as connection:
        pending.done(connection, key, ticket)
    with engine._guard:
        engine._running.pop(key, None)
    engine.woken.set()


def _dispatch(engine: Engine) -> None:
    """Start what is pending, one workflow for a key at a time; ask for the sweep when it is due."""
    every = engine.settings.sweep
    next_sweep = next_tidying = next_listening = engine.tools.now()
    while not engine._stopping.is_set():
        try:
            if every is not None and engine.tools.now() >= next_sweep:
                next_sweep = engine.tools.now() + every
                _sweep(engine)
            if engine.tools.notices is not None and engine.tools.now() >= next_listening:
                next_listening = engine.tools.now() + LISTEN
                engine.requests.request_all([NOTICES], Lane.SWEEP)
            if engine.tools.now() >= next_tidying:
                next_tidying = engine.tools.now() + TIDY
                _prune(engine.tools.now() - KEEP_FINISHED)
                jobs.forget_past(engine.tools)
                _look_at_stale(engine)
                deadlines.keep_days(engine.tools)
                if mark_turned(engine.tools):
                    engine.requests.request(ASSESS, Lane.SWEEP)
            if keys := fetching.due(engine.tools):
                engine.requests.request_all(keys, Lane.SWEEP)
            if deadlines.meet(engine.tools):
                engine.requests.request(ASSESS, Lane.EVENT)
            with engine.tools.database.read() as connection:
                promises = pending.waiting(connection, limit=LOOK_AHEAD)
            start(engine, promises)
        except Exception:  # the loop outlives a database that is away for a while
            log.exception("the dispatcher could not look for work")
        engine.woken.wait(timeout=POLL)
        engine.woken.clear()


def start(engine: Engine, promises: Sequence[pending.Pending]) -> None:
    """Start a workflow for each promise whose key is free; one that is kept already is passed over."""
    for promise in promises:
        with engine._guard:
            if promise.key in engine._running or not _has_room(engine, promise.lane):
                continue
            engine._running[promise.key] = promise.lane
        # Between the look and now the promise may have been kept: its key would never be free again.
        with engine.tools.database.read() as connection:
            if not pending.is_waiting(connection, promise.ticket):
                with engine._guard:
                    engine._running.pop(promise.key, None)
                continue
        kind, _, argument = promise.key.partition(":")
        with SetWorkflowID(f"{promise.key}/{promise.ticket}"):
            handle: Any = DBOS.start_workflow(
                engine._workflows[kind], promise.key, promise.ticket, argument
            )
        if handle.get_status().status in FINISHED:
            _settle(engine, promise.key, promise.ticket)


def _has_room(engine: Engine, lane: int) -> bool:
    """Whether another key of this lane may be worked on: what a person waits for always has room."""
    running = sum(1 for other in engine._running.values() if other >= lane)
    return running < ROOM[Lane(lane)]


def _sweep(engine: Engine) -> None:
    """Ask for every location to be read again and for what is marked."""
    with engine.tools.database.read() as connection:
        found = locations.list_locations(connection)
        marked = marks.count_marks(connection)
    keys = [ingest_key(location.id) for location in found]
    rules = [SCORECARDS] if engine.tools.scorecard_repositories else []
    engine.requests.request_all([*rules, *keys, *([ASSESS] if marked else [])], Lane.SWEEP)


def _look_at_stale(engine: Engine) -> None:
    """Ask for the entities of which facts have gone stale, or a failure has come to count."""
    now = engine.tools.now()
    with engine.tools.database.write() as connection:
        stale = marks.mark_stale(connection, now)
        lasting = held_passes.mark_lasting(connection, now)
    if stale or lasting:
        engine.requests.request(ASSESS, Lane.SWEEP)


def _prune(before: datetime) -> None:
    old = DBOS.list_workflows(
        status=list(FINISHED),
        completed_before=before.isoformat(),
        load_input=False,
        load_output=False,
        limit=10_000,
    )
    if old:
        DBOS.delete_workflows([workflow.workflow_id for workflow in old])
