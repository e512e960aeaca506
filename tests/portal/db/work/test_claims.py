"""Claims on pending keys: one worker for each, until its lease has run out."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError, OperationalError

from portal.db import engine, values
from portal.db.engine import Database, on_condition
from portal.db.failures import is_unavailable
from portal.db.patience import ANSWERING, patience
from portal.db.tables import pending as table
from portal.db.work import claims, pending
from portal.db.work.claims import Claim, LeftOut, Superseded
from tests.conftest import new_postgres_database

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def promise(database: Database, *keys: str, lane: int = 2) -> list[str]:
    """The tickets of these keys."""
    with database.write() as connection:
        return [pending.put(connection, key, lane=lane, now=NOW) for key in keys]


def take(database: Database, worker: str, *keys: str, limit: int | None = None) -> list[Claim]:
    with database.write() as connection:
        return claims.take(connection, keys, worker, limit=limit)


def settle(database: Database, claim: Claim) -> None:
    with database.write() as connection:
        claims.settle(connection, [claim])


def free(database: Database) -> list[str]:
    with database.read() as connection:
        return [one.key for one in claims.free(connection, limit=100)]


def run_out(database: Database, claim: Claim) -> None:
    """As if its worker had not renewed it for longer than a lease."""
    with database.write() as connection:
        past = claims.clock(connection) - timedelta(seconds=1)
        this = table.c.claim == claim.id
        assert connection.execute(update(table).where(this).values(leased_until=past)).rowcount


def test_what_one_worker_has_claimed_no_other_can(database: Database) -> None:
    promise(database, "a", "b")
    (first,) = take(database, "one", "a")
    assert [claim.key for claim in take(database, "two", "a", "b", "c")] == ["b"]
    assert (first.key, first.former) == ("a", "")
    assert free(database) == []


def test_what_gets_no_more_places_is_left_out(database: Database) -> None:
    with database.write() as connection:
        for lane, host in ((1, "dead"), (2, "dead"), (2, "well"), (2, "")):
            pending.put(connection, f"read:{lane} {host}", lane=lane, now=NOW, host=host)
        pending.put(connection, "fetch:well", lane=2, now=NOW, host="well")

    def free(*but: LeftOut) -> list[str]:
        with database.read() as connection:
            return sorted(one.key for one in claims.free(connection, limit=9, but=but))

    everything = ["fetch:well", "read:1 dead", "read:2 ", "read:2 dead", "read:2 well"]
    dead = {"read:2 dead"}
    assert free() == everything
    assert free(LeftOut(lane=2, host="dead")) == sorted({*everything} - dead)
    assert free(LeftOut(lane=2, host="dead"), LeftOut(lane=2, host="well", kind="read")) == sorted(
        {*everything} - dead - {"read:2 well"}
    )
    assert free(LeftOut(lane=1, host="dead"), LeftOut(lane=2)) == []


def test_the_most_urgent_is_claimed_first(database: Database) -> None:
    promise(database, "sweep")
    promise(database, "person", lane=0)
    assert free(database) == ["person", "sweep"]
    assert [claim.key for claim in take(database, "w", "sweep", "person", limit=1)] == ["person"]


def test_what_is_promised_for_later_is_free_when_its_time_has_come(database: Database) -> None:
    def put_later(key: str, at: datetime) -> bool:
        with database.write() as connection:
            return pending.put_later(connection, f"{pending.LATER}{key}", lane=1, at=at)

    with database.read() as connection:
        now = claims.clock(connection)
    soon, past = now + timedelta(hours=1), now - timedelta(seconds=1)
    assert put_later("soon", soon)
    assert put_later("past", past)
    assert free(database) == ["later:past"]
    assert take(database, "one", "later:soon") == []
    # Who asks again changes nothing, until somebody works on it.
    assert not put_later("past", soon)
    (claim,) = take(database, "one", "later:past")
    assert put_later("past", soon)
    settle(database, claim)
    assert free(database) == []
    with database.read() as connection:
        found = {one.key: one.requested_at for one in pending.waiting(connection)}
    assert found == {"later:soon": soon, "later:past": soon}


def test_a_settled_promise_is_gone(database: Database) -> None:
    (ticket,) = promise(database, "a")
    settle(database, *take(database, "one", "a"))
    with database.read() as connection:
        assert not pending.is_waiting(connection, ticket)
        assert pending.still(connection, ["a"]) == []


def test_what_was_asked_for_anew_meanwhile_is_free_when_the_claim_is_settled(
    database: Database,
) -> None:
    promise(database, "a")
    (claim,) = take(database, "one", "a")
    (again,) = promise(database, "a")
    assert free(database) == []
    settle(database, claim)
    assert free(database) == ["a"]
    with database.read() as connection:
        assert pending.is_waiting(connection, again)


def test_a_claim_that_ran_out_is_taken_over_and_named(database: Database) -> None:
    promise(database, "a")
    (lost,) = take(database, "one", "a")
    run_out(database, lost)
    assert free(database) == ["a"]
    (claim,) = take(database, "two", "a")
    assert claim.former == lost.id
    assert claim.id != lost.id


def test_a_renewed_claim_holds(database: Database) -> None:
    promise(database, "a")
    (claim,) = take(database, "one", "a")
    run_out(database, claim)
    with database.write() as connection:
        claims.renew(connection, [claim.id])
    assert take(database, "two", "a") == []


@pytest.mark.parametrize("act", [settle, lambda database, claim: release(database, claim)])
def test_who_comes_back_late_lets_the_other_go_on(
    database: Database, act: Callable[[Database, Claim], None]
) -> None:
    (ticket,) = promise(database, "a")
    (late,) = take(database, "one", "a")
    run_out(database, late)
    take(database, "two", "a")
    act(database, late)
    assert free(database) == []
    with database.read() as connection:
        assert pending.is_waiting(connection, ticket)


def release(database: Database, claim: Claim) -> None:
    with database.write() as connection:
        claims.release(connection, [claim])


def test_a_released_claim_is_free_at_once(database: Database) -> None:
    promise(database, "a")
    (claim,) = take(database, "one", "a")
    release(database, claim)
    assert [one.key for one in take(database, "two", "a")] == ["a"]


def test_who_comes_back_late_writes_nothing(database: Database) -> None:
    promise(database, "a")
    (late,) = take(database, "one", "a")
    with on_condition(claims.holding(late)), database.write() as connection:
        values.put(connection, "written", "in time")
    run_out(database, late)
    take(database, "two", "a")
    with (
        pytest.raises(Superseded),
        on_condition(claims.holding(late)),
        database.write() as connection,
    ):
        values.put(connection, "written", "late")
    with database.write() as connection:
        assert values.get(connection, "written") == "in time"
        values.put(connection, "written", "by somebody else")


def test_a_worker_finds_what_it_had_claimed(database: Database) -> None:
    promise(database, "a", "b", "c")
    mine = take(database, "one", "a", "b")
    take(database, "two", "c")
    with database.read() as connection:
        assert sorted(claims.held(connection, "one"), key=lambda one: one.key) == mine


def test_a_queue_is_what_nobody_works_on_and_since_when_it_waits(database: Database) -> None:
    with database.write() as connection:
        for minutes, key in enumerate(("a", "b", "c")):
            now = NOW + timedelta(minutes=minutes)
            pending.put(connection, key, lane=1, now=now)
    promise(database, "urgent", lane=0)
    take(database, "one", "a", "urgent")
    with database.read() as connection:
        found = pending.tallies(connection)
        by = {one.key: one.worker for one in pending.waiting(connection)}
    assert found == (
        pending.Tally(lane=0, waiting=0, working=1, oldest=None),
        pending.Tally(lane=1, waiting=2, working=1, oldest=NOW + timedelta(minutes=1)),
    )
    assert by == {"urgent": "one", "a": "one", "b": "", "c": ""}


def test_a_turn_is_taken_once_by_all_workers(database: Database) -> None:
    every = timedelta(minutes=5)
    turns = []
    for minutes in (0, 0, 4, 5, 6, -60, -58):
        with database.write() as connection:
            now = NOW + timedelta(minutes=minutes)
            turns.append(values.take_turn(connection, "t", every=every, now=now))
    # A clock that was set back by an hour does not stop the turns for an hour.
    assert turns == [True, False, False, True, False, True, False]


def test_a_writer_that_stops_in_the_middle_lets_the_others_write_after_a_while(
    postgres: str, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", "1s")
    monkeypatch.setattr(engine, "TURN", "200ms")
    url = new_postgres_database(postgres, migrated_postgres)
    stopped, other = engine.open_database(url), engine.open_database(url)
    begun, woken = threading.Event(), threading.Event()
    failed: list[Exception] = []

    def stop_in_the_middle() -> None:
        try:
            with stopped.write() as connection:
                values.put(connection, "written", "by who was stopped")
                begun.set()
                woken.wait(30)
        except DBAPIError as error:
            failed.append(error)

    thread = threading.Thread(target=stop_in_the_middle)
    thread.start()
    assert begun.wait(10)
    with other.write() as connection:
        assert values.get(connection, "written") is None
        values.put(connection, "written", "by the other")
    woken.set()
    thread.join(10)
    assert len(failed) == 1
    with other.read() as connection:
        assert values.get(connection, "written") == "by the other"
    stopped.close()
    other.close()


def test_who_answers_a_request_waits_once_for_a_writer_that_hangs_and_the_rest_goes_on(
    postgres: str, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "TURN", "200ms")
    url = new_postgres_database(postgres, migrated_postgres)
    hanging, other = engine.open_database(url), engine.open_database(url)
    mine = patience.set(ANSWERING)
    try:
        with hanging.write() as connection:
            values.put(connection, "written", "by who hangs")
            with pytest.raises(OperationalError) as failure, other.write():
                pytest.fail("two write at a time")
            assert is_unavailable(failure.value)
            assert not other.watch.is_silent
            with other.read() as reading:
                assert values.get(reading, "written") is None
        with other.write() as connection:
            assert values.get(connection, "written") == "by who hangs"
    finally:
        patience.reset(mine)
    hanging.close()
    other.close()
