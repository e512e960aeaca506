"""Direct answers: what is short is answered by the very thread that watches the connections.

Gunicorn gives each request to a thread, and Flask a stack of things to each. With eight clients eight
threads are at work, and a look-up of a tenth of a millisecond passes the interpreter's lock around more
than it looks up. So the watching thread looks at what was sent, and where that is a plain request for
something short, it answers. All else goes to a thread, and nothing that a client does keeps the watching
thread waiting: a request that is not all there is a thread's, and so is the rest of an answer that a
client does not take at once.

That something is short is a claim, and so it is measured: after a late answer, threads answer everything
for a while.

Behind a database of another process most of an answer is waiting. There a second thread, the companion, takes
half of what has come at the same time: while one of the two waits, the other goes on.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ, SelectorKey
from typing import Any, TypeAlias

from gunicorn.workers.gthread import TConn

from portal.connections.accepting import PatientWorker
from portal.connections.plain import LARGEST, PlainAnswer, PlainRequest, read_plain

LATE = 0.05
"""Seconds. An answer that took longer was not short."""

PAUSE = 100
"""Times as long as a late answer took, threads answer everything after it: whatever makes answers late
takes no more than a hundredth of everybody's time."""

Answer: TypeAlias = Callable[[PlainRequest], PlainAnswer | None]
"""What answers in a moment; None: it does not, for whatever reason, and a thread is to."""


class DirectWorker(PatientWorker):
    """Gunicorn's worker with threads, whose watching thread answers what is short itself."""

    answer: Answer = staticmethod(lambda _: None)
    """Set once there is an application."""

    companion: ThreadPoolExecutor | None = None
    """Of one thread; set where answers wait for another process."""

    _paused_until = 0.0

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait until something comes, and see to all that has come."""
        try:
            events = self.poller.select(timeout)
        except InterruptedError:
            return
        keys = [key for key, _ in events]
        taking = (self.on_pending_socket_readable, self.on_client_socket_readable)
        clients = [key for key in keys if getattr(key.data, "func", None) in taking]
        if self.companion is None or len(clients) < 2:
            _see_to(keys)
            return
        half = clients[1::2]
        given = {key.fd for key in half}
        # All else is this thread's alone, which counts connections.
        others = self.companion.submit(_see_to, half)
        _see_to(key for key in keys if key.fd not in given)
        others.result()

    def welcome(self, listener: Any) -> None:
        """Watch a new connection until something comes; gunicorn has a thread wait for it."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(client, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """The first request of a connection."""
        self._take(conn, client, self.pending_conns)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """A further one."""
        self._take(conn, client, self.keepalived_conns)

    def enqueue_req(self, conn: Any) -> None:
        """Leave a request to a thread, which need not wait for its beginning."""
        conn.data_ready = True
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Watch the connection again after an answer of a thread, or close it.

        Gunicorn lingers with a client that does not close, up to two seconds: a thread has the time.
        """
        if fs.cancelled() or fs.exception() or not fs.result():
            job = self.tpool.submit(conn.close, graceful=True)
            job.add_done_callback(lambda _: self.method_queue.defer(self._forget))
        else:
            super().finish_request(conn, fs)

    def _forget(self) -> None:
        """Count a connection no more that is closed: until then it takes the place of another one."""
        self.nr_conns -= 1

    def _cap_keepalive(self, deadline: float) -> None:
        """Close idle connections by `deadline`, those that never asked anything, too."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _take(self, conn: Any, client: Any, watched: Any) -> None:
        watched.remove(conn)
        if not (answer := self._answer(client)):
            self.poller.unregister(client)
            self.enqueue_req(conn)
            return
        if rest := _send_now(client, answer):
            self.poller.unregister(client)
            conn.init()  # as after an answer of gunicorn's: the socket waits, and there is a parser
            job = self.tpool.submit(_send, client, rest)
            job.add_done_callback(
                lambda job: self.method_queue.defer(self.finish_request, conn, job)
            )
            return
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        if watched is not self.keepalived_conns:
            callback = partial(self.on_client_socket_readable, conn)
            self.poller.modify(client, EVENT_READ, callback)

    def _answer(self, client: Any) -> bytes:
        """The answer to what has been sent, which is taken in then; b'' where a thread is to answer."""
        began = time.monotonic()
        may_go_on = self.alive and len(self.keepalived_conns) < self.max_keepalived
        if began < self._paused_until or not may_go_on:
            return b""
        try:
            said = client.recv(LARGEST + 1, socket.MSG_PEEK)
        except OSError:
            return b""
        request = read_plain(said) if len(said) <= LARGEST else None
        answer = self.answer(request) if request else None
        ended = time.monotonic()
        if ended - began > LATE:
            self._paused_until = ended + PAUSE * (ended - began)
        if answer is None:
            return b""
        client.recv(len(said))
        return answer.written()


def _see_to(keys: Iterable[SelectorKey]) -> None:
    """Call what is to be called for each, as gunicorn does."""
    for key in keys:
        key.data(key.fileobj)


def _send_now(client: Any, answer: bytes) -> bytes:
    """Send what can be sent without waiting; returns the rest."""
    try:
        return answer[client.send(answer) :]
    except BlockingIOError:
        return answer
    except OSError:
        return b""  # the client has gone, which whoever watches the connection finds


def _send(client: Any, rest: bytes) -> bool:
    """Send the rest of an answer; the connection goes on."""
    client.sendall(rest)
    return True
