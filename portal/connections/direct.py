"""Direct answers: what is short is answered by the very thread that watches the connections.

Gunicorn gives each request to a thread. With eight clients eight threads are at work, and a look-up of
half a millisecond passes the interpreter's lock around more than it looks up: a third of the answers is
lost to that. So the watching thread looks at what was sent, and where that is a whole request for
something short, it answers. All else goes to a thread, and nothing that a client does keeps the watching
thread waiting: a request that is not all there is a thread's, and so is the rest of an answer that a
client does not take at once.

That something is short is a claim, and so it is measured: after a late answer, threads answer everything
for a while. This is for the embedded database only. One behind a network may not answer at all, and who
waits for it must not be who says that the process is alive.
"""

from __future__ import annotations

import re
import socket
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any, ClassVar

from gunicorn.workers.gthread import TConn

from portal.connections.accepting import PatientWorker

LATE = 0.05
"""Seconds. An answer that took longer was not short."""

PAUSE = 100
"""Times as long as a late answer took, threads answer everything after it: whatever makes answers late
takes no more than a hundredth of everybody's time."""

PEEKED = 16_384
"""Bytes of a request that are looked at. A longer one is not short."""

_TO_WAIT_FOR = re.compile(
    rb"\r\n(?:(?:transfer-encoding|expect|upgrade) *:|authorization *:[ \t]*bearer[ \t]+ey)",
    re.IGNORECASE,
)
"""What takes its time: a body that is not all there, and a JSON Web Token, whose key may have to be fetched
from whoever signed it, or says so."""

_LENGTH = re.compile(rb"\r\ncontent-length(?: *: *(\d{1,6}) *(?=\r|$))?", re.IGNORECASE)
"""Wherever a length is told; the group is empty where it is told in a way that is not understood here."""


class DirectWorker(PatientWorker):
    """Gunicorn's worker with threads, whose watching thread answers what is short itself."""

    short: ClassVar[re.Pattern[bytes]]
    """How a request begins that is answered in a moment."""

    _paused_until = 0.0

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
        began = time.monotonic()
        if began < self._paused_until or not self._is_short(client):
            self.poller.unregister(client)
            self.enqueue_req(conn)
            return
        conn.init()
        conn.sock = Outbox(client)
        kept = self.handle(conn)
        rest, conn.sock = conn.sock.send_now(), client
        ended = time.monotonic()
        if ended - began > LATE:
            self._paused_until = ended + PAUSE * (ended - began)
        if kept and not rest and self.alive and not conn.parser.unreader.buf.getvalue():
            client.setblocking(False)
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            if watched is not self.keepalived_conns:
                callback = partial(self.on_client_socket_readable, conn)
                self.poller.modify(client, EVENT_READ, callback)
            return
        self.poller.unregister(client)
        job = self.tpool.submit(_finish, client, rest, kept)
        job.add_done_callback(lambda job: self.method_queue.defer(self.finish_request, conn, job))

    def _is_short(self, client: Any) -> bool:
        """Whether there is one whole request, and it is for something short."""
        try:
            said = client.recv(PEEKED, socket.MSG_PEEK)
        except OSError:
            return False
        if not self.short.match(said):
            return False
        head, end, body = said.partition(b"\r\n\r\n")
        if not end or _TO_WAIT_FOR.search(head):
            return False
        lengths = _LENGTH.findall(head)
        if b"" in lengths:  # gunicorn may understand it, and wait for a body that does not come
            return False
        return len(body) == (int(lengths[0]) if lengths else 0)


class Outbox:
    """A socket that keeps what is written until the answer is whole, and is in one piece then."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pieces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, data: bytes) -> None:
        """Keep some bytes of an answer."""
        self._pieces.append(data)

    def send_now(self) -> bytes:
        """Send what can be sent without waiting; returns the rest."""
        answer = b"".join(self._pieces)
        try:
            return answer[self._client.send(answer, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            return answer
        except OSError:
            return b""  # the client has gone, which whoever watches or closes the connection finds


def _finish(client: Any, rest: bytes, kept: bool) -> bool:
    """Send the rest of an answer; whether the connection goes on."""
    client.setblocking(True)
    client.sendall(rest)
    return kept
