"""PostgreSQL servers that hang: stopped in the middle of whatever they do, or behind a path that swallows."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from sqlalchemy import make_url


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """SIGSTOP for the server at a URL with all its processes; SIGCONT at the end."""
    home = Path(str(make_url(url).query["host"]))
    first = int((home / "data" / "postmaster.pid").read_text().split()[0])
    pids = [first, *_children(first)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, IndexError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(folder.name))
    return found


class Swallowing:
    """A port that leads to a server's socket, until it is `shut`: then nothing comes or goes."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._socket = f"{parsed.query['host']}/.s.PGSQL.5432"
        self._port = socket.create_server(("127.0.0.1", 0))
        self._open = threading.Event()
        self._open.set()
        number = self._port.getsockname()[1]
        self.url = f"postgresql://{parsed.username}@127.0.0.1:{number}/{parsed.database}"
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def shut(self) -> Iterator[None]:
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def close(self) -> None:
        self._port.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._port.accept()
                threading.Thread(target=self._relay, args=(here,), daemon=True).start()

    def _relay(self, here: socket.socket) -> None:
        self._open.wait()
        there = socket.socket(socket.AF_UNIX)
        there.connect(self._socket)
        other = {here: there, there: here}
        with here, there, DefaultSelector() as ready, suppress(OSError):
            for one in other:
                ready.register(one, EVENT_READ)
            while True:
                for key, _ in ready.select():
                    self._open.wait()
                    data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    if not data:
                        return
                    other[key.fileobj].sendall(data)  # type: ignore[index]
