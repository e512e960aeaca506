"""What follows from any history of batches, on both databases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from catalog.entity import Entity
from catalog.ingest.store import FileReading
from portal.db.catalog.index import unpack
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.ingest.serving import etag_of
from portal.db.integrity import integrity_fault
from portal.db.tables import (
    edges,
    entities,
    metadata,
    past_edges,
    postings,
    refs,
    relation_types,
    terms,
    versions,
)
from tests.catalog_batches import dump, new_store, put, reading, shown, stored_of
from tests.catalog_rows import REPOSITORY, entity

PATHS = ("1", "2", "3")
NAMES = ("a", "b", "c", "d")
WAYS = {"ownedBy": "ownerOf", "partOf": "hasPart", "ownerOf": "ownedBy"}


def build(name: str, spec: dict[str, Any]) -> Entity:
    """An entity that is told by its body alone, relations included."""
    ends = [(way, f"component:default/{end}", WAYS[way]) for way, end in spec["ends"]]
    return entity(name, spec=spec, relations=ends)


ENTITIES = st.builds(
    lambda name, word, ends: build(name, {"type": word, "ends": [list(end) for end in ends]}),
    st.sampled_from(NAMES),
    st.sampled_from(["x", "X", "y", None]),
    st.lists(st.tuples(st.sampled_from(sorted(WAYS)), st.sampled_from(NAMES)), max_size=3),
)
READINGS = st.builds(
    lambda path, found, rejected, unreadable: reading(
        path, *found, rejected=rejected, unreadable=unreadable
    ),
    st.sampled_from(PATHS),
    st.lists(ENTITIES, max_size=4),
    st.lists(st.sampled_from([f"component:default/{name}" for name in NAMES]), max_size=1),
    st.integers(0, 9).map(lambda n: n == 0),
)
MARKS = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["missing", "again", "removed"]))
HISTORIES = st.lists(
    st.tuples(st.lists(READINGS, max_size=3, unique_by=lambda r: r.path), MARKS), max_size=6
)
Step = tuple[list[FileReading], dict[str, str]]


def emptied(database: Database) -> Store:
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return new_store(database)


def replay(store: Store, history: list[Step]) -> list[Any]:
    """Apply the steps; returns what each answered."""
    answers = []
    for readings, marks in history:
        read = {one.path for one in readings}
        marked = {path: mark for path, mark in marks.items() if path not in read}
        answers.append(
            put(
                store,
                *readings,
                missing=tuple(path for path, mark in marked.items() if mark == "missing"),
                found_again=tuple(path for path, mark in marked.items() if mark == "again"),
                removed=tuple(path for path, mark in marked.items() if mark == "removed"),
            )
        )
    return answers


def test_examples_reach_conflicts_removals_and_takeovers(pair: list[Database]) -> None:
    """The other tests say something only as long as this one holds."""
    store = emptied(pair[0])
    one, other = entity("a", spec={"type": "x"}), entity("a", spec={"type": "y"})
    answers = replay(
        store,
        [
            ([reading("1", one), reading("2", other)], {}),
            ([], {"1": "removed"}),
            ([reading("2")], {}),
        ],
    )
    assert [(a.added, a.changed, a.removed, a.conflicts) for a in answers] == [
        (1, 0, 0, 1),
        (0, 1, 0, 0),
        (0, 0, 1, 0),
    ]


@given(HISTORIES)
def test_what_is_derived_is_what_a_computation_from_scratch_gives(
    pair: list[Database], history: list[Step]
) -> None:
    store = emptied(pair[0])
    replay(store, history)
    served = {row[0]: row for row in _served(store.database)}
    _check_edges(store.database, served)
    _check_index(store.database, served)
    assert integrity_fault(store.database) == ""


@given(HISTORIES)
def test_both_databases_hold_the_same_bytes(pair: list[Database], history: list[Step]) -> None:
    stores = [emptied(database) for database in pair]
    answers = [replay(store, history) for store in stores]
    assert answers[0] == answers[1]
    assert dump(pair[0]) == dump(pair[1])
    assert stored_of(stores[0], REPOSITORY.url) == stored_of(stores[1], REPOSITORY.url)


@given(HISTORIES)
def test_the_last_step_again_changes_nothing_that_is_served(
    pair: list[Database], history: list[Step]
) -> None:
    store = emptied(pair[0])
    replay(store, history)
    before = shown(store.database)
    for readings, _ in history[-1:]:
        again = put(store, *readings)
        assert (again.added, again.changed, again.removed) == (0, 0, 0)
    assert shown(store.database) == before


@given(HISTORIES)
def test_exactly_one_declaration_of_each_entity_is_served(
    pair: list[Database], history: list[Step]
) -> None:
    store = emptied(pair[0])
    replay(store, history)
    with store.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT ref_id, sum(CASE WHEN serving THEN 1 ELSE 0 END),"
                " sum(CASE WHEN serving = (entity IS NOT NULL) THEN 1 ELSE 0 END)"
                " FROM declarations GROUP BY ref_id"
            )
        ).all()
        ids = connection.execute(select(entities.c.id)).scalars().all()
    assert {row[0]: (row[1], row[2]) for row in rows} == dict.fromkeys(ids, (1, 0))


@given(HISTORIES, READINGS)
def test_everything_that_differs_is_touched(
    pair: list[Database], history: list[Step], last: FileReading
) -> None:
    store = emptied(pair[0])
    replay(store, history)
    before = shown(store.database)
    (applied,) = replay(store, [([last], {})])
    after = shown(store.database)
    with store.database.read() as connection:
        names = {row.id: row.ref for row in connection.execute(select(refs))}
    touched = {names[entity_id] for entity_id in applied.touched}
    differing = {ref for ref in after if after[ref][1:3] != before.get(ref, (0, 0, 0))[1:3]}
    assert differing <= touched <= after.keys()


def _served(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(entities)).all())


def _check_edges(database: Database, served: dict[int, Any]) -> None:
    with database.read() as connection:
        names = {row.id: row.ref for row in connection.execute(select(refs))}
        types = {row.id: row.name for row in connection.execute(select(relation_types))}
        rows = connection.execute(select(edges)).all()
    stored = sorted(
        (names[r.origin_id], names[r.source_id], types[r.type_id], names[r.target_id]) for r in rows
    )
    declared = sorted(
        (row.ref, *relation) for row in served.values() for relation in _declared(row).relations
    )
    assert stored == declared
    for row in served.values():
        shown = sorted({(type_, end) for _, source, type_, end in declared if source == row.ref})
        assert orjson.loads(row.relations) == [{"type": t, "targetRef": end} for t, end in shown]
        assert row.etag == etag_of(row.digest, row.relations, row.status)


def _check_index(database: Database, served: dict[int, Any]) -> None:
    with database.read() as connection:
        known = {row.id: row for row in connection.execute(select(terms))}
        posted = sorted(tuple(row) for row in connection.execute(select(postings)))
    packed = sorted((term, row.id) for row in served.values() for term in unpack(row.terms))
    assert posted == packed
    assert {row.id: row.n for row in known.values()} == Counter(term for term, _ in packed)
    for row in served.values():
        stored = {
            (known[t].key, (known[t].original or known[t].value) if known[t].known else None)
            for t in unpack(row.terms)
        }
        counted = {("kind", "Component"), ("metadata.namespace", "default")}
        assert stored == counted.union(_declared(row).found_by())
        assert {known[t].kind for t in unpack(row.terms)} == {row.kind}


def _declared(row: Any) -> Entity:
    data = orjson.loads(row.body)
    return build(data["metadata"]["name"], data["spec"])


@given(HISTORIES)
def test_every_former_state_can_be_told_from_what_is_kept(
    pair: list[Database], history: list[Step]
) -> None:
    for database in pair:
        store = emptied(database)
        states = []
        for step in history:
            (applied,) = replay(store, [step])
            now = {ref: (row[1], row[2]) for ref, row in shown(database).items()}
            states.append((applied.seq, now))
        for seq, state in states:
            assert _as_of(database, seq) == state


def _as_of(database: Database, seq: int) -> dict[str, tuple[bytes, bytes]]:
    """Body and relations of each entity after the batch with this number."""
    with database.read() as connection:
        names = {row.id: row.ref for row in connection.execute(select(refs))}
        types = {row.id: row.name for row in connection.execute(select(relation_types))}
        current = connection.execute(select(entities).where(entities.c.seq <= seq)).all()
        former = connection.execute(
            select(versions).where(versions.c.from_seq <= seq, versions.c.to_seq > seq)
        ).all()
        ends = {
            (row.source_id, row.type_id, row.target_id)
            for row in (
                *connection.execute(select(edges).where(edges.c.seq <= seq)),
                *connection.execute(
                    select(past_edges).where(
                        past_edges.c.from_seq <= seq, past_edges.c.to_seq > seq
                    )
                ),
            )
        }
    bodies = {row.id: bytes(row.body) for row in current}
    bodies |= {row.entity_id: bytes(row.body) for row in former}
    assert len(bodies) == len(current) + len(former), "no two versions at a time"
    return {
        names[entity_id]: (
            body,
            orjson.dumps(
                [
                    {"type": type_, "targetRef": target}
                    for type_, target in sorted(
                        (types[t], names[end]) for source, t, end in ends if source == entity_id
                    )
                ]
            ),
        )
        for entity_id, body in bodies.items()
    }
