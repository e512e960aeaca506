"""The past: what is kept of versions, relations and names that ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.db.changes.past import present_ref
from portal.db.engine import Database, utc
from portal.db.ingest.catalog_store import Store
from portal.db.tables import aliases, changes, edges, past_edges, refs, tombstones, versions
from tests.catalog_batches import new_store, put, reading, shown
from tests.catalog_rows import NOW, entity, owned

A = "component:default/a"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def test_a_first_reading_makes_no_history_but_its_row_in_the_feed(store: Store) -> None:
    put(store, reading("f", owned("a", "g"), entity("g", "Group")), commit="c1")
    with store.database.read() as connection:
        assert connection.execute(select(versions)).all() == []
        assert connection.execute(select(past_edges)).all() == []
        (row,) = connection.execute(select(changes)).all()
    assert (row.seq, row.source, row.revision) == (1, "file:///srv/shop", "c1")


def test_a_change_keeps_the_version_that_ended(store: Store) -> None:
    put(store, reading("f", entity("a", spec={"type": "old"})), commit="c1")
    put(store, reading("f", entity("a", spec={"type": "new"})), commit="c2", now=LATER)
    with store.database.read() as connection:
        (row,) = connection.execute(select(versions)).all()
    assert b'"old"' in row.body
    assert (row.from_seq, row.to_seq, row.revision, row.ended) == (1, 2, "c1", "changed")
    assert (utc(row.from_at), utc(row.to_at)) == (NOW, LATER)
    assert (row.url, row.document) == ("file:/srv/shop/f", 0)


def test_a_removal_keeps_the_version_with_the_reason(store: Store) -> None:
    put(store, reading("f", entity("a")))
    put(store, reading("f"), now=LATER)
    with store.database.read() as connection:
        (row,) = connection.execute(select(versions)).all()
    assert row.ended == "removed"
    assert row.reason == "The file file:/srv/shop/f no longer declares it."


def test_an_unchanged_file_adds_nothing(store: Store) -> None:
    put(store, reading("f", entity("a")))
    put(store, reading("f", entity("a")), now=LATER)
    with store.database.read() as connection:
        assert len(connection.execute(select(changes)).all()) == 1
        assert connection.execute(select(versions)).all() == []


def test_edges_that_end_are_kept_with_when_they_came(store: Store) -> None:
    put(store, reading("f", owned("a", "g")))
    put(store, reading("f", owned("a", "h")))
    with store.database.read() as connection:
        past = connection.execute(select(past_edges)).all()
        now = connection.execute(select(edges)).all()
    assert {(row.from_seq, row.to_seq) for row in past} == {(1, 2)}
    assert len(past) == 2
    assert {row.seq for row in now} == {2}


def test_a_renamed_entity_keeps_its_uid_and_leaves_an_alias(store: Store) -> None:
    put(store, reading("f", owned("a", "g"), owned("other", "g", spec={"type": "x"})))
    uid = shown(store.database)[A][0]
    put(store, reading("f", owned("b", "g"), owned("other", "g", spec={"type": "x"})), now=LATER)
    assert shown(store.database)["component:default/b"][0] == uid
    with store.database.read() as connection:
        names = {row.id: row.ref for row in connection.execute(select(refs))}
        pairs = [(names[r.id], names[r.entity_id]) for r in connection.execute(select(aliases))]
        assert connection.execute(select(tombstones)).all() == []
        assert present_ref(connection, A) == "component:default/b"
        assert present_ref(connection, "component:default/b") is None
    assert pairs == [(A, "component:default/b")]


def test_a_chain_of_renames_leads_to_the_last_name(store: Store) -> None:
    for name in ("a", "b", "c"):
        put(store, reading("f", entity(name, spec={"type": "x"})))
    with store.database.read() as connection:
        names = {row.id: row.ref for row in connection.execute(select(refs))}
        pairs = {names[r.id]: names[r.entity_id] for r in connection.execute(select(aliases))}
    assert pairs == {A: "component:default/c", "component:default/b": "component:default/c"}


def test_a_name_that_is_used_again_is_no_alias_any_more(store: Store) -> None:
    put(store, reading("f", entity("a", spec={"type": "x"})))
    put(store, reading("f", entity("b", spec={"type": "x"})))
    put(store, reading("g", entity("a")))
    with store.database.read() as connection:
        assert connection.execute(select(aliases)).all() == []


def test_two_that_could_each_be_the_renamed_one_are_new(store: Store) -> None:
    put(store, reading("f", entity("a", spec={"type": "x"})))
    put(store, reading("f", entity("b", spec={"type": "x"}), entity("c", spec={"type": "x"})))
    with store.database.read() as connection:
        # The first document took the place of the one that went; the other is new.
        names = {row.id: row.ref for row in connection.execute(select(refs))}
        pairs = {names[r.id]: names[r.entity_id] for r in connection.execute(select(aliases))}
    assert pairs == {A: "component:default/b"}
