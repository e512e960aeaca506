"""Lingering: a thread that has answered stays with its connection for a moment.

Gunicorn's threads hand a connection back to the main thread after each answer, which watches it and
hands it to a thread again: two changes of threads for each request, and each waits for the interpreter's
lock. Who asks many questions, as portal frontends do, sends the next one at once. Where there are more
connections than threads, none lingers: it would keep others waiting. This is for PostgreSQL; beside the
embedded database `portal.connections.direct` does without threads.
"""

from __future__ import annotations

import select
from typing import Any

from portal.connections.accepting import PatientWorker

MOMENT = 2.0
"""Milliseconds that a thread waits for the next request."""


class LingeringWorker(PatientWorker):
    """Gunicorn's worker with threads, each of which goes on with a connection while it is in use."""

    def handle(self, conn: Any) -> Any:
        """Answer a request, and those that follow at once; returns what gunicorn does next with it."""
        kept = super().handle(conn)
        while kept is True and self._may_linger(conn) and _is_readable(conn.sock):
            kept = super().handle(conn)
        return kept

    def _may_linger(self, conn: Any) -> bool:
        return self.alive and not conn.is_http2 and self.nr_conns <= self.cfg.threads


def _is_readable(socket: Any) -> bool:
    """Whether a request, or the end of the connection, comes within the moment."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(MOMENT))
