import pytest

from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.integrity import integrity_fault
from tests.catalog_batches import (
    NOT_ENTITIES,
    dump,
    new_store,
    problems_of,
    put,
    reading,
    shown,
    stored_of,
)
from tests.catalog_rows import entity, owned

A = "component:default/a"
CONFLICT = [("1", "ENTITY_CONFLICT", A, "info"), ("2", "ENTITY_CONFLICT", A, "warning")]


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def served_by(store: Store) -> tuple[str, str]:
    """Uid of the contested entity, and path of its file."""
    uid, _, _, path, _ = shown(store.database)[A]
    return uid, path


def test_the_file_that_came_first_is_served_and_both_are_told(store: Store) -> None:
    put(store, reading("1", owned("a", "g")))
    applied = put(store, reading("2", owned("a", "h")))
    assert (applied.added, applied.changed, applied.conflicts) == (0, 0, 1)
    assert served_by(store) == ("uid-1", "1")
    assert problems_of(store.database) == CONFLICT


def test_within_one_batch_the_lowest_url_is_first(store: Store) -> None:
    applied = put(store, reading("2", entity("a")), reading("1", owned("a", "g")))
    assert (applied.added, applied.conflicts) == (1, 1)
    assert served_by(store)[1] == "1"


def test_the_runner_up_takes_over_at_once_with_the_same_uid(store: Store) -> None:
    web = entity("a", spec={"type": "web"}, relations=[("ownedBy", "group:default/h", "ownerOf")])
    put(store, reading("1", owned("a", "g")), reading("2", entity("b"), web))
    put(store, reading("o", entity("g", "Group"), entity("h", "Group")))
    applied = put(store, reading("1"))
    assert (applied.changed, applied.removed) == (1, 0)
    uid, body, relations, path, document = shown(store.database)[A]
    assert (uid, body, path, document) == ("uid-1", web.body, "2", 1)
    assert relations == b'[{"type":"ownedBy","targetRef":"group:default/h"}]'
    assert shown(store.database)["group:default/g"][2] == b"[]"
    assert len(applied.touched) == 3
    assert problems_of(store.database) == []
    assert integrity_fault(store.database) == ""
    assert not [row for row in dump(store.database)["declarations"] if "None]" not in row]


def test_of_two_runners_up_the_lowest_url_takes_over(store: Store) -> None:
    put(store, reading("2", entity("a")))
    put(store, reading("3", owned("a", "x")), reading("1", owned("a", "y")))
    put(store, reading("2"))
    assert served_by(store) == ("uid-1", "1")
    assert problems_of(store.database) == [
        ("1", "ENTITY_CONFLICT", A, "info"),
        ("3", "ENTITY_CONFLICT", A, "warning"),
    ]


def test_a_takeover_follows_the_removal_of_a_file(store: Store) -> None:
    put(store, reading("1", entity("a")), reading("2", owned("a", "g")))
    applied = put(store, removed=("1",))
    assert (applied.changed, applied.removed) == (1, 0)
    assert served_by(store) == ("uid-1", "2")
    assert problems_of(store.database) == []


def test_a_runner_up_that_stops_ends_the_conflict(store: Store) -> None:
    put(store, reading("1", entity("a")), reading("2", owned("a", "g")))
    before = shown(store.database)
    applied = put(store, reading("2", entity("b")))
    assert (applied.added, applied.changed, applied.removed) == (1, 0, 0)
    assert shown(store.database)[A] == before[A]
    assert problems_of(store.database) == []


def test_a_runner_up_serves_what_it_said_last(store: Store) -> None:
    put(store, reading("1", entity("a")), reading("2", owned("a", "g")))
    last = owned("a", "h", spec={"type": "new"})
    put(store, reading("2", last))
    put(store, reading("2", rejected=[A]))  # its last good version is kept too
    put(store, reading("1"))
    assert shown(store.database)[A][1] == last.body


def test_reading_one_side_again_changes_nothing_on_the_other(store: Store) -> None:
    files = (reading("1", entity("a")), reading("2", owned("a", "g")))
    put(store, *files)
    before = dump(store.database, without=NOT_ENTITIES)
    for file in files:
        put(store, file)
        assert dump(store.database, without=NOT_ENTITIES) == before


def test_a_move_from_file_to_file_in_one_batch_is_a_change(store: Store) -> None:
    put(store, reading("1", entity("a")))
    applied = put(store, reading("1"), reading("2", owned("a", "g")))
    assert (applied.added, applied.changed, applied.removed, applied.conflicts) == (0, 1, 0, 0)
    assert served_by(store) == ("uid-1", "2")


def test_a_renamed_file_is_served_while_the_old_one_is_missing(store: Store) -> None:
    put(store, reading("1", entity("a")))
    put(store, missing=("1",))
    applied = put(store, reading("2", owned("a", "g")))
    assert (applied.changed, applied.conflicts) == (1, 0)
    assert served_by(store) == ("uid-1", "2")
    assert stored_of(store, "file:///srv/shop").files["1"].token == ""
    put(store, removed=("1",))
    assert served_by(store) == ("uid-1", "2")
    assert problems_of(store.database) == []
