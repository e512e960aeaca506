"""Pushes meet what is stored: new ones are kept, retries change nothing, late ones come too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from portal.db.catalog.entities import by_ref
from portal.db.collection.fact_history import between
from portal.db.collection.facts import for_entity
from portal.db.collection.pushed import known, push
from portal.db.engine import Database
from portal.db.tables import unassessed
from portal.db.work import marks, rounds
from scorecards.collection.pushed import Verdict
from scorecards.facts import FactRecord, Known
from tests.catalog_rows import NOW, entity, save

A = "component:default/a"
HOUR = timedelta(hours=1)
RECORD = FactRecord(
    ref=A,
    collector="coverage",
    version="1",
    url="https://ci.example.com/1",
    revision="r1",
    observed_at=NOW,
    valid_until=NOW + 24 * HOUR,
    facts={"coverage.line_pct": Known(value=80.0)},
)
NEXT = replace(
    RECORD,
    url="https://ci.example.com/2",
    revision="r2",
    observed_at=NOW + HOUR,
    valid_until=NOW + 25 * HOUR,
    facts={"coverage.line_pct": Known(value=90.0)},
)

READERS = {"coverage.line_pct": frozenset({"quality"})}


@pytest.fixture
def rows(database: Database) -> Database:
    save(database, entity("a"), entity("b"))
    unmark(database)
    return database


def unmark(database: Database) -> None:
    with database.write() as connection:
        connection.execute(delete(unassessed))


def sent(database: Database, *records: FactRecord) -> Verdict:
    """What became of records of one entity and namespace."""
    with database.write() as connection:
        [verdict] = push(connection, records, READERS).values()
    return verdict


def stored(database: Database) -> FactRecord:
    with database.read() as connection:
        row = by_ref(connection, A)
        assert row
        [record] = for_entity(connection, row.id)
    return record


def waiting(database: Database) -> int:
    with database.read() as connection:
        return marks.count_marks(connection)


def test_a_push_is_stored_and_its_entity_is_marked(rows: Database) -> None:
    assert sent(rows, RECORD) is Verdict.STORED
    assert stored(rows) == RECORD
    assert waiting(rows) == 1


def test_a_retry_changes_nothing_whenever_it_comes(rows: Database) -> None:
    sent(rows, RECORD)
    unmark(rows)
    late = replace(RECORD, observed_at=NOW + HOUR, valid_until=NOW + 25 * HOUR)
    assert sent(rows, RECORD) is Verdict.UNCHANGED
    assert sent(rows, late) is Verdict.UNCHANGED
    assert stored(rows) == RECORD
    assert waiting(rows) == 0


def test_a_run_that_names_no_url_is_believed_anew(rows: Database) -> None:
    first = replace(RECORD, url="")
    again = replace(first, observed_at=NOW + HOUR, valid_until=NOW + 25 * HOUR)
    sent(rows, first)
    assert sent(rows, first) is Verdict.UNCHANGED
    assert sent(rows, again) is Verdict.STORED
    assert stored(rows).observed_at == again.observed_at


def test_the_next_run_replaces_what_the_one_before_said(rows: Database) -> None:
    sent(rows, RECORD)
    assert sent(rows, NEXT) is Verdict.STORED
    assert stored(rows) == NEXT
    with rows.read() as connection:
        row = by_ref(connection, A)
        assert row
        past = between(connection, [NEXT], row.id, start=NOW, end=NOW + 2 * HOUR)
    assert past == {"coverage": (RECORD, NEXT)}


@pytest.mark.parametrize("when", [NOW, NOW + 2 * HOUR])
def test_a_late_retry_does_not_undo_a_newer_run(rows: Database, when: object) -> None:
    sent(rows, RECORD)
    sent(rows, NEXT)
    assert sent(rows, replace(RECORD, observed_at=when)) is Verdict.SUPERSEDED
    assert stored(rows) == NEXT


def test_parts_of_a_run_add_up_whether_they_come_together_or_apart(rows: Database) -> None:
    part = replace(RECORD, facts={"coverage.branches": Known(value=3)})
    sent(rows, RECORD)
    assert sent(rows, part) is Verdict.STORED
    assert stored(rows).facts == {**RECORD.facts, **part.facts}
    assert sent(rows, RECORD, part) is Verdict.UNCHANGED


def test_of_several_runs_in_one_batch_the_newest_stays(rows: Database) -> None:
    assert sent(rows, NEXT, RECORD) is Verdict.STORED
    assert stored(rows) == NEXT


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.integers(0, 2), min_size=1, max_size=5),
    retries=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=5),
)
def test_retries_change_nothing_whenever_they_come(
    database: Database, values: list[int], retries: list[tuple[int, int, bool]]
) -> None:
    """A retry says when it was observed, or is taken for one of now."""
    runs = [
        replace(
            RECORD,
            url=f"https://ci.example.com/{n}",
            revision=f"r{n}",
            observed_at=NOW + n * HOUR,
            facts={"coverage.line_pct": Known(value=float(value))},
        )
        for n, value in enumerate(values)
    ]
    save(database)
    save(database, entity("a"))
    for number, record in enumerate(runs):
        sent(database, record)
        for run, after, is_dated in retries:
            if after == number and run <= number:
                when = runs[run].observed_at if is_dated else record.observed_at + HOUR / 2
                again = replace(runs[run], observed_at=when)
                assert sent(database, again) in (Verdict.UNCHANGED, Verdict.SUPERSEDED)
        assert stored(database) == record


def test_unknown_entities_are_told(rows: Database) -> None:
    with rows.read() as connection:
        assert known(connection, [A, "component:default/none", A]) == {A}


def test_a_mark_that_is_being_answered_is_made_anew(rows: Database) -> None:
    """What is pushed while its entity is being looked at is looked at again."""
    sent(rows, RECORD)
    with rows.read() as connection:
        answered = rounds.next_due(connection, limit=10)
    assert answered is not None
    assert answered.cards == {"quality"}
    sent(rows, NEXT)
    with rows.write() as connection:
        assert rounds.unchanged(connection, answered.seqs) == set()
        rounds.clear_marks(connection, answered.seqs)
    assert waiting(rows) == 1
    with rows.write() as connection:
        again = rounds.next_due(connection, limit=10)
        assert again is not None
        rounds.clear_marks(connection, again.seqs)
    assert waiting(rows) == 0


def test_a_push_that_no_scorecard_looks_at_marks_nothing(rows: Database) -> None:
    assert sent(rows, replace(RECORD, facts={"coverage.tools": Known(value=("go",))})) is (
        Verdict.STORED
    )
    assert waiting(rows) == 0
    assert sent(rows, replace(NEXT, facts={"coverage.line_pct": Known(value=1.0)})) is (
        Verdict.STORED
    )
    assert waiting(rows) == 1


def test_entities_of_which_facts_go_stale_are_marked_once(rows: Database) -> None:
    sent(rows, RECORD)
    unmark(rows)
    for hours, marked in [(23, 0), (24, 0), (25, 1), (26, 0)]:
        with rows.write() as connection:
            assert marks.mark_stale(connection, NOW + hours * HOUR) == marked
    assert waiting(rows) == 1
