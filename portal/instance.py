"""The running instance of a data directory: one owner at a time, and how to reach it.

On SQLite one process owns the database (design 2a.1). It holds a lock in the data directory and
leaves `instance.json` there, which other commands of the same user use to ask it for live data.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOCK = "lock"
INSTANCE = "instance.json"


class AlreadyRunning(Exception):
    """Another process owns the data directory. `args[0]` says which."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A running portal, as another command of the same user finds it."""

    url: str
    token: str


def acquire(data_dir: Path, *, wait: float = 0) -> IO[str]:
    """Own the data directory until the returned file is closed or the process ends.

    Waits up to `wait` seconds for an owner that is just ending; raises `AlreadyRunning` then.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (data_dir / LOCK).open("a+")
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            lock.close()
            running = _read(data_dir)
            where = f" at {running.url}" if running else ""
            raise AlreadyRunning(f"a portal is already running{where} on {data_dir}") from None
        (data_dir / INSTANCE).unlink(missing_ok=True)
        return lock


def publish(data_dir: Path, instance: Instance) -> None:
    """Tell other commands of this user how to reach the owner; for the owner only."""
    path = data_dir / INSTANCE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": instance.url, "token": instance.token}, file)


def find(data_dir: Path) -> Instance | None:
    """The instance that owns the data directory now; None when nobody does."""
    try:
        lock = (data_dir / LOCK).open()
    except FileNotFoundError:
        return None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(data_dir)
        return None


def worker_name(data_dir: Path) -> tuple[str, IO[str]]:
    """A name for a worker on this data directory, and the lock that keeps it from all others.

    It is the same at the next start, so that a worker goes on with what it left; several that run at
    the same time have one each.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 1
    while True:
        file = (data_dir / f"worker-{number}").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            number += 1
            continue
        file.seek(0)
        name = file.read() or f"{socket.gethostname()}-{secrets.token_hex(4)}"
        file.truncate(0)
        file.write(name)
        file.flush()
        return name, file


def _read(data_dir: Path) -> Instance | None:
    try:
        found = json.loads((data_dir / INSTANCE).read_text())
        return Instance(url=found["url"], token=found["token"])
    except (OSError, ValueError, KeyError):
        return None
