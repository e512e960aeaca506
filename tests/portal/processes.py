"""Real portal processes for tests: started as an operator would, and asked over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import requests

Answer = TypeVar("Answer")


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A running `portal up`."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = data_dir.with_name(data_dir.name + ".log")
        command = [sys.executable, "-m", "portal", "up", "--port", str(port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(data_dir), *arguments],
                stderr=log,
                stdout=log,
                start_new_session=True,
            )

    def get(self, path: str, **parameters: Any) -> Any:
        """JSON of a path below /api/v1."""
        answer = requests.get(f"{self.url}/api/v1{path}", params=parameters, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def ready(self) -> bool:
        """Whether it answers that it is ready."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def kill(self) -> None:
        """kill -9 for it and all that it started, and wait until nothing of it is left."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with suppress(ProcessLookupError):
            while True:
                os.killpg(self.process.pid, 0)
                time.sleep(0.01)

    def stop(self) -> int:
        """SIGTERM, and its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=30)


@contextmanager
def portal_up(data_dir: Path, *arguments: str) -> Iterator[Server]:
    """A ready `portal up`, killed at the end if it still runs."""
    server = Server(data_dir, *arguments)
    try:
        eventually(server.ready)
        yield server
    finally:
        server.kill()


def eventually(question: Callable[[], Answer], *, within: float = 60) -> Answer:
    """The first answer that is true; fails when there is none in time."""
    deadline = time.monotonic() + within
    while not (answer := question()):
        assert time.monotonic() < deadline, f"{question} stayed {answer!r}"
        time.sleep(0.05)
    return answer
