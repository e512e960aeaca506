"""What marks ask, on both databases: a wider mark holds."""

from __future__ import annotations

from sqlalchemy import select

from portal.db.engine import Database
from portal.db.tables import unassessed
from portal.db.work import marks, rounds


def scopes(database: Database) -> dict[int, str]:
    with database.read() as connection:
        rows = connection.execute(select(unassessed.c.entity_id, unassessed.c.scope))
        return {row.entity_id: row.scope for row in rows}


def looked_at(database: Database) -> set[int]:
    with database.read() as connection:
        groups = rounds.next_marked(connection, limit=10)
    return {entity for group in groups for entity in group.seqs}


def test_what_is_stored_is_asked_by_the_scorecards_that_are_named(
    database: Database, unmarked: list[int]
) -> None:
    with database.write() as connection:
        marks.mark(connection, unmarked[:2], ["two", "one"])
        marks.mark(connection, unmarked[1:2], ["one", "two"])
    with database.read() as connection:
        due = rounds.next_due(connection, limit=10)
    assert due is not None
    assert due.cards == {"one", "two"}
    assert due.seqs == {unmarked[0]: 0, unmarked[1]: marks.AGAIN}
    assert looked_at(database) == set()


def test_marks_for_different_scorecards_are_one_for_all(
    database: Database, unmarked: list[int]
) -> None:
    with database.write() as connection:
        marks.mark(connection, unmarked[:1], ["one"])
        marks.mark(connection, unmarked[:1], ["two"])
    assert scopes(database) == {unmarked[0]: marks.ALL_CARDS}
    with database.read() as connection:
        due = rounds.next_due(connection, limit=10)
    assert due is not None
    assert due.cards is None


def test_what_is_to_be_collected_stays_to_be_collected(
    database: Database, unmarked: list[int]
) -> None:
    with database.write() as connection:
        marks.mark(connection, unmarked[:1])
        marks.mark(connection, unmarked[1:2], ["one"])
        marks.mark(connection, unmarked[:2], ["two"])
        marks.mark_all(connection, ["one"])
    assert looked_at(database) == {unmarked[0]}
    with database.write() as connection:
        marks.mark(connection, unmarked[1:3])
    assert looked_at(database) == set(unmarked[:3])
    assert scopes(database)[unmarked[3]] == '["one"]'


def test_marking_all_collects_of_all(database: Database, unmarked: list[int]) -> None:
    with database.write() as connection:
        marks.mark(connection, unmarked[:1], ["one"])
        assert marks.mark_all(connection) == 4
    assert looked_at(database) == set(unmarked)
