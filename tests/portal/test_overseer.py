"""The overseer: small once the workers run, and nothing is lost while it becomes so."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests
from gunicorn.http.errors import LimitRequestLine
from gunicorn.http.parser import RequestParser

from portal.overseer import Overseer
from tests.portal.processes import eventually, free_port


class Overseen:
    """A process that oversees a small service."""

    def __init__(self, *arguments: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.portal.overseen", str(self.port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def command(self) -> str:
        """What the list of processes shows of it."""
        return Path(f"/proc/{self.process.pid}/cmdline").read_text().replace("\0", " ")

    @property
    def children(self) -> list[int]:
        """Numbers of its workers."""
        number = self.process.pid
        return [*map(int, Path(f"/proc/{number}/task/{number}/children").read_text().split())]

    @property
    def is_small(self) -> bool:
        """Whether the process is the one that came after."""
        return "portal.overseer" in self.command

    def greeting(self) -> tuple[int, bool] | None:
        """Which process answers, and whether it has what the first process made; None: nobody does."""
        with suppress(requests.ConnectionError):
            number, first = requests.get(f"http://127.0.0.1:{self.port}", timeout=10).text.split()
            return int(number), first == "True"
        return None

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end; its status, and what it and its workers said."""
        self.process.send_signal(how)
        said = self.process.communicate(timeout=20)
        return self.process.returncode, b"".join(said).decode()


@contextmanager
def overseen(*arguments: str) -> Iterator[Overseen]:
    one = Overseen(*arguments)
    try:
        yield one
    finally:
        with suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.communicate()


def test_a_url_may_be_as_long_as_for_a_backstage() -> None:
    overseer = Overseer(b"", host="127.0.0.1", port=7007)

    def path(length: int) -> str:
        said = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * length)
        pieces = (said[place : place + 8192] for place in range(0, len(said), 8192))
        found = next(RequestParser(overseer.cfg, pieces, ("127.0.0.1", 1)))
        return str(found.path)

    assert len(path(16_000)) == 16_001
    with pytest.raises(LimitRequestLine):
        path(17_000)


def test_it_becomes_small_and_its_worker_goes_on_with_what_was_made_before() -> None:
    with overseen() as one:
        eventually(lambda: one.is_small, within=20)
        assert one.command.endswith(f" portal {one.port} "), "as it was called"
        found = eventually(one.greeting)
        assert found is not None
        worker, is_first = found
        assert is_first
        assert worker != one.process.pid
        status, said = one.end()
        assert (status, said) == (0, f"stopped {worker}\n")


def test_a_worker_that_is_killed_is_replaced_by_one_that_begins_by_itself() -> None:
    with overseen() as one:
        eventually(lambda: one.is_small, within=20)
        first = eventually(one.greeting)
        assert first is not None
        os.kill(first[0], signal.SIGKILL)
        later = eventually(one.greeting)
        assert later is not None
        assert later[0] != first[0]
        assert not later[1]
        os.kill(later[0], signal.SIGTERM)
        eventually(lambda: (found := one.greeting()) and found[0] not in (first[0], later[0]))
        assert one.end()[0] == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_whenever_it_is_told_to_end_it_does(how: signal.Signals) -> None:
    with overseen() as one:
        eventually(lambda: one.greeting() or one.is_small, within=20)
        for _ in range(3):  # just when it becomes small, and a little after
            time.sleep(0.02)
            one.process.send_signal(signal.SIGTTIN)
        status, said = one.end(how)
        assert status == 0
        assert "Traceback" not in said
    # Nobody listens any more: its workers have gone with it.
    eventually(lambda: one.greeting() is None)


def test_nothing_but_the_end_of_a_worker_starts_another_one() -> None:
    with overseen() as one:
        eventually(lambda: one.is_small, within=20)
        found = eventually(one.greeting)
        assert found is not None
        for how in (signal.SIGHUP, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU):
            one.process.send_signal(how)
        time.sleep(0.5)  # a worker that is started is there at once
        assert one.children == [found[0]]
        os.kill(found[0], signal.SIGKILL)
        eventually(lambda: (later := one.greeting()) is not None and later != found)
        assert len(one.children) == 1
        status, said = one.end()
    assert status == 0
    lines = [json.loads(line) for line in said.splitlines() if "when it is restarted" in line]
    assert {(one["level"], one["logger"]) for one in lines} == {("warning", "portal.overseer")}


def test_what_gunicorn_says_is_logged_as_everything_else_is() -> None:
    with overseen() as one:
        eventually(lambda: one.is_small, within=20)
        found = eventually(one.greeting)
        assert found is not None
        os.kill(found[0], signal.SIGKILL)
        eventually(lambda: (later := one.greeting()) is not None and later != found)
        _, said = one.end()
    [line] = [line for line in said.splitlines() if "SIGKILL" in line]
    assert json.loads(line)["logger"] == "gunicorn.error"


def test_a_thousand_connections_that_say_nothing_keep_nobody_waiting() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 4_096:
        pytest.skip("the system allows too few files for that")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 4_096), before[1]))
    try:
        with overseen() as one, ExitStack() as silent:
            eventually(one.greeting, within=20)
            for _ in range(1_100):
                silent.enter_context(socket.create_connection(("127.0.0.1", one.port), timeout=5))
            answer = requests.get(f"http://127.0.0.1:{one.port}", timeout=8)
            assert answer.status_code == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_worker_that_cannot_begin_ends_all() -> None:
    with overseen("fails") as one:
        _, said = one.process.communicate(timeout=20)
        assert one.process.returncode == 3
        assert "it cannot be loaded" in said.decode()


def test_where_the_system_starts_no_other_process_it_goes_on_as_it_is() -> None:
    with overseen("stays") as one:
        first = eventually(one.greeting)
        assert first is not None
        os.kill(first[0], signal.SIGKILL)
        later = eventually(one.greeting)
        assert later is not None
        assert not later[1]
        assert not one.is_small
        status, said = one.end()
        assert status == 0
        assert "stays large" in said


def test_files_that_are_to_stay_open_do(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with overseen("", str(lock)) as one:
        eventually(lambda: one.is_small, within=20)
        assert eventually(one.greeting)
        with lock.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        one.end()
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
