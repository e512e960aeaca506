"""Accepting: where no file is left for a connection, the worker goes on, and who is there is answered."""

from __future__ import annotations

import http.client
import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from portal.connections.accepting import WANTED, ask_for_files
from tests.portal.processes import free_port

FILES = 64
SERVER = f"""
import os, resource, sys
from gunicorn.app.base import BaseApplication
from portal.connections import accepting
from portal.connections.direct import DirectWorker

class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", ["127.0.0.1:" + sys.argv[1]])
        self.cfg.set("worker_class", DirectWorker)
        self.cfg.set("threads", 2)
        self.cfg.set("keepalive", 30)
        self.cfg.set("control_socket_disable", True)

    def load(self):
        def answer(environ, start):
            body = str(os.getpid()).encode()
            start("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        return answer

accepting.KEPT = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))
Server().run()
"""


@pytest.mark.parametrize(
    ("kept", "runs_out"),
    [(0, True), (40, False)],
)
def test_more_connections_than_files_end_no_worker(kept: int, runs_out: bool) -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port), str(kept)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            with ExitStack() as opened:
                there = opened.enter_context(connected(port))
                first = answer(there)
                for _ in range(2 * FILES):
                    opened.enter_context(connected(port))
                time.sleep(0.2)
                assert answer(there) == first
            with connected(port) as later:
                assert answer(later) == first  # no other worker took its place
        finally:
            process.terminate()
            _, said = process.communicate(timeout=30)
    assert ("no new connection can be accepted" in said) is runs_out


def connected(port: int) -> socket.socket:
    deadline = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def answer(client: socket.socket) -> str:
    """The process that answers on this connection."""
    client.sendall(b"GET /short HTTP/1.1\r\nHost: x\r\n\r\n")
    found = http.client.HTTPResponse(client)
    found.begin()
    return found.read().decode()


def test_a_server_asks_for_as_many_files_as_it_may_have() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        ask_for_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(WANTED, before[1]), before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
