"""Threads that linger: many clients are answered, also where there are more of them than threads."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.portal.processes import free_port

THREADS = 2
MOMENT = 500
"""Milliseconds: so long that no busy machine ends it."""
SERVER = """
import sys
from gunicorn.app.base import BaseApplication
from portal.connections import lingering

lingering.MOMENT = int(sys.argv[3])

class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", ["127.0.0.1:" + sys.argv[1]])
        self.cfg.set("worker_class", lingering.LingeringWorker)
        self.cfg.set("threads", int(sys.argv[2]))
        self.cfg.set("keepalive", 30)
        self.cfg.set("control_socket_disable", True)

    def load(self):
        def answer(environ, start):
            body = environ["wsgi.input"].read() or environ["PATH_INFO"].encode()
            start("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        return answer

Server().run()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    arguments = [str(number) for number in (port, THREADS, MOMENT)]
    process = subprocess.Popen([sys.executable, "-c", SERVER, *arguments])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield port, process
    process.terminate()
    assert process.wait(timeout=30) == 0


def test_what_is_asked_on_one_connection_is_answered_in_its_order(
    server: tuple[int, subprocess.Popen[bytes]],
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server[0], timeout=30)
    for n in range(30):
        body = f"body {n}" if n % 3 else None
        connection.request("POST" if body else "GET", f"/{n}", body)
        assert connection.getresponse().read().decode() == (body or f"/{n}")
        if n == 20:
            time.sleep(1.2 * MOMENT / 1000)  # no thread lingers that long
    connection.close()


def test_two_requests_that_are_sent_at_once_have_two_answers(
    server: tuple[int, subprocess.Popen[bytes]],
) -> None:
    with socket.create_connection(("127.0.0.1", server[0]), timeout=30) as client:
        client.sendall(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in (1, 2)))
        said = b""
        while said.count(b"HTTP/1.1 200") < 2 or not said.endswith(b"/2"):
            said += client.recv(4096)
        assert said.index(b"\r\n\r\n/1") < said.index(b"\r\n\r\n/2")


def test_clients_that_never_pause_keep_no_other_waiting(
    server: tuple[int, subprocess.Popen[bytes]],
) -> None:
    stop, answered = threading.Event(), [0] * THREADS
    with ExitStack() as opened:
        for number in range(THREADS):
            greedy = opened.enter_context(socket.create_connection(("127.0.0.1", server[0])))
            thread = threading.Thread(target=ask_without_end, args=(greedy, stop, answered, number))
            thread.start()
            opened.callback(thread.join)
        opened.callback(stop.set)
        while min(answered) < 100:
            time.sleep(0.01)
        polite = http.client.HTTPConnection("127.0.0.1", server[0], timeout=30)
        opened.callback(polite.close)
        polite.request("GET", "/")  # from its answer on there are more connections than threads
        polite.getresponse().read()
        before = sum(answered)
        for n in range(20):
            polite.request("GET", f"/{n}")
            assert polite.getresponse().read().decode() == f"/{n}"
        assert sum(answered) - before < 20 * 50


def ask_without_end(
    greedy: socket.socket, stop: threading.Event, answered: list[int], number: int
) -> None:
    """Send the next request once the answer is there."""
    while not stop.is_set():
        greedy.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        greedy.recv(1 << 16)
        answered[number] += 1
