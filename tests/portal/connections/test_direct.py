"""Direct answers: the watching thread answers what is short, and no client keeps it waiting."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.portal.processes import free_port

BIG = 20_000_000
"""Bytes: more than a socket takes from who does not read."""
SERVER = f"""
import sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from gunicorn.app.base import BaseApplication
from portal.connections import direct
from portal.connections.direct import DirectWorker
from portal.connections.plain import PlainAnswer

two = threading.Barrier(2)

def short(request):
    if request.path == "/short/patient":
        direct.LATE = 60
    if request.path == "/short/meet":
        two.wait(30)
    if not request.path.startswith("/short"):
        return None
    if request.path == "/short/late":
        time.sleep(0.2)
    if request.path == "/short/later":
        time.sleep(0.2)
        return None
    body = b"x" * {BIG} if request.path == "/short/big" else request.body or request.path.encode()
    return PlainAnswer(status="200 OK", headers=[("By", "watch")], body=body)

def start(worker):
    worker.answer = short
    if "companion" in sys.argv:
        worker.companion = ThreadPoolExecutor(1)

class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", ["127.0.0.1:" + sys.argv[1]])
        self.cfg.set("worker_class", DirectWorker)
        self.cfg.set("threads", 2)
        self.cfg.set("keepalive", 30)
        self.cfg.set("control_socket_disable", True)
        self.cfg.set("post_worker_init", start)

    def load(self):
        def answer(environ, start):
            path = environ["PATH_INFO"]
            if path == "/long/broken":
                raise ValueError("broken")
            body = environ["wsgi.input"].read() or path.encode()
            start("200 OK", [("Content-Length", str(len(body))), ("By", "thread")])
            return [body]
        return answer

Server().run()
"""


@pytest.fixture(params=["", "companion"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    number = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(number), request.param])
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", number), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    yield number
    began = time.monotonic()
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert time.monotonic() - began < 10  # no connection that idles keeps it


def ask(client: socket.socket, path: str, body: str = "") -> tuple[str, str]:
    """Who answers, and with what; head and body are sent at once."""
    method = (
        f"POST {path} HTTP/1.1\r\nContent-Length: {len(body)}" if body else f"GET {path} HTTP/1.1"
    )
    client.sendall(f"{method}\r\nHost: x\r\n\r\n{body}".encode())
    answer = http.client.HTTPResponse(client)
    answer.begin()
    return answer.headers["By"], answer.read().decode()


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with connected(port) as connection:
        yield connection


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def read_answers(client: socket.socket, count: int) -> bytes:
    """What is received until so many answers are whole, each of which has a body of nine bytes."""
    said = b""
    while said.count(b"\r\n\r\n") < count or len(said.rpartition(b"\r\n\r\n")[2]) < 9:
        piece = client.recv(65536)
        assert piece, said
        said += piece
    return said


def test_what_is_short_is_answered_by_who_watches_and_all_else_by_threads(
    client: socket.socket,
) -> None:
    for n in range(20):
        assert ask(client, f"/short/{n}") == ("watch", f"/short/{n}")
        assert ask(client, "/short", f"body {n}") == ("watch", f"body {n}")
        assert ask(client, f"/long/{n}") == ("thread", f"/long/{n}")
        assert ask(client, "/long", f"body {n}") == ("thread", f"body {n}")


def test_a_late_answer_sends_the_following_to_threads(client: socket.socket) -> None:
    assert ask(client, "/short/late") == ("watch", "/short/late")
    assert ask(client, "/short/next") == ("thread", "/short/next")


def test_so_does_what_is_left_to_a_thread_too_late(client: socket.socket) -> None:
    assert ask(client, "/short/later") == ("thread", "/short/later")
    assert ask(client, "/short/next") == ("thread", "/short/next")


def test_a_request_in_pieces_keeps_nobody_waiting(port: int, client: socket.socket) -> None:
    pieces = (
        (b"GET /short/ab", b"c HTTP/1.1\r\nHost: x\r\n\r\n"),
        (b"POST /short HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n/sho", b"rt/ab"),
    )
    for first, second in pieces:
        with connected(port) as slow:
            slow.sendall(first)
            time.sleep(0.1)  # until it is looked at
            assert ask(client, "/short") == ("watch", "/short")
            slow.sendall(second)
            assert b"By: thread" in read_answers(slow, 1)


@pytest.mark.parametrize("length", [b":\t5", b": 1000000", b": 0000005", b": 5\t"])
def test_a_length_in_an_unusual_form_keeps_nobody_waiting_for_the_body(
    port: int, client: socket.socket, length: bytes
) -> None:
    client.settimeout(3)
    with connected(port) as promising:
        promising.sendall(b"POST /short HTTP/1.1\r\nHost: x\r\nContent-Length%s\r\n\r\n" % length)
        time.sleep(0.1)  # until it is looked at
        assert ask(client, "/short") == ("watch", "/short")


def test_requests_that_are_sent_at_once_are_answered_in_their_order(port: int) -> None:
    with connected(port) as eager:
        eager.sendall(
            b"".join(b"GET /short/%02d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(5))
        )
        said = read_answers(eager, 5)
        assert [said.index(b"\r\n\r\n/short/%02d" % n) for n in range(5)] == sorted(
            said.index(b"\r\n\r\n/short/%02d" % n) for n in range(5)
        )


def test_who_does_not_read_an_answer_keeps_nobody_waiting_and_has_it_whole(
    port: int, client: socket.socket
) -> None:
    with connected(port) as slow:
        slow.sendall(b"GET /short/big HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        assert ask(client, "/short")[1] == "/short"
        assert ask(client, "/long")[1] == "/long"
        answer = http.client.HTTPResponse(slow)
        answer.begin()
        assert len(answer.read()) == BIG
        slow.sendall(b"GET /short/ab HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answers(slow, 1).endswith(b"/short/ab")


def test_who_says_close_and_does_not_close_keeps_nobody_waiting(
    port: int, client: socket.socket
) -> None:
    assert ask(client, "/short") == ("watch", "/short")
    for path in (b"/short/ab", b"/longer/a"):
        with connected(port) as staying:
            staying.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)
            assert read_answers(staying, 1).endswith(path)
            began = time.monotonic()
            for _ in range(10):
                assert ask(client, "/short") == ("watch", "/short")
            assert time.monotonic() - began < 1.5  # gunicorn lingers with a client for two seconds


def test_what_breaks_is_answered_and_the_others_go_on(port: int, client: socket.socket) -> None:
    with connected(port) as unlucky:
        unlucky.sendall(b"GET /long/broken HTTP/1.1\r\nHost: x\r\n\r\n")
        assert unlucky.recv(65536).startswith(b"HTTP/1.1 500")
    assert ask(client, "/short") == ("watch", "/short")


def test_clients_that_leave_in_the_middle_harm_nobody(port: int, client: socket.socket) -> None:
    for said in (b"", b"GET /sho", b"GET /short/big HTTP/1.1\r\nHost: x\r\n\r\n"):
        for _ in range(5):
            with connected(port) as leaving:
                leaving.sendall(said)
    assert ask(client, "/short")[1] == "/short"
    assert ask(client, "/long") == ("thread", "/long")


@pytest.mark.parametrize("port", ["companion"], indirect=True)
def test_a_companion_goes_on_while_who_watches_waits(port: int) -> None:
    with connected(port) as first, connected(port) as second, connected(port) as third:
        assert ask(first, "/short/patient") == ("watch", "/short/patient")
        first.sendall(b"GET /short/late HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.05)  # until it is looked at
        for client in (second, third):
            client.sendall(b"GET /short/meet HTTP/1.1\r\nHost: x\r\n\r\n")
        for client in (first, second, third):
            assert b"By: watch" in client.recv(65536)
