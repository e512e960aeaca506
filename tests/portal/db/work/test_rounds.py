"""What is handed out to be looked at, on both databases: the fewest first, each until it is answered."""

from __future__ import annotations

from sqlalchemy import select

from portal.db import values
from portal.db.engine import Database
from portal.db.tables import unassessed
from portal.db.work import marks, rounds


def test_the_fewest_that_are_asked_the_same_come_first(
    database: Database, unmarked: list[int]
) -> None:
    seen = []
    with database.write() as connection:
        assert marks.mark_all(connection, ["changed"]) == 4
        rounds.clear_marks(connection, marks_of(database, unmarked[3:]))
        marks.mark(connection, unmarked[3:], ["pushed"])
    with database.write() as connection:
        while due := rounds.next_due(connection, limit=2):
            seen.append(sorted(due.seqs))
            rounds.clear_marks(connection, due.seqs)
    assert seen == [unmarked[3:], unmarked[:2], unmarked[2:3]]


def marks_of(database: Database, ids: list[int]) -> dict[int, int]:
    with database.read() as connection:
        seq = values.get(connection, "catalog_seq")
    return dict.fromkeys(ids, int(seq or 0))


def test_only_a_mark_that_is_the_same_is_answered(database: Database, unmarked: list[int]) -> None:
    with database.write() as connection:
        marks.mark(connection, unmarked[:2], ["one"])
        due = rounds.next_due(connection, limit=10)
        assert due is not None
        marks.mark(connection, unmarked[:1], ["one"])
        assert rounds.unchanged(connection, due.seqs) == {unmarked[1]}
        rounds.clear_marks(connection, due.seqs)
    with database.read() as connection:
        left = connection.execute(select(unassessed.c.entity_id)).scalars().all()
    assert left == [unmarked[0]]
