"""Holding a claim: what becomes of a promise when the work on it fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from portal import logs
from portal.db.engine import Database, open_database
from portal.db.ingest import registrations
from portal.db.tables import pending
from portal.db.work import pending as promises
from portal.db.work.claims import Claim
from portal.worker.holding import Holding
from portal.worker.requests import Lane, ingest_key
from portal.worker.room import TOGETHER
from tests.catalog_rows import NOW
from tests.portal.processes import free_port

KEY = "assess"


def claimed(database: Database, worker: str = "one") -> tuple[Holding, Claim]:
    with database.write() as connection:
        promises.put(connection, KEY, lane=Lane.EVENT, now=NOW)
    holding = Holding(database=database, worker=worker)
    [claim] = holding.claim_more()
    return holding, claim


def pass_time(database: Database) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    with database.write() as connection:
        connection.execute(update(pending).values(leased_until=past))


def fail_for_good() -> list[str]:
    raise ValueError("This will always be wrong.")


def ask_a_database_that_is_away() -> list[str]:
    with open_database(f"postgresql://x@127.0.0.1:{free_port()}/x").read():
        return []


def test_work_that_fails_is_not_done_over_and_over(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    holding, claim = claimed(database)
    holding.keep(claim, fail_for_good)
    assert "This will always be wrong." in caplog.text
    assert holding.not_kept([KEY]) == []


def test_work_that_found_no_database_is_done_when_the_claim_has_run_out(database: Database) -> None:
    holding, claim = claimed(database)
    holding.keep(claim, ask_a_database_that_is_away)
    assert holding.not_kept([KEY]) == [KEY]
    assert holding.claim_more() == []
    pass_time(database)
    holding.renew()  # what was given up is not held on to
    [again] = holding.claim_more()
    assert again.former == claim.id
    done: list[str] = []
    holding.keep(again, lambda: done.append("done"))
    assert (done, holding.not_kept([KEY])) == (["done"], [])


def test_a_clock_that_is_set_forward_takes_nothing_from_who_works_on_it(database: Database) -> None:
    holding, claim = claimed(database)
    pass_time(database)
    assert holding.claim_more() == []
    assert holding.claim([KEY]) == []
    holding.renew()
    done: list[str] = []
    holding.keep(claim, lambda: done.append("done"))
    assert (done, holding.not_kept([KEY])) == (["done"], [])


def test_a_database_that_is_away_is_one_line_of_the_log_with_the_work_that_waits(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    works: list[str] = []
    caplog.handler.addFilter(lambda _: works.append(logs.job.get()) or True)
    holding, claim = claimed(database)
    holding.keep(claim, ask_a_database_that_is_away)
    [record] = caplog.records
    assert (record.levelname, record.exc_info, works) == ("WARNING", None, [KEY])
    assert record.message.startswith(f"{KEY}: failed: the database does not answer: ")
    assert logs.job.get() == ""


def test_of_work_that_another_has_taken_over_nothing_is_written(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    holding, claim = claimed(database)
    pass_time(database)
    [taken] = Holding(database=database, worker="two").claim_more()

    def write() -> None:
        with database.write() as connection:
            promises.put(connection, "late", lane=Lane.EVENT, now=NOW)

    holding.keep(claim, write)
    assert holding.not_kept([KEY, "late"]) == [KEY]
    assert "no longer held" in caplog.text
    assert taken.former == claim.id


def some(database: Database, *names: str, worker: str = "one") -> tuple[Holding, list[Claim]]:
    """Claims on locations that are files, all of which share a place."""
    with database.write() as connection:
        ids = [
            registrations.register(
                connection, type="file", target=f"/srv/{name}.yaml", origin="command", now=NOW
            )
            for name in names
        ]
        keys = dict.fromkeys(map(ingest_key, ids), "")
        promises.put_all(connection, keys, lane=Lane.EVENT, now=NOW)
    holding = Holding(database=database, worker=worker)
    claimed = holding.claim_more()
    assert {claim.key for claim in claimed} == keys.keys()
    assert len({claim.batch for claim in claimed}) == 1
    return holding, claimed


def test_what_is_claimed_together_is_kept_together(database: Database) -> None:
    holding, claimed = some(database, "a", "b", "c")
    keys = [claim.key for claim in claimed]
    assert holding.keep_together(claimed, lambda: [keys[1]]) == [claimed[1]]
    assert holding.not_kept(keys) == [keys[1]]
    holding.keep(claimed[1], lambda: None)
    assert holding.not_kept(keys) == []


def test_what_shares_a_place_leaves_room_for_other_work(database: Database) -> None:
    holding, _ = some(database, *map(str, range(TOGETHER)))
    with database.write() as connection:
        promises.put(connection, KEY, lane=Lane.SWEEP, now=NOW)
    assert [claim.key for claim in holding.claim_more()] == [KEY]


def test_where_work_fails_together_each_is_done_by_itself(database: Database) -> None:
    holding, claimed = some(database, "a", "b")
    assert holding.keep_together(claimed, fail_for_good) == claimed
    assert holding.not_kept([claim.key for claim in claimed]) != []


def test_where_one_is_another_workers_the_others_are_done_by_themselves(database: Database) -> None:
    holding, claimed = some(database, "a", "b")
    pass_time(database)
    [taken] = Holding(database=database, worker="two").claim([claimed[0].key])
    assert taken.former == claimed[0].id

    def write() -> list[str]:
        with database.write() as connection:
            promises.put(connection, "late", lane=Lane.EVENT, now=NOW)
        return []

    assert holding.keep_together(claimed, write) == claimed
    assert holding.not_kept(["late"]) == []
    for claim in claimed:
        holding.keep(claim, lambda: database.write().__enter__())
    assert holding.not_kept([claim.key for claim in claimed]) == [taken.key]


def test_together_too_what_found_no_database_is_claimed_again(database: Database) -> None:
    holding, claimed = some(database, "a", "b")
    assert holding.keep_together(claimed, ask_a_database_that_is_away) == []
    assert holding.claim_more() == []
    pass_time(database)
    assert {one.former for one in holding.claim_more()} == {one.id for one in claimed}


def test_what_was_settled_before_a_crash_is_passed_over_without_a_word(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    holding, claim = claimed(database)
    holding.settle(claim)
    holding.keep(claim, lambda: database.write().__enter__())
    assert caplog.text == ""
