"""The overseer: the process that listens, starts the workers, and starts another one where one has ended.

Whoever starts the portal reads the configuration, migrates, and starts the workers, which begin with all that
is in memory then. Afterwards there is next to nothing to do, and none of it is needed: 90 MB. So this process
puts a small one in its own place, with the same number, the same children, and the same files open. What
happens meanwhile, such as a signal or the end of a worker, waits until the small one sees to it.

A worker that is started later loads everything by itself.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import queue
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Protocol

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http import message
from gunicorn.sock import create_sockets

from portal import logs
from portal.connections.accepting import ask_for_files
from portal.connections.direct import DirectWorker

THREADS = 64

CONNECTIONS = 4_000
"""Connections that a worker has open at most, where the system gives it files for them. All others wait in
the system's queue, probes as well, until one that is idle has been closed: up to 15 seconds."""

LONGEST_LINE = 16_384
"""Bytes of a request's first line, as Node.js takes them for a Backstage. Tech Insights' maturity page
names the retriever of every check in one URL, and pages that list entities name all that they want."""

GRACE = 30
"""Seconds that requests have to finish when the server is told to stop."""

_WAITING = {*Arbiter.SIGNALS, signal.SIGCHLD}
"""Signals that wait while this process becomes a small one."""

log = logging.getLogger("portal.overseer")  # run as a program, it has another name


class Service(Protocol):
    """What a worker does. Pickled, it is how a later worker begins."""

    def load(self) -> Any:
        """The WSGI application; called in the worker."""
        ...

    def start(self, worker: Any) -> None:
        """The worker is about to answer."""
        ...

    def stop(self) -> None:
        """The worker ends."""
        ...


class Overseer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn around a service, with a small process above the workers."""

    def __init__(
        self,
        service: Service | bytes,
        *,
        host: str,
        port: int,
        workers: int = 1,
        kept: Sequence[int] = (),
    ) -> None:
        """`service` is what the first workers begin with, or pickled, what each makes for itself.

        `kept` are descriptors of files that stay open for as long as anything of this runs, as locks.
        """
        self._host, self._port, self._workers = host, port, workers
        self.kept = kept
        self._service = None if isinstance(service, bytes) else service
        self._packed = service if isinstance(service, bytes) else pickle.dumps(service)
        super().__init__()

    def load_config(self) -> None:
        """Settings of gunicorn; none is read from its own files or environment."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        options: dict[str, Any] = {
            "bind": [f"{host}:{self._port}"],
            "workers": self._workers,
            "worker_class": DirectWorker,
            "threads": THREADS,
            "worker_connections": CONNECTIONS,
            "graceful_timeout": GRACE,
            "timeout": 120,
            "keepalive": 15,
            "loglevel": "warning",
            "logger_class": Words,
            "control_socket_disable": True,
            # Looking through them for garbage would make each worker copy what it shares.
            "pre_fork": lambda _arbiter, _worker: gc.freeze(),
            "post_worker_init": lambda worker: self._present().start(worker),
            "worker_exit": self._stop,
            "limit_request_line": LONGEST_LINE,
        }
        message.MAX_REQUEST_LINE = LONGEST_LINE  # gunicorn's own is 8,190, whatever is asked for
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application; called in the worker process."""
        return self._present().load()

    def run(self) -> None:
        """Oversee until told to stop; ends the process, with the status that it is to have."""
        ask_for_files()
        Succession(self).run()

    def forget(self) -> None:
        """Let the workers that begin from now on make the service for themselves: this one is of its time."""
        self._service = None

    def order(self) -> Mapping[str, Any]:
        """What another process oversees the same with."""
        return {
            "service": self._packed,
            "host": self._host,
            "port": self._port,
            "workers": self._workers,
            "kept": tuple(self.kept),
        }

    def _present(self) -> Service:
        if self._service is None:
            self._service = pickle.loads(self._packed)  # noqa: S301 - packed by this class
        return self._service

    def _stop(self, _arbiter: Any, _worker: Any) -> None:
        if self._service is not None:
            self._service.stop()


class Words(Logger):  # type: ignore[misc]  # gunicorn has no types
    """What gunicorn has to say, such as that a worker was killed, logged as everything else is."""

    def setup(self, cfg: Any) -> None:
        """Leave the writing to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Succession(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's arbiter, which a small process succeeds once the workers run."""

    def __init__(self, overseer: Overseer) -> None:
        super().__init__(overseer)
        self.WORKERS: dict[int, Any] = {}
        self.LISTENERS: list[Any] = []
        self.is_small = False

    def init_signals(self) -> None:
        """See to signals, those that have waited first."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAITING)

    def manage_workers(self) -> None:
        """Start workers, or end some. Does not return where a small process goes on from here."""
        super().manage_workers()
        if not self.is_small:
            self.app.forget()
            self.is_small = True  # or as small as it gets
            self._become_small()

    def handle_hup(self) -> None:
        """Go on. Gunicorn would start workers beside those that own the database, as configured before."""
        log.warning(
            "nothing is read again: a portal takes a new configuration when it is restarted"
        )

    handle_usr2 = handle_hup
    """Gunicorn would start another portal, which finds the address taken."""

    def handle_ttin(self) -> None:
        """Leave the number of workers as it was asked for: one may be all that the database can bear."""

    handle_ttou = handle_ttin

    def inherit(self, listeners: Sequence[int], workers: Sequence[Sequence[int]]) -> None:
        """Go on with the sockets and the workers that the process before has left, by their numbers."""
        self.is_small = True
        self.LISTENERS = create_sockets(self.cfg, self.log, listeners)
        for process, age, beats in workers:
            worker = self.worker_class(
                age, os.getpid(), self.LISTENERS, self.app, self.timeout / 2.0, self.cfg, self.log
            )
            worker.pid = process
            os.dup2(beats, worker.tmp.fileno(), inheritable=False)
            os.close(beats)
            self.WORKERS[process] = worker
        self.worker_age = max((age for _, age, _ in workers), default=0)

    def _become_small(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _WAITING)
        with suppress(queue.Empty):
            while True:
                came = self.SIG_QUEUE.get_nowait()
                if came != self.WAKEUP_REQUEST:
                    os.kill(os.getpid(), came)  # waits from here on, as those that are yet to come
        try:
            _succeed(self._left())
        except OSError as error:
            log.warning("this process stays large: %s", error)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAITING)

    def _left(self) -> dict[str, Any]:
        """All that the next process has to know; the files that it names stay open."""
        beats = [worker.tmp.fileno() for worker in self.WORKERS.values()]
        listeners = [listener.fileno() for listener in self.LISTENERS]
        for file in (*beats, *listeners, *self.app.kept):
            os.set_inheritable(file, True)
        ages = [worker.age for worker in self.WORKERS.values()]
        return {
            "order": self.app.order(),
            "arguments": sys.argv,
            "listeners": listeners,
            "workers": list(zip(self.WORKERS, ages, beats, strict=True)),
        }


def _succeed(left: Mapping[str, Any]) -> None:
    """Put a small process in the place of this one. Raises `OSError` where the system does not."""
    with _room() as file:
        pickle.dump(left, file)
        file.flush()
        os.set_inheritable(file.fileno(), True)
        sys.stdout.flush()
        sys.stderr.flush()
        # It has no use for these words: they show whose it is, and who looks for `portal up` finds it.
        words = ["portal", *sys.argv[1:]]
        command = [sys.executable, "-m", "portal.overseer", str(file.fileno()), *words]
        os.execv(sys.executable, command)  # noqa: S606 - there is no shell


def _room() -> IO[bytes]:
    """A file without a name: in memory where the system can, since what is left holds secrets."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("overseer"), "w+b")
    return tempfile.TemporaryFile()


def _go_on(file: int) -> None:
    """Oversee what the process before has left in a file, by its descriptor."""
    with os.fdopen(file, "rb") as stream:
        stream.seek(0)
        left = pickle.load(stream)  # noqa: S301 - written by this module
    logs.to_stderr()
    sys.argv[:] = left["arguments"]
    overseer = Overseer(**left["order"])
    for kept in overseer.kept:
        os.set_inheritable(kept, False)
    succession = Succession(overseer)
    succession.inherit(left["listeners"], left["workers"])
    succession.run()


if __name__ == "__main__":
    _go_on(int(sys.argv[1]))
