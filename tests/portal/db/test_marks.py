"""What marks ask, on both databases: a wider mark holds, and the fewest come first."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from portal.db import marks, values
from portal.db.engine import Database
from portal.db.tables import unassessed
from tests.catalog_rows import entity, save


@pytest.fixture
def ids(database: Database) -> list[int]:
    """Entities of which none is marked."""
    save(database, *(entity(name) for name in "abcd"))
    with database.write() as connection:
        found = sorted(connection.execute(select(unassessed.c.entity_id)).scalars())
        connection.execute(delete(unassessed))
    return found


def scopes(database: Database) -> dict[int, str]:
    with database.read() as connection:
        rows = connection.execute(select(unassessed.c.entity_id, unassessed.c.scope))
        return {row.entity_id: row.scope for row in rows}


def looked_at(database: Database) -> set[int]:
    with database.read() as connection:
        groups = marks.next_marked(connection, limit=10)
    return {entity for group in groups for entity in group.seqs}


def test_what_is_stored_is_asked_by_the_scorecards_that_are_named(
    database: Database, ids: list[int]
) -> None:
    with database.write() as connection:
        marks.mark(connection, ids[:2], ["two", "one"])
        marks.mark(connection, ids[1:2], ["one", "two"])
    with database.read() as connection:
        due = marks.next_due(connection, limit=10)
    assert due is not None
    assert due.cards == {"one", "two"}
    assert due.seqs == {ids[0]: 0, ids[1]: marks.AGAIN}
    assert looked_at(database) == set()


def test_marks_for_different_scorecards_are_one_for_all(database: Database, ids: list[int]) -> None:
    with database.write() as connection:
        marks.mark(connection, ids[:1], ["one"])
        marks.mark(connection, ids[:1], ["two"])
    assert scopes(database) == {ids[0]: marks.ALL_CARDS}
    with database.read() as connection:
        due = marks.next_due(connection, limit=10)
    assert due is not None
    assert due.cards is None


def test_what_is_to_be_collected_stays_to_be_collected(database: Database, ids: list[int]) -> None:
    with database.write() as connection:
        marks.mark(connection, ids[:1])
        marks.mark(connection, ids[1:2], ["one"])
        marks.mark(connection, ids[:2], ["two"])
        marks.mark_all(connection, ["one"])
    assert looked_at(database) == {ids[0]}
    with database.write() as connection:
        marks.mark(connection, ids[1:3])
    assert looked_at(database) == set(ids[:3])
    assert scopes(database)[ids[3]] == '["one"]'


def test_marking_all_collects_of_all(database: Database, ids: list[int]) -> None:
    with database.write() as connection:
        marks.mark(connection, ids[:1], ["one"])
        assert marks.mark_all(connection) == 4
    assert looked_at(database) == set(ids)


def test_the_fewest_that_are_asked_the_same_come_first(database: Database, ids: list[int]) -> None:
    seen = []
    with database.write() as connection:
        assert marks.mark_all(connection, ["changed"]) == 4
        marks.clear_marks(connection, marks_of(database, ids[3:]))
        marks.mark(connection, ids[3:], ["pushed"])
    with database.write() as connection:
        while due := marks.next_due(connection, limit=2):
            seen.append(sorted(due.seqs))
            marks.clear_marks(connection, due.seqs)
    assert seen == [ids[3:], ids[:2], ids[2:3]]


def marks_of(database: Database, ids: list[int]) -> dict[int, int]:
    with database.read() as connection:
        seq = values.get(connection, "catalog_seq")
    return dict.fromkeys(ids, int(seq or 0))


def test_only_a_mark_that_is_the_same_is_answered(database: Database, ids: list[int]) -> None:
    with database.write() as connection:
        marks.mark(connection, ids[:2], ["one"])
        due = marks.next_due(connection, limit=10)
        assert due is not None
        marks.mark(connection, ids[:1], ["one"])
        assert marks.unchanged(connection, due.seqs) == {ids[1]}
        marks.clear_marks(connection, due.seqs)
    assert set(scopes(database)) == {ids[0]}
