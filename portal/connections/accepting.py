"""Accepting: new connections, as many as the files that this process may have open leave room for.

Gunicorn's worker ends where the system has no file left for a connection, and with it the engine and every
request. A usual limit is 1,024 files, and a thousand connections that say nothing are soon made.
"""

from __future__ import annotations

import errno
import logging
import resource
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

WANTED = 8_192
"""Open files that a server asks the system for; it gives what it allows."""

KEPT = 256
"""Files that are not for connections: the database's, those of the engine, and of what it starts."""

PAUSE = 0.1
"""Seconds that nothing is accepted, nor heard, after the system had no file left."""

_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger(__name__)


def ask_for_files() -> None:
    """Let this process and its children have `WANTED` files open, or as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's worker with threads, which waits where there is no file for a new connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            most = min(self.cfg.worker_connections, max(soft - KEPT, soft // 2))
            self.worker_connections = most
            self.max_keepalived = most - self.cfg.threads

    def accept(self, listener: Any) -> None:
        """Take a new connection; one for which there is no room waits in the system's queue."""
        try:
            self.welcome(listener)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            log.warning("no new connection can be accepted: %s", error.strerror)
            time.sleep(PAUSE)

    def welcome(self, listener: Any) -> None:
        """Accept one. Raises `OSError` where the system has no room for it."""
        super().accept(listener)
