"""The server: gunicorn around the application, and the engine beside it where one belongs.

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

from gunicorn.app.base import BaseApplication

from portal import logs, thrift
from portal.app import DIRECT, create_app
from portal.config import Settings
from portal.connections.accepting import ask_for_files
from portal.connections.direct import DirectWorker
from portal.instance import worker_name
from portal.pool import Pool
from portal.renewal import Renewal
from portal.version import VERSION
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker.engine import Engine, EngineSettings, launch
from portal.worker.job_file import put_aside_if_damaged
from portal.worker.reading import get_ready

THREADS = 64
GRACE = 30
"""Seconds that requests have to finish when the server is told to stop."""

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


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """The web server, with the engine in its worker process where `works` says so."""

    def __init__(self, settings: Settings, *, works: bool, workers: int = 1) -> None:
        self._settings = settings
        self._works = works
        self._workers = workers
        self._running: Running | None = None
        ask_for_files()
        super().__init__()

    def load_config(self) -> None:
        """Settings of gunicorn; none is read from its own files or environment."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        options: dict[str, Any] = {
            "bind": [f"{host}:{self._settings.port}"],
            "workers": self._workers,
            "worker_class": DirectWorker,
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "timeout": 120,
            "keepalive": 15,
            "loglevel": "warning",
            "control_socket_disable": True,
            # Looking through them for garbage would make each worker copy what it shares.
            "pre_fork": lambda _arbiter, _worker: gc.freeze(),
            "post_worker_init": self._start,
            "worker_exit": self._stop,
            # Tech Insights' maturity page names the retriever of every check in one URL.
            "limit_request_line": 8190,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application; called in the worker process."""
        thrift.start()
        self._portal = open_portal(self._settings)
        self._app = create_app(self._portal, beats=self._beats if self._works else None)
        return self._app

    def _beats(self) -> bool:
        return self._running is not None and self._running.engine.beats()

    def _start(self, worker: Any) -> None:
        worker.answer = self._app.extensions[DIRECT]
        if not self._portal.database.is_sqlite:
            worker.companion = ThreadPoolExecutor(1, thread_name_prefix="companion")
        if self._works:
            prepare(self._portal)
            self._running = start_engine(self._portal, say)
        # What there is now stays: looking through it for garbage, over and over, would cost requests.
        gc.collect()
        gc.freeze()
        # The arbiter starts another worker in its place once this one has answered what it was asked.
        Renewal(self._portal, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()

    def _stop(self, _arbiter: Any, _worker: Any) -> None:
        if self._running is not None:
            self._running.stop()


def say(line: str) -> None:
    """One line about what the portal is doing: to whoever watches, or to the log."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)
    else:
        log.info(line.strip())


def log_to_stderr() -> None:
    """Logs in words, warnings only, for a person at a terminal; all, as JSON, for a machine."""
    logs.configure(sys.stderr, level=logging.WARNING if sys.stderr.isatty() else logging.INFO)
