from datetime import timedelta

import orjson
import pytest
from sqlalchemy import func, insert, select, update

from portal.db.catalog import entities as reading_side
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.integrity import integrity_fault
from portal.db.tables import edges, entities, facts, postings, terms, tombstones, unassessed
from tests.catalog_batches import (
    BROKEN,
    NOT_ENTITIES,
    dump,
    new_store,
    problems_of,
    put,
    reading,
    shown,
)
from tests.catalog_rows import NOW, entity, owned

A = "component:default/a"
GROUP = "group:default/g"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def relations(store: Store, ref: str) -> list[tuple[str, str]]:
    return [(r["type"], r["targetRef"]) for r in orjson.loads(shown(store.database)[ref][2])]


def term_counts(store: Store) -> dict[tuple[str, str], int]:
    with store.database.read() as connection:
        rows = connection.execute(select(terms.c.key, terms.c.value, terms.c.original, terms.c.n))
        return {(row.key, row.original or row.value): row.n for row in rows}


def test_an_entity_is_stored_with_its_place_and_identity(store: Store) -> None:
    applied = put(store, reading("x/catalog-info.yaml", entity("A", namespace="Team")))
    assert (applied.added, applied.touched, applied.seq) == (1, (1,), 1)
    with store.database.read() as connection:
        row = connection.execute(select(entities)).one()
    assert (row.ref, row.kind, row.namespace, row.name) == (
        "component:team/a",
        "component",
        "team",
        "a",
    )
    assert (row.uid, row.document, row.relations) == ("uid-1", 0, b"[]")
    assert b'"name":"A"' in row.body


def test_a_changed_entity_keeps_its_uid_and_the_time_it_was_made(store: Store) -> None:
    put(store, reading("f", entity("a", spec={"type": "old"})))
    before = dump(store.database)["entities"]
    applied = put(store, reading("f", entity("a", spec={"type": "new"})), now=LATER)
    assert (applied.added, applied.changed, applied.unchanged) == (0, 1, 0)
    with store.database.read() as connection:
        row = connection.execute(select(entities)).one()
    assert row.uid == "uid-1"
    assert row.updated_at - row.created_at == timedelta(hours=1)
    assert dump(store.database)["entities"] != before
    assert ("spec.type", "old") not in term_counts(store)
    assert term_counts(store)["spec.type", "new"] == 1


def test_reading_an_unchanged_file_writes_nothing_of_its_entities(store: Store) -> None:
    files = (
        reading("f", owned("a", "g"), entity("g", "Group"), rejected=["component:default/x"]),
        reading("h", entity("a"), entity("b")),
        reading("broken", unreadable=True),
    )
    put(store, *files)
    before = dump(store.database, without=NOT_ENTITIES)
    for again in (files, files[:1], files[1:]):
        applied = put(store, *again, now=LATER)
        assert (applied.added, applied.changed, applied.removed, applied.touched) == (0, 0, 0, ())
        assert dump(store.database, without=NOT_ENTITIES) == before


def test_each_batch_counts_up_the_sequence_number(store: Store) -> None:
    assert [put(store, reading("f", entity("a"))).seq for _ in range(3)] == [1, 2, 3]
    with store.database.read() as connection:
        assert reading_side.catalog_seq(connection) == 3


def test_a_rejected_document_leaves_its_last_good_version(store: Store) -> None:
    put(store, reading("f", entity("a"), entity("b")))
    before = shown(store.database)
    applied = put(store, reading("f", rejected=[A, "component:default/b"]))
    assert applied.rejected == 2
    assert shown(store.database) == before
    assert problems_of(store.database) == [
        ("f", "BROKEN", A, "error"),
        ("f", "BROKEN", "component:default/b", "error"),
    ]


def test_a_file_that_cannot_be_parsed_leaves_all_it_declared(store: Store) -> None:
    put(store, reading("f", entity("a"), entity("b")))
    before = shown(store.database)
    assert put(store, reading("f", unreadable=True)).removed == 0
    assert put(store, reading("f", entity("a"), rejected=[None])).removed == 0
    assert shown(store.database) == before
    assert problems_of(store.database) == [("f", "BROKEN", None, "error")]


def test_a_mended_file_has_no_problems_any_more(store: Store) -> None:
    put(store, reading("f", rejected=[A]), reading("g", rejected=[None]))
    put(store, reading("f", entity("a")))
    assert problems_of(store.database) == [("g", "BROKEN", None, "error")]


def test_a_whole_file_takes_away_what_it_no_longer_declares(store: Store) -> None:
    put(store, reading("f", owned("a", "g"), entity("b")), reading("o", entity("g", "Group")))
    applied = put(store, reading("f", entity("b")))
    assert applied.removed == 1
    assert applied.touched == (3,)  # the group that was its owner
    assert A not in shown(store.database)
    assert relations(store, GROUP) == []
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(edges)).scalar() == 0
        stone = connection.execute(select(tombstones)).one()
    assert (stone.ref, stone.uid) == (A, "uid-1")
    assert stone.reason == "The file file:/srv/shop/f no longer declares it."
    assert integrity_fault(store.database) == ""


def test_an_entity_that_comes_back_has_its_uid_again(store: Store) -> None:
    put(store, reading("f", entity("a")))
    put(store, reading("f"))
    put(store, reading("g", entity("a", spec={"type": "x"}), entity("b")))
    assert {ref: row[0] for ref, row in shown(store.database).items()} == {
        A: "uid-1",
        "component:default/b": "uid-2",
    }
    assert dump(store.database)["tombstones"] == []


def test_a_relation_shows_on_both_sides_once_the_other_arrives(store: Store) -> None:
    put(store, reading("f", owned("a", "g")))
    assert relations(store, A) == [("ownedBy", GROUP)]
    applied = put(store, reading("o", entity("g", "Group")))
    assert applied.touched == (1, 2)
    assert relations(store, GROUP) == [("ownerOf", A)]


def test_a_neighbor_changes_relations_and_etag_but_never_the_body(store: Store) -> None:
    put(store, reading("o", entity("g", "Group")))
    columns = (entities.c.body, entities.c.digest, entities.c.updated_at, entities.c.uid)
    this = entities.c.ref == GROUP
    with store.database.read() as connection:
        before = connection.execute(select(*columns, entities.c.etag).where(this)).one()
    put(store, reading("f", owned("a", "g")), now=LATER)
    with store.database.read() as connection:
        after = connection.execute(select(*columns, entities.c.etag).where(this)).one()
    assert tuple(after[:4]) == tuple(before[:4])
    assert after.etag != before.etag
    assert relations(store, GROUP) == [("ownerOf", A)]


def test_a_relation_that_two_declare_stays_until_both_stop(store: Store) -> None:
    group = entity("g", "Group", relations=[("ownerOf", A, "ownedBy")])
    put(store, reading("f", owned("a", "g")), reading("o", group))
    assert relations(store, A) == [("ownedBy", GROUP)]
    put(store, reading("f", entity("a")))
    assert (relations(store, A), relations(store, GROUP)) == (
        [("ownedBy", GROUP)],
        [("ownerOf", A)],
    )
    put(store, reading("o", entity("g", "Group")))
    assert (relations(store, A), relations(store, GROUP)) == ([], [])


def test_both_the_old_and_the_new_neighbor_are_touched(store: Store) -> None:
    put(store, reading("o", entity("g", "Group"), entity("h", "Group"), entity("i", "Group")))
    put(store, reading("f", owned("a", "g")))
    assert put(store, reading("f", owned("a", "h"))).touched == (1, 2, 4)


def test_whoever_refers_to_what_changed_or_went_is_touched(store: Store) -> None:
    put(store, reading("o", entity("g", "Group")), reading("f", owned("a", "g"), entity("b")))
    renamed = entity("g", "Group", metadata={"title": "G"})
    assert put(store, reading("o", renamed)).touched == (1, 3)
    assert put(store, reading("o")).touched == (1,)


def test_what_is_touched_is_marked_in_the_same_transaction(store: Store) -> None:
    put(store, reading("o", entity("g", "Group"), entity("b")))
    put(store, reading("f", owned("a", "g")))
    with store.database.read() as connection:
        marks = {row.entity_id: row.seq for row in connection.execute(select(unassessed))}
    assert marks == {1: 1, 2: 2, 3: 2}


def test_facts_and_postings_of_a_removed_entity_go_with_it(store: Store) -> None:
    put(store, reading("f", entity("a", spec={"type": "x"}), entity("b", spec={"type": "x"})))
    known = {"collector": "c", "version": "1", "url": "", "revision": "", "facts": b"{}"}
    with store.database.write() as connection:
        connection.execute(insert(facts).values(entity_id=1, observed_at=NOW, **known))
    put(store, reading("f", entity("b", spec={"type": "x"})))
    with store.database.read() as connection:
        assert connection.execute(select(facts)).all() == []
        assert connection.execute(select(postings.c.entity_id)).scalars().unique().all() == [2]
    assert term_counts(store)["spec.type", "x"] == 1


def test_terms_that_differ_in_case_or_are_null_are_kept_apart(store: Store) -> None:
    one = entity("a", spec={"type": "Web", "x": None, "y": ""})
    put(store, reading("f", one, entity("b", spec={"type": "web", "x": ""})))
    with store.database.read() as connection:
        rows = connection.execute(
            select(terms.c.key, terms.c.original, terms.c.value, terms.c.known, terms.c.n).where(
                terms.c.key.like("spec.%")
            )
        )
        found = sorted(tuple(row) for row in rows)
    assert found == [
        ("spec.type", "", "web", True, 1),
        ("spec.type", "Web", "web", True, 1),
        ("spec.x", "", "", False, 1),
        ("spec.x", "", "", True, 1),
        ("spec.y", "", "", True, 1),
    ]


def test_a_failure_inside_a_batch_leaves_nothing_of_it(store: Store) -> None:
    put(store, reading("f", owned("a", "g")))
    before = dump(store.database)
    with store.database.write() as connection:  # the next uid is taken: a constraint fails late
        connection.execute(update(entities).values(uid="uid-2"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        put(store, reading("f", entity("a")), reading("n", entity("z"), rejected=[A]))
    with store.database.write() as connection:
        connection.execute(update(entities).values(uid="uid-1"))
    assert dump(store.database) == before


def test_problems_are_stored_in_every_part(store: Store) -> None:
    put(store, reading("f", rejected=[A]))
    (row,) = dump(store.database)["problems"]
    assert repr(BROKEN.message) in row
    assert row.startswith(f"[1, 1, '{A}', 'BROKEN', 'error'")


def test_a_field_that_reads_as_the_namespace_is_counted_once(store: Store) -> None:
    # Backstage keeps `metadata.Namespace` as any other field; its key is that of the namespace.
    put(store, reading("f", entity("a", metadata={"Namespace": "default"})))
    assert term_counts(store)["metadata.namespace", "default"] == 1
    assert integrity_fault(store.database) == ""
