"""What is handed out to be looked at, on both databases: the fewest first, each until it is answered."""

from __future__ import annotations

from sqlalchemy import select

from portal.db import values
from portal.db.engine import Database
from portal.db.tables import unassessed
from portal.db.work import marks, rounds
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import entity


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


def test_a_new_revision_is_looked_at_although_its_repository_is_being_looked_at(
    database: Database,
) -> None:
    """Whoever mended a file asks at once, and is answered from the files as they were."""
    store = new_store(database)
    put(store, reading("a", entity("a")), revision="e/1", has_moved=True)
    with database.read() as connection:
        (before,) = rounds.next_marked(connection, limit=10)
    put(store, revision="e/2", has_moved=True)
    with database.write() as connection:
        rounds.clear_marks(connection, before.seqs)
    with database.read() as connection:
        (after,) = rounds.next_marked(connection, limit=10)
    assert after.seqs.keys() == before.seqs.keys()
    assert (before.revision, after.revision) == ("e/1", "e/2")


def test_what_a_batch_has_marked_is_marked_once(database: Database) -> None:
    put(new_store(database), reading("a", entity("a")), revision="e/1", has_moved=True)
    with database.read() as connection:
        (marked,) = rounds.next_marked(connection, limit=10)
        seq = int(values.get(connection, "catalog_seq") or 0)
    assert set(marked.seqs.values()) == {seq}
