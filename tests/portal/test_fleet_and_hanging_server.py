"""A PostgreSQL that hangs under real processes: they answer, none of them ends, and nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from portal.db.engine import CATALOG_LOCK, open_database
from portal.db.patience import ANSWERING, TCP
from tests.conftest import new_postgres_database
from tests.portal.db.hanging import stopped
from tests.portal.fleets import Fleet, total, written
from tests.portal.processes import eventually, free_port

MANY = 120
HANGS = 25.0
"""Seconds: longer than anybody who answers a request waits, twice over."""

BOUND = ANSWERING.silence + ANSWERING.ping + TCP["connect_timeout"] + 5
"""Seconds for any answer, on a machine with other work."""

PATHS = (
    "/livez",
    "/readyz",
    "/catalog",
    "/api/v1/entities",
    "/api/catalog/entities/by-query?limit=1",
)
ASK = "/api/v1/assessments"


@pytest.fixture
def fleet(tmp_path: Path, postgres: str) -> Iterator[Fleet]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    made = Fleet(database=new_postgres_database(postgres), room=tmp_path, url=url, port=port)
    yield made
    made.stop()


@contextmanager
def one_backend_stopped(url: str) -> Iterator[None]:
    """SIGSTOP for the one server process that writes right now, on which all other writers wait."""
    database = open_database(url)
    holders = text("SELECT pid FROM pg_locks WHERE granted AND objid = :lock")

    def writing() -> int:
        with database.engine.connect() as connection:
            found: int = connection.execute(holders, {"lock": CATALOG_LOCK}).scalar() or 0
        if found:
            os.kill(found, signal.SIGSTOP)
            with database.engine.connect() as connection:
                if connection.execute(holders, {"lock": CATALOG_LOCK}).scalar() == found:
                    return found
            os.kill(found, signal.SIGCONT)  # it had done so before it was stopped
        return 0

    pid = eventually(writing)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        database.close()


Answers = dict[str, list[tuple[int, float, str]]]
"""By path: statuses, seconds, and what is said with a status of 503."""


def asked_all_the_time(url: str, ended: threading.Event) -> Answers:
    """What many clients are answered until it is `ended`."""
    answers: Answers = defaultdict(list)

    def ask(path: str) -> None:
        while not ended.is_set():
            began = time.monotonic()
            answer = requests.request(
                "POST" if path == ASK else "GET",
                url + path,
                timeout=2 * BOUND,
                headers={"Accept": "application/json"},
            )
            said = answer.text if answer.status_code == 503 else ""
            answers[path].append((answer.status_code, time.monotonic() - began, said))
            ended.wait(0.5)

    threads = [threading.Thread(target=ask, args=(path,)) for path in (*PATHS, ASK)]
    for thread in threads:
        thread.start()
    ended.wait(HANGS)
    ended.set()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("hang", [stopped, one_backend_stopped])
def test_a_server_that_hangs_ends_no_process_and_loses_nothing(
    fleet: Fleet, hang: Callable[[str], AbstractContextManager[None]]
) -> None:
    fleet.write(*(f"c-{number}" for number in range(MANY)))
    worker = fleet.start("worker")
    serve = fleet.start("serve")
    eventually(lambda: total(fleet.url) > 0)
    with hang(fleet.database):
        answers = asked_all_the_time(fleet.url, threading.Event())
        assert (worker.poll(), serve.poll()) == (None, None)
    assert {status for status, *_ in answers["/livez"]} == {200}
    assert max(seconds for _, seconds, _ in answers["/livez"]) < 2
    assert max(seconds for _, seconds, _ in answers["/readyz"]) < 2
    assert max(seconds for found in answers.values() for _, seconds, _ in found) < BOUND
    refusals = [
        said for path in (*PATHS[2:], ASK) for status, _, said in answers[path] if status == 503
    ]
    assert all("The database" in said and "Retry-After" in said for said in refusals)
    assert 503 in {status for status, *_ in answers[ASK]}
    if hang is one_backend_stopped:
        assert {status for status, *_ in answers["/api/v1/entities"]} == {200}, "others may read"
    else:
        assert {status for status, *_ in answers["/readyz"]} == {503}
        assert {status for path in PATHS[2:] for status, *_ in answers[path]} == {503}
        # All but those who find out are answered at once.
        assert len(refusals) > 3 * len(PATHS[2:])
    began = time.monotonic()
    eventually(lambda: total(fleet.url) == MANY, within=120)
    assert requests.post(fleet.url + ASK, timeout=30).status_code == 202
    eventually(lambda: fleet.promised() == 0, within=120)
    assert {ref: n for ref, n in written(fleet.url).items() if n > 1} == {}
    assert requests.get(f"{fleet.url}/readyz", timeout=10).status_code == 200
    assert (worker.poll(), serve.poll()) == (None, None), time.monotonic() - began
