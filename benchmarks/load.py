"""A load generator: closed loops over HTTP/1.1 on plain sockets, with as little work as can be.

Each connection sends a request, reads the whole answer and sends the next one. The requests are
bytes that were prepared; of the answers only the status and the length are looked at. It shares the
machine with the server that it measures: about 20 microseconds for each request.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

STRIDE = 7919
"""A prime: requests of a case are mixed, and in the same order for every server."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a load came to. Times are in milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float
    kilobytes: float
    """Of an answer with its head, on average."""
    failures: int
    """Answers with another status than the one expected."""


def measure(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    status: int = 200,
    most: int | None = None,
) -> Measured:
    """Send the requests in turn for so long, or until `most` are sent and answered.

    Raises `ConnectionError` where the server hangs up.
    """
    selector = selectors.DefaultSelector()
    loops = [_Loop(address) for _ in range(connections)]
    turn = 0
    try:
        for loop in loops:
            selector.register(loop.socket, selectors.EVENT_READ, loop)
            loop.send(requests[turn * STRIDE % len(requests)])
            turn += 1
        began = time.perf_counter()
        end = began + seconds
        times: list[float] = []
        failures = size = 0
        now = began
        while now < end and (most is None or len(times) < most):
            for key, _ in selector.select(timeout=60) or _silent():
                loop = key.data
                if not loop.receive():
                    continue
                now = time.perf_counter()
                times.append(now - loop.sent)
                size += loop.length
                failures += loop.status != status
                if most is None or turn < most:
                    loop.send(requests[turn * STRIDE % len(requests)])
                    turn += 1
    finally:
        for loop in loops:
            loop.socket.close()
        selector.close()
    times.sort()
    return Measured(
        requests=len(times),
        per_second=len(times) / (now - began),
        p50=times[len(times) // 2] * 1000,
        p99=times[len(times) * 99 // 100] * 1000,
        kilobytes=size / len(times) / 1000,
        failures=failures,
    )


def _silent() -> list[tuple[selectors.SelectorKey, int]]:
    raise ConnectionError("no answer for 60 seconds")


class _Loop:
    """One connection, and the answer that it waits for."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self.length = 0
        self.status = 0
        self._head = b""
        self._missing = 0
        """Bytes of the body that are not there yet; -1: it comes in chunks."""

    def send(self, request: bytes) -> None:
        self._head, self.length = b"", 0
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what is there; whether the answer is complete."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server hung up")
        self.length += len(data)
        if self._head.endswith(b"\r\n\r\n"):
            if self._missing < 0:
                self._tail = (self._tail + data)[-5:]
                return self._tail == b"0\r\n\r\n"
            self._missing -= len(data)
            return self._missing == 0
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head, body = self._head[: end + 4], self._head[end + 4 :]
        self.status = int(self._head[9:12])
        head = self._head.lower()
        if b"\r\ntransfer-encoding: chunked" in head:
            self._missing, self._tail = -1, body[-5:]
            return self._tail == b"0\r\n\r\n"
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        self._missing = int(length or 0) - len(body)
        return self._missing == 0
