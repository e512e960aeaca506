"""The server: the application in a worker process, and the engine beside it where one belongs.

Embedded, one worker process owns the database and the engine (design 2a.1). Its many threads are
what decides how many slow clients the portal survives; a buffering proxy belongs in front wherever
strangers can connect.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from portal import thrift
from portal.app import DIRECT, create_app
from portal.config import Settings
from portal.instance import worker_name
from portal.pool import Pool
from portal.renewal import Renewal
from portal.version import VERSION
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker.engine import Engine, EngineSettings, launch
from portal.worker.job_file import put_aside_if_damaged
from portal.worker.reading import get_ready

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Running:
    """The engine and its children in this process."""

    engine: Engine
    pool: Pool
    name: IO[str]
    """Keeps the name of this worker from others."""

    def stop(self) -> None:
        """Stop after the current steps; what is unfinished goes on at the next start."""
        self.engine.stop()
        self.pool.close()
        self.name.close()


def start_engine(portal: Portal, report: Callable[[str], None]) -> Running:
    """Start background work in this process."""
    if portal.database.is_sqlite and (aside := put_aside_if_damaged(_job_file(portal.settings))):
        log.warning("the job engine's file was damaged, and a new one is used; it is %s now", aside)
    pool = Pool(max(1, min(4, os.cpu_count() or 1)))
    get_ready(pool)  # while the engine starts: it begins by reading
    name, kept = worker_name(portal.settings.data_dir)
    engine = launch(
        tools_of(portal, pool),
        portal.work,
        engine_settings(portal.settings, name),
        woken=portal.awake,
        report=report,
    )
    return Running(engine=engine, pool=pool, name=kept)


def engine_settings(settings: Settings, name: str) -> EngineSettings:
    """Embedded, the engine has a file of its own; on PostgreSQL a schema of the same database."""
    sqlite = settings.database.startswith("sqlite")
    return EngineSettings(
        url=f"sqlite:///{_job_file(settings)}" if sqlite else settings.database,
        executor=name,
        version=VERSION,
        sweep=settings.processing_interval,
        schedules=settings.schedules,
    )


def _job_file(settings: Settings) -> Path:
    return settings.data_dir / "jobs.db"


class Service:
    """What a worker of the web server does: it answers, and where `works` says so, the engine is in it."""

    def __init__(self, settings: Settings, *, works: bool, opened: Portal | None = None) -> None:
        """`opened` is a portal that is prepared, for the first worker; a later one opens its own."""
        self._settings = settings
        self._works = works
        self._opened = opened
        self._running: Running | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What a later worker begins with."""
        return {**vars(self), "_opened": None}

    def load(self) -> Any:
        """The WSGI application; called in the worker process."""
        thrift.start()
        self._portal = self._opened or open_portal(self._settings)
        self._app = create_app(self._portal, beats=self._beats if self._works else None)
        return self._app

    def start(self, worker: Any) -> None:
        """Let the worker answer what is short by itself, and start the engine."""
        worker.answer = self._app.extensions[DIRECT]
        if not self._portal.database.is_sqlite:
            worker.companion = ThreadPoolExecutor(1, thread_name_prefix="companion")
        if self._works:
            if self._opened is None:
                prepare(self._portal)
            self._running = start_engine(self._portal, say)
        # What there is now stays: looking through it for garbage, over and over, would cost requests.
        gc.collect()
        gc.freeze()
        # The overseer starts another worker in its place once this one has answered what it was asked.
        Renewal(self._portal, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()

    def stop(self) -> None:
        """Stop the engine, where there is one."""
        if self._running is not None:
            self._running.stop()

    def _beats(self) -> bool:
        return self._running is not None and self._running.engine.beats()


def say(line: str) -> None:
    """One line about what the portal is doing: to whoever watches, or to the log."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)
    else:
        log.info(line.strip())
