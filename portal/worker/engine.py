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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from time import monotonic, sleep
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from portal.db.failures import log_failure
from portal.db.patience import TCP
from portal.db.work.claims import Claim
from portal.db.work.hearing import hear
from portal.worker.doing import Doing
from portal.worker.holding import Holding
from portal.worker.ingesting import together_workflow
from portal.worker.requests import INGEST, Work
from portal.worker.started import TOGETHER, by_workflow, not_resumed, unfinished, workflow_id
from portal.worker.timetable import Schedules
from portal.worker.tools import Tools
from portal.worker.turns import Turns
from portal.worker.workflows import workflows_of

log = logging.getLogger(__name__)

MOMENT = 5.0
"""Seconds for which work that is under way may go on when the engine stops."""

POLL = 5.0
"""Seconds between looks at the table of pending keys, for what no wake-up told of."""

TURNS = 1.0
"""Seconds at least between looks at what it is time for, however often the dispatcher is woken."""


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
    schedules: Schedules = field(default_factory=dict)
    """By target, when locations are read that the sweep leaves out."""


@dataclass(kw_only=True)
class Engine:
    """A running engine. `launch` makes it; `stop` ends it after the current steps."""

    tools: Tools
    requests: Work
    settings: EngineSettings
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
        while (self._under_way or unfinished([*self._ended])) and monotonic() < until:
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
    """Start the engine in this process: recover what a crash left, then do what is pending.

    `report` is told, in a sentence, what has been done.
    """
    engine = Engine(
        tools=tools,
        requests=requests,
        settings=settings,
        woken=woken,
        holding=Holding(database=tools.database, worker=settings.executor),
    )
    DBOS(config=_config(settings))
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
    together = _kept_together(engine, together_workflow(doing, works[INGEST]))
    engine._workflows[TOGETHER] = DBOS.workflow(name=TOGETHER)(together)
    left = engine.holding.resume()
    DBOS.launch()
    # Of another version of the product nothing is resumed.
    engine.holding.release(not_resumed(left, settings.version))
    _begin(engine, "dispatcher", lambda: _dispatch(engine))
    _begin(engine, "renewal", lambda: engine.holding.keep_renewing(engine._stopping))
    if not tools.database.is_sqlite:
        _begin(engine, "hearing", lambda: hear(tools.database, woken, engine._stopping))
    return engine


def _config(settings: EngineSettings) -> DBOSConfig:
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
    return config


def _begin(engine: Engine, name: str, work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work, name=name, daemon=True)
    engine._threads.append(thread)
    thread.start()


def _kept(engine: Engine, work: Callable[[str], None]) -> Callable[[Claim, str], None]:
    """The workflow around a job."""

    def workflow(claim: Claim, argument: str) -> None:
        with _noted(engine, workflow_id(claim)):
            engine.holding.keep(claim, lambda: work(argument))
        engine.woken.set()

    return workflow


def _kept_together(
    engine: Engine, work: Callable[[list[Claim]], None]
) -> Callable[[list[Claim]], None]:
    """The workflow around a job for several claims, which keeps their promises itself."""

    def workflow(claimed: list[Claim]) -> None:
        with _noted(engine, workflow_id(claimed[0])):
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


def _dispatch(engine: Engine) -> None:
    """Start what is pending, one workflow for a key at a time, and what it is time for."""
    turns = Turns(
        tools=engine.tools,
        requests=engine.requests,
        sweep=engine.settings.sweep,
        schedules=engine.settings.schedules,
        began=engine.tools.now(),
    )
    looked = -inf
    while not engine._stopping.is_set():
        try:
            if monotonic() - looked >= TURNS:
                turns.take()
                looked = monotonic()
            for claimed in by_workflow(engine.holding.claim_more()):
                start(engine, claimed)
        except Exception as failure:  # noqa: BLE001 - logged; the loop outlives a database that is away
            log_failure(log, failure, "the dispatcher could not look for work")
        engine.woken.wait(timeout=POLL)
        engine.woken.clear()


def start(engine: Engine, claimed: list[Claim]) -> None:
    """Start the workflow of claims; of those that they replace nothing more is done."""
    first = claimed[0]
    kind, _, argument = first.key.partition(":")
    former = [replace(one, id=one.former) for one in claimed if one.former]
    try:
        for id_ in {workflow_id(one) for one in former}:
            DBOS.cancel_workflow(id_)
        with SetWorkflowID(workflow_id(first)):
            if first.batch:
                DBOS.start_workflow(engine._workflows[TOGETHER], claimed)
            else:
                DBOS.start_workflow(engine._workflows[kind], first, argument)
    except Exception:
        engine.holding.release(claimed)  # nobody works on it: to be claimed again
        raise
