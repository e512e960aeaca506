"""A PostgreSQL that hangs: what is asked is answered soon, and all is well by itself when it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from portal.app import create_app
from portal.db import patience, values
from portal.db.engine import Database, on_condition, open_database
from portal.db.failures import is_unavailable
from portal.db.tables import meta
from portal.db.work import claims, pending
from portal.db.work.claims import Superseded
from portal.wiring import Portal
from portal.worker.requests import Lane
from tests.conftest import new_postgres_database
from tests.portal.db.hanging import Swallowing, stopped

MakePortal = Callable[..., Portal]
Hang = Callable[[], AbstractContextManager[None]]
SOON = 2.5
"""Seconds for any answer: silence, ping and a connection, as `brief` has them, on a slow machine."""


LOOK = "/by-name/component/default/web"
"""Of an entity that is not there."""


@pytest.fixture(params=["stopped", "swallowed"])
def hanging(
    request: pytest.FixtureRequest, postgres: str, migrated_postgres: str
) -> Iterator[tuple[str, Hang]]:
    """The URL of a database, and what lets its server hang."""
    url = new_postgres_database(postgres, migrated_postgres)
    if request.param == "stopped":
        yield url, partial(stopped, url)
        return
    path = Swallowing(url)
    yield path.url, path.shut
    path.close()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience than anybody has, so that no test waits long."""
    impatient = replace(patience.ANSWERING, silence=0.5, ping=0.3)
    for module in ("portal.app", "portal.api.health"):
        monkeypatch.setattr(f"{module}.ANSWERING", impatient)
    monkeypatch.setattr(patience, "TCP", {**patience.TCP, "connect_timeout": 2})
    monkeypatch.setattr("portal.db.postgres.TCP", patience.TCP)
    monkeypatch.setattr(patience, "AGAIN", 0.5)


def timed(client: FlaskClient, path: str, method: str = "GET") -> tuple[int, float, str]:
    began = time.monotonic()
    answer = client.open(path, method=method, headers={"Accept": "text/html"})
    return answer.status_code, time.monotonic() - began, answer.headers.get("Retry-After", "")


def wait_until_it_serves(client: FlaskClient) -> None:
    until = time.monotonic() + 10
    while any(timed(client, path)[0] != 200 for path in ("/readyz", "/catalog", "/metrics")):
        assert time.monotonic() < until, "it does not come back"
        time.sleep(0.05)


@pytest.mark.usefixtures("brief")
def test_everything_is_answered_soon_and_comes_back_by_itself(
    hanging: tuple[str, Hang], make_portal: MakePortal
) -> None:
    url, hang = hanging
    client = create_app(replace(make_portal(), database=open_database(url))).test_client()
    wait_until_it_serves(client)
    assert timed(client, "/api/catalog/entities" + LOOK)[0] == 404
    with hang():
        found = {path: timed(client, path) for path in ("/catalog", "/api/v1/entities")}
        found["POST"] = timed(client, "/api/v1/assessments", "POST")
        assert {code for code, *_ in found.values()} == {503}, found
        assert {after for *_, after in found.values()} == {"5"}
        assert max(seconds for _, seconds, _ in found.values()) < SOON
        began = time.monotonic()
        refused = [timed(client, "/api/catalog/entities" + rest) for rest in ("", LOOK) * 10]
        assert {code for code, *_ in refused} == {503}
        assert time.monotonic() - began < 2 * SOON, "each waits anew"
        code, seconds, _ = timed(client, "/livez")
        assert (code, seconds < 0.5) == (200, True)
        code, seconds, _ = timed(client, "/readyz")
        assert (code, seconds < 1) == (503, True)
        answer = client.get("/metrics")
        assert (answer.status_code, "plumbline_database_up 0" in answer.text) == (200, True)
    wait_until_it_serves(client)
    assert timed(client, "/api/catalog/entities" + LOOK)[0] == 404
    assert timed(client, "/api/v1/assessments", "POST")[0] == 202


def add(database: Database, worker: str, done: list[str], stopping: threading.Event) -> None:
    """Do keys as a worker does: each is one row, written while the claim holds."""
    while not stopping.is_set():
        with database.read() as connection:
            keys = [one.key for one in claims.free(connection, limit=1)]
        if not keys:
            stopping.wait(0.05)
            continue
        with database.write() as connection:
            taken = claims.take(connection, keys, worker)
        for claim in taken:
            try:
                with on_condition(claims.holding(claim)), database.write() as connection:
                    connection.execute(insert(meta).values(key=f"did:{claim.key}", value=worker))
                    claims.settle(connection, [claim])
                done.append(claim.key)
            except Superseded:
                pass


def test_workers_go_on_where_they_were_and_nothing_is_lost_or_done_twice(
    hanging: tuple[str, Hang],
) -> None:
    url, hang = hanging
    database, stopping = open_database(url), threading.Event()
    done: list[str] = []
    keys = [f"key:{n}" for n in range(24)]
    with database.write() as connection:
        for key in keys:
            pending.put(connection, key, lane=Lane.SWEEP, now=datetime.now(UTC))
    workers = [
        threading.Thread(target=add, args=(database, f"w{n}", done, stopping)) for n in range(3)
    ]
    for worker in workers:
        worker.start()
    while len(done) < 5:
        time.sleep(0.005)
    with hang():
        time.sleep(0.1)
        before = len(done)
        time.sleep(0.6)
        assert len(done) == before < len(keys)
    until = time.monotonic() + 20
    while len(done) < len(keys):
        assert time.monotonic() < until, "they do not go on"
        time.sleep(0.01)
    stopping.set()
    for worker in workers:
        worker.join()
    assert sorted(done) == sorted(keys)
    with database.read() as connection:
        did = connection.execute(select(meta.c.key).where(meta.c.key.startswith("did:"))).all()
        assert len(did) == len(keys)
        assert pending.waiting(connection) == []
        assert values.get(connection, "did:key:0") is not None
    database.close()


def test_one_statement_that_takes_too_long_ends_and_the_others_are_asked_on(
    postgres: str, migrated_postgres: str
) -> None:
    database = open_database(new_postgres_database(postgres, migrated_postgres))
    mine = patience.patience.set(replace(patience.ANSWERING, silence=0.3))
    try:
        with (
            pytest.raises(OperationalError, match=r"has not answered for 0\.3 s") as failure,
            database.read() as connection,
        ):
            connection.execute(text("SELECT pg_sleep(30)"))
        assert is_unavailable(failure.value)
        with database.read() as connection:
            assert values.get(connection, "nothing") is None
        assert not database.watch.is_silent
    finally:
        patience.patience.reset(mine)
    database.close()
