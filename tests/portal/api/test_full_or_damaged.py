"""A disk that is full, and a file that is damaged, under a portal that runs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, make_url

from portal.app import create_app
from portal.db import soundness
from portal.db.engine import Database
from portal.db.tables import meta
from portal.wiring import Portal
from tests.catalog_rows import entity, save

MakePortal = Callable[..., Portal]
PAGES = ("/catalog", "/catalog/component/default/ledger", "/api/v1/entities", "/livez", "/metrics")


def limit(database: Database) -> Callable[[int], None]:
    """Says how many pages the file may have, as a disk does: 0 for as many as there are."""
    most = [1 << 30]

    def hold(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={most[0]}")

    event.listen(database.engine, "begin", hold)

    def set_to(pages: int) -> None:
        most[0] = pages or 1

    return set_to


def file_of(portal: Portal) -> Path:
    return Path(str(make_url(portal.settings.database).database))


def codes(client: FlaskClient, *paths: str) -> list[int]:
    return [client.get(path, headers={"Accept": "text/html"}).status_code for path in paths]


def fill(database: Database) -> None:
    """Use what there is left of free pages."""
    for number in range(2000):
        try:
            with database.write() as connection:
                connection.execute(meta.insert().values(key=f"f{number}", value="x" * 100_000))
        except Exception:  # noqa: BLE001 - the one that is waited for, which the test looks at
            return
    pytest.fail("it does not get full")


def test_on_a_full_disk_reads_go_on_and_writes_say_why_until_there_is_room(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    if not portal.database.is_sqlite:
        pytest.skip("PostgreSQL's own disk is its operator's")
    save(portal.database, entity("ledger"))
    client = create_app(portal).test_client()
    set_limit = limit(portal.database)
    set_limit(0)
    fill(portal.database)
    assert codes(client, *PAGES, "/readyz") == [200] * (len(PAGES) + 1)
    body = {"type": "url", "target": f"https://git.example.org/{'x' * 1900}"}
    answer = client.post("/api/catalog/locations", json=body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "disk of the database is full" in answer.json["error"]["message"]
    assert client.get("/api/catalog/locations").json == []
    set_limit(1 << 30)
    assert client.post("/api/catalog/locations", json=body).status_code == 201


def test_a_file_that_is_damaged_while_it_is_used_is_seen_and_named(
    make_portal: MakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = make_portal()
    if not portal.database.is_sqlite:
        pytest.skip("of a file")
    monkeypatch.setattr(soundness, "EVERY", 0.05)
    monkeypatch.setattr(soundness, "SHARE", 0)
    save(portal.database, entity("ledger"))
    client = create_app(portal).test_client()
    assert state(client) == (200, "ok")
    file = file_of(portal)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'tombstones'"
        ).fetchone()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        whole = opened.read(4096)
        opened.seek((page - 1) * 4096)
        opened.write(b"\xde\xad" * 2048)
    until = time.monotonic() + 5
    while state(client)[0] == 200:
        assert time.monotonic() < until, "nobody sees it"
        time.sleep(0.02)
    code, said = state(client)
    assert (code, said.startswith("is damaged: ")) == (503, True)
    assert codes(client, "/catalog") == [200], "what is whole is still shown"
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        opened.write(whole)
    while state(client)[0] != 200:
        assert time.monotonic() < until + 5
        time.sleep(0.02)


def state(client: FlaskClient) -> tuple[int, str]:
    """What `/readyz` says of the database."""
    answer = client.get("/readyz")
    return answer.status_code, answer.json["checks"]["database"]


def test_who_meets_the_damage_first_tells_it(make_portal: MakePortal) -> None:
    portal = make_portal()
    if not portal.database.is_sqlite:
        pytest.skip("of a file")
    client = create_app(portal).test_client()
    assert state(client) == (200, "ok")
    portal.database.soundness.look()
    portal.database.close()
    file = file_of(portal)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xde\xad" * ((len(content) - 4096) // 2))
    assert client.get("/api/v1/entities").status_code == 503
    assert state(client)[1].startswith("is damaged: ")
