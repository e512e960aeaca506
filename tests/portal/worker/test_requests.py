"""Requests for work: what is asked for knows whom it waits for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from catalog.sources import Repository
from portal.db.engine import Database
from portal.db.ingest import registrations
from portal.db.sources import repositories
from portal.db.work import pending
from portal.worker.requests import (
    APART,
    ASSESS,
    FLURRY,
    Lane,
    Requests,
    fetch_key,
    ingest_key,
    later_key,
    part_key,
    refresh_key,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def hosts(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {one.key: one.host for one in pending.waiting(connection)}


def test_whoever_is_waited_for_is_known_of_each_key_however_it_is_asked_for(
    database: Database,
) -> None:
    with database.write() as connection:
        here, forge = (
            registrations.register(connection, type=kind, target=target, origin="command", now=NOW)
            for kind, target in (("file", "/srv/shop"), ("url", "https://git.example.org/acme"))
        )
        url = "git@github.com:acme/shop.git"
        found = [(forge, Repository(url=url, name="shop"))]
        number = repositories.put_repositories(connection, found)[url]
    expected = {
        ingest_key(here): "",
        ingest_key(forge): "git.example.org",
        part_key(forge, 7): "git.example.org",
        refresh_key(number): "github.com",
        ingest_key("gone"): "",
        fetch_key("argo"): "",
        ASSESS: "",
    }
    requests = Requests(database=database, now=lambda: NOW, wake=lambda: None)
    requests.request_all([*expected], Lane.SWEEP)
    assert hosts(database) == expected
    with database.write() as connection:
        for one in pending.waiting(connection):
            pending.done(connection, one.key, one.ticket)
    requests.request_anew([*expected][:4], Lane.EVENT)
    for key in [*expected][4:]:
        requests.request(key, Lane.PERSON)
    assert hosts(database) == expected


def test_what_is_asked_for_seldom_is_done_once_for_a_flurry_and_then_apart(
    database: Database,
) -> None:
    clock = NOW
    requests = Requests(database=database, now=lambda: clock, wake=lambda: None)
    done: list[timedelta] = []
    for second in range(700):
        clock = NOW + timedelta(seconds=second)
        if second < 400:
            requests.request_seldom(["x"])
        with database.read() as connection:
            (waits, *others) = pending.waiting(connection) or [None]
        assert others == []
        if waits is not None and waits.requested_at <= clock:
            assert waits.key == later_key("x")
            done.append(clock - NOW)
            with database.write() as connection:
                pending.done(connection, waits.key, waits.ticket)
    assert done == [FLURRY, FLURRY + APART, FLURRY + 2 * APART]
    # A clock that was ahead, and has been set back, keeps nothing waiting for long.
    clock = NOW - timedelta(days=30)
    requests.request_seldom(["x"])
    with database.read() as connection:
        (waits,) = pending.waiting(connection)
    assert waits.requested_at == clock + FLURRY
