"""Decisions: what people do to entities, whatever files say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from portal.db.catalog.entities import by_ref
from portal.db.engine import Database
from portal.db.ingest import decisions, held, overrides
from portal.db.ingest.catalog_store import Store
from portal.db.tables import changes, files, tombstones
from tests.catalog_batches import new_store, problems_of, put, reading, shown
from tests.catalog_rows import NOW, entity, owned

A = "component:default/a"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def decide(store: Store, what: Any, *args: Any, **more: Any) -> Any:
    with store.database.write() as connection:
        return what(store, connection, *args, now=LATER, actor="ada", **more)


def entity_id(store: Store, ref: str = A) -> int:
    with store.database.read() as connection:
        row = by_ref(connection, ref)
    assert row is not None
    return row.id


def test_a_deleted_entity_comes_back_with_its_uid_when_its_file_is_read_again(
    store: Store,
) -> None:
    put(store, reading("f", entity("a"), entity("b")))
    uid = shown(store.database)[A][0]
    again = decide(store, decisions.delete_entity, entity_id(store))
    assert A not in shown(store.database)
    with store.database.read() as connection:
        assert connection.execute(select(files.c.token)).scalar() == ""
        assert connection.execute(select(tombstones.c.actor)).scalar() == "ada"
    assert len(again) == 1
    put(store, reading("f", entity("a"), entity("b")))
    assert shown(store.database)[A][0] == uid


def test_a_suppressed_entity_stays_away_until_the_suppression_is_lifted(store: Store) -> None:
    put(store, reading("f", owned("a", "g", spec={"owner": "g"}), entity("g", "Group")))
    before = shown(store.database)
    decide(store, decisions.suppress, A, reason="a duplicate")
    assert shown(store.database).keys() == {"group:default/g"}
    assert shown(store.database)["group:default/g"][2] == b"[]"
    assert problems_of(store.database) == [("f", "ENTITY_SUPPRESSED", A, "info")]
    put(store, reading("f", owned("a", "g", spec={"owner": "g"}), entity("g", "Group")))
    assert A not in shown(store.database)
    assert decide(store, decisions.lift, A)
    assert shown(store.database) == before
    assert problems_of(store.database) == []
    assert not decide(store, decisions.lift, A)


def test_an_entity_can_be_suppressed_before_it_is_there(store: Store) -> None:
    decide(store, decisions.suppress, A, reason="never")
    put(store, reading("f", entity("a")))
    assert shown(store.database) == {}
    with store.database.read() as connection:
        (found,) = overrides.list_suppressions(connection)
    assert (found.ref, found.reason, found.actor, found.at) == (A, "never", "ada", LATER)


def test_while_one_file_of_two_is_suppressed_neither_takes_over(store: Store) -> None:
    put(store, reading("f", entity("a")), reading("g", entity("a", spec={"x": "1"})))
    decide(store, decisions.suppress, A, reason="contested")
    assert shown(store.database) == {}
    decide(store, decisions.lift, A)
    assert shown(store.database)[A][3] == "f"


def test_a_removed_entity_is_restored_as_an_orphan_and_then_declared_again(store: Store) -> None:
    put(store, reading("f", owned("a", "g", spec={"owner": "g"}), entity("g", "Group")))
    uid = shown(store.database)[A][0]
    put(store, reading("f", entity("g", "Group")))
    assert decide(store, decisions.restore, A)
    with store.database.read() as connection:
        row = by_ref(connection, A)
        group = by_ref(connection, "group:default/g")
    assert row is not None
    assert row.uid == uid
    assert A not in shown(store.database), "no file declares it"
    assert orjson.loads(row.body)["metadata"]["annotations"] == {"backstage.io/orphan": "true"}
    assert group is not None
    assert b"ownedBy" in row.relations
    assert b"ownerOf" in group.relations
    assert not decide(store, decisions.restore, A), "there is no tombstone any more"
    put(store, reading("f", owned("a", "g", spec={"owner": "g"}), entity("g", "Group")))
    uid_after, body, *_ = shown(store.database)[A]
    assert uid_after == uid
    assert b"orphan" not in body


@pytest.mark.parametrize("what", [decisions.restore, decisions.lift])
def test_of_what_no_database_can_hold_nothing_is_kept(store: Store, what: Any) -> None:
    assert not decide(store, what, "component:default/a\0b")


def test_with_keep_what_a_file_no_longer_declares_stays_as_an_orphan(store: Store) -> None:
    keeping = replace(store, keep_orphans=True)
    put(keeping, reading("f", entity("a"), entity("b")))
    put(keeping, reading("f", entity("b")))
    with store.database.read() as connection:
        row = by_ref(connection, A)
    assert row is not None
    assert b'"backstage.io/orphan":"true"' in row.body
    assert decide(keeping, decisions.delete_entity, row.id) == []
    put(keeping, reading("f", entity("b")))
    with store.database.read() as connection:
        assert by_ref(connection, A) is None


def test_held_removals_go_once_they_are_approved(store: Store) -> None:
    many = [entity(f"e{n}") for n in range(5)]
    put(store, reading("f", *many))
    put(store, reading("f", many[0]), most_removals=2)
    assert len(shown(store.database)) == 5
    with store.database.read() as connection:
        (waiting,) = held.list_held(connection)
        assert connection.execute(select(files.c.token)).scalar() == "", "it is read again"
    assert waiting.refs == tuple(f"component:default/e{n}" for n in range(1, 5))
    assert decide(store, decisions.approve, waiting.id) == [1]
    put(store, reading("f", many[0]), most_removals=2)
    assert shown(store.database).keys() == {"component:default/e0"}
    with store.database.read() as connection:
        assert held.list_held(connection) == ()
    assert decide(store, decisions.approve, waiting.id) is None


def test_what_was_approved_does_not_open_the_door_for_more(store: Store) -> None:
    many = [entity(f"e{n}") for n in range(8)]
    put(store, reading("f", *many))
    put(store, reading("f", *many[4:]), most_removals=2)
    with store.database.read() as connection:
        (waiting,) = held.list_held(connection)
    decide(store, decisions.approve, waiting.id)
    put(store, reading("f"), most_removals=2)
    assert len(shown(store.database)) == 4, "the four others are too many again"


def test_a_run_that_holds_nothing_back_settles_what_an_earlier_one_held(store: Store) -> None:
    many = [entity(f"e{n}") for n in range(5)]
    put(store, reading("f", *many))
    put(store, reading("f"), most_removals=2)
    put(store, reading("f", *many), most_removals=2)
    put(store, revision="r2", holds_nothing=True, parents={}, elsewhere={})
    with store.database.read() as connection:
        assert held.list_held(connection) == ()


def test_old_tombstones_are_purged(store: Store) -> None:
    put(store, reading("f", entity("a")))
    put(store, reading("f"))
    with store.database.write() as connection:
        assert decisions.purge(connection, before=NOW, limit=10) == 0
        assert decisions.purge(connection, before=LATER, limit=10) == 1
        assert connection.execute(select(func.count()).select_from(tombstones)).scalar() == 0


def test_every_decision_is_in_the_change_feed_with_who_made_it(store: Store) -> None:
    put(store, reading("f", entity("a")))
    decide(store, decisions.suppress, A, reason="x")
    decide(store, decisions.lift, A)
    with store.database.read() as connection:
        rows = connection.execute(select(changes).order_by(changes.c.seq)).all()
    parts = [
        (r.actor, *(len(orjson.loads(p)) for p in (r.added, r.changed, r.removed))) for r in rows
    ]
    assert parts == [("", 1, 0, 0), ("ada", 0, 0, 1), ("ada", 1, 0, 0)]
