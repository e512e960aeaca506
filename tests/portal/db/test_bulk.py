from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from portal.db import bulk
from portal.db.engine import Database, utc
from portal.db.tables import files, locations, meta, postings, refs, repositories, terms

NOW = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)
MANY = 40_000


def test_texts_are_interned_once_and_in_order(database: Database) -> None:
    with database.write() as connection:
        assert bulk.intern(connection, refs, "ref", ["b", "a", "b"]) == {"a": 1, "b": 2}
        assert bulk.intern(connection, refs, "ref", ["c", "a"]) == {"a": 1, "c": 3}
        assert bulk.intern(connection, refs, "ref", []) == {}


def test_text_of_any_kind_is_found_again(database: Database) -> None:
    odd = ["", "'", '"', "\\", "{a,b}", "\t", "é", "e\u0301", "😀", "null", "NULL", "%s", "?", ":a"]
    with database.write() as connection:
        ids = bulk.intern(connection, refs, "ref", odd)
        assert bulk.intern(connection, refs, "ref", odd) == ids
        found = bulk.pick(connection, (refs.c.ref,), refs.c.ref, odd)
    assert sorted(row[0] for row in found) == sorted(odd)


def test_tens_of_thousands_of_values_are_one_parameter(database: Database) -> None:
    with database.write() as connection:
        ids = bulk.intern(connection, refs, "ref", (f"r{n}" for n in range(MANY)))
        assert len(bulk.pick(connection, (refs.c.id,), refs.c.id, list(ids.values()))) == MANY
        few = select(refs.c.ref).where(bulk.among(connection, refs.c.ref, ["r1", "r2", "none"]))
        assert sorted(connection.execute(few).scalars()) == ["r1", "r2"]
        # Not of refs, which many tables would have to be asked about.
        rows = [(1, number) for number in ids.values()]
        bulk.add(connection, postings, ("term_id", "entity_id"), rows)
        bulk.drop(connection, postings.c.entity_id, list(ids.values())[1:])
        assert connection.execute(select(postings.c.entity_id)).scalars().all() == [ids["r0"]]


@pytest.mark.parametrize("n", [1, bulk.TOGETHER - 1, bulk.TOGETHER, 2 * bulk.TOGETHER + 1])
def test_every_row_is_added_however_many_go_with_one_statement(database: Database, n: int) -> None:
    rows = [(number, f"r{number}") for number in range(n)]
    with database.write() as connection:
        bulk.add(connection, refs, ("id", "ref"), rows)
        found = connection.execute(select(refs.c.id, refs.c.ref).order_by(refs.c.id)).all()
    assert list(map(tuple, found)) == rows


def test_columns_are_changed_increased_and_rows_removed_by_key(database: Database) -> None:
    with database.write() as connection:
        rows = [(n, "k", str(n), str(n), True, "api", n) for n in (1, 2, 3)]
        bulk.add(connection, terms, ("id", "key", "original", "value", "known", "kind", "n"), rows)
        bulk.change(connection, terms, "id", ("value", "n"), [(1, "one", 10), (9, "none", 0)])
        bulk.increase(connection, terms, "id", "n", [(2, 5), (3, -1)])
        bulk.remove(connection, terms, ("key", "original"), [("k", "3"), ("x", "1")])
        found = connection.execute(select(terms.c.id, terms.c.value, terms.c.n)).all()
    assert sorted(tuple(row) for row in found) == [(1, "one", 10), (2, "2", 7)]


def test_nothing_to_do_is_done_without_a_statement(database: Database) -> None:
    with database.write() as connection:
        bulk.add(connection, meta, ("key", "value"), [])
        bulk.change(connection, meta, "key", ("value",), [])
        bulk.remove(connection, meta, ("key",), [])
        bulk.drop(connection, refs.c.id, [])
        assert bulk.pick(connection, (refs.c.id,), refs.c.id, []) == []


def test_times_are_stored_as_everywhere_else(database: Database) -> None:
    with database.write() as connection:
        where = {"type": "file", "target": "/srv", "origin": "api"}
        connection.execute(insert(locations).values(id="l", registered_at=NOW, **where))
        connection.execute(insert(repositories).values(id=1, location_id="l", url="u", name="n"))
        columns = ("id", "repository_id", "path", "url", "token", "read_at", "missing_since")
        bulk.add(connection, files, columns, [(1, 1, "a", "u", "t", NOW, None)])
        bulk.change(connection, files, "id", ("missing_since",), [(1, NOW)])
        row = connection.execute(select(files).where(files.c.read_at == NOW)).one()
    assert (utc(row.read_at), utc(row.missing_since)) == (NOW, NOW)
