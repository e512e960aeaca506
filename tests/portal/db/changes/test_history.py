"""What entities were, and what is kept of it, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from catalog.errors import QueryError
from portal.db.catalog.entities import related
from portal.db.changes.history import Event, Identity, history, identify, version_at
from portal.db.changes.instants import NotKept, kept_since, prune, relations_at, seq_at
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.tables import changes, entities, metadata, past_edges, versions
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import NOW, entity, owned
from tests.portal.db.ingest.test_catalog_store_law import HISTORIES, NAMES, Step

A, B = "component:default/a", "component:default/b"


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def known(connection: Connection, ref: str) -> Identity:
    found = identify(connection, ref)
    assert found is not None
    return found


def told(database: Database, ref: str) -> list[Event]:
    with database.read() as connection:
        return list(history(connection, known(connection, ref)).items)


def at(database: Database, ref: str, instant: datetime) -> Any:
    """The entity's spec at an instant; None where it was not there."""
    with database.read() as connection:
        found = version_at(connection, known(connection, ref), seq_at(connection, instant))
    return None if found is None else orjson.loads(found.body)["spec"]


@pytest.fixture
def lived(database: Database) -> Database:
    """`a` came, changed twice, went, and came back; `b` only came."""
    store = new_store(database)
    put(store, reading("1", entity("a", spec={"n": 1}), entity("b")), commit="c1")
    put(store, reading("1", entity("a", spec={"n": 2}), entity("b")), now=later(1), commit="c2")
    put(store, reading("1", entity("a", spec={"n": 3}), entity("b")), now=later(2), actor="eva")
    put(store, reading("1", entity("b")), now=later(3))
    put(store, reading("1", entity("a", spec={"n": 3}), entity("b")), now=later(4))
    return database


def test_an_entity_tells_what_happened_to_it_the_newest_first(lived: Database) -> None:
    found = told(lived, A)
    assert [(event.change, event.at) for event in found] == [
        ("restored", later(4)),
        ("removed", later(3)),
        ("changed", later(2)),
        ("changed", later(1)),
        ("added", NOW),
    ]
    assert [event.actor for event in found] == ["", "", "eva", "", ""]
    assert [event.version.revision for event in found][-2:] == ["c2", "c1"]
    assert found[1].version.reason == "The file file:/srv/shop/1 no longer declares it."
    assert [event.change for event in told(lived, B)] == ["added"]


def test_an_entity_that_went_is_told_of_and_one_that_never_was_is_not(lived: Database) -> None:
    put(Store(lived), reading("1", entity("b")), now=later(5))
    assert told(lived, A)[0].change == "removed"
    with lived.read() as connection:
        assert identify(connection, "component:default/nothing") is None
        assert identify(connection, "\x00") is None


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_pages_of_a_history_hold_each_event_once(lived: Database, limit: int) -> None:
    found: list[Event] = []
    after = None
    with lived.read() as connection:
        entity_a = known(connection, A)
        while True:
            page = history(connection, entity_a, after=after, limit=limit)
            assert len(page.items) <= limit
            found += page.items
            after = page.after
            if after is None:
                break
    assert found == told(lived, A)


def test_a_page_that_was_never_given_is_refused(lived: Database) -> None:
    with lived.read() as connection, pytest.raises(QueryError):
        history(connection, known(connection, A), after="x")


def test_an_entity_is_shown_as_it_was_at_an_instant(lived: Database) -> None:
    assert [at(lived, A, later(n)) for n in (-0.1, 0, 0.5, 1, 2.5, 3, 3.5, 4, 100)] == [
        None,
        {"n": 1},
        {"n": 1},
        {"n": 2},
        {"n": 3},
        None,
        None,
        {"n": 3},
        {"n": 3},
    ]


def test_relations_are_those_of_the_instant(database: Database) -> None:
    store = new_store(database)
    team = entity("team", kind="Group", metadata={"title": "Team"})
    put(store, reading("1", owned("a", "team")), reading("2", team))
    put(store, reading("1", owned("a", "others")), now=later(1))
    put(store, reading("2"), now=later(2))
    with database.read() as connection:
        number = known(connection, A).asked
        found = [
            [(one.ref, one.exists, one.title) for one in relations_at(connection, number, seq)]
            for seq in (seq_at(connection, instant) for instant in (NOW, later(1)))
        ]
        team_id = known(connection, "group:default/team").asked
        owners = [
            [one.ref for one in relations_at(connection, team_id, seq_at(connection, instant))]
            for instant in (NOW, later(1))
        ]
    assert found == [[("group:default/team", True, "Team")], [("group:default/others", False, "")]]
    assert owners == [[A], []]


def test_a_renamed_entity_keeps_its_history_under_both_names(database: Database) -> None:
    store = new_store(database)
    put(store, reading("1", entity("a", spec={"type": "service"})))
    put(store, reading("1", entity("b", spec={"type": "service"})), now=later(1))
    for ref in (A, B):
        found = told(database, ref)
        assert [(event.change, event.version.ref) for event in found] == [
            ("renamed", B),
            ("added", A),
        ]
        assert at(database, ref, NOW) == {"type": "service"}
    with database.read() as connection:
        was = version_at(connection, known(connection, B), seq_at(connection, NOW))
    assert was is not None
    assert was.ref == A


def test_an_entity_that_took_over_a_ref_has_a_history_of_its_own(database: Database) -> None:
    store = new_store(database)
    put(store, reading("1", entity("a", spec={"n": 1})), reading("2", entity("b", spec={"n": 2})))
    put(store, reading("2"), now=later(1))
    put(store, reading("1", entity("b", spec={"n": 1})), now=later(2))
    assert [(event.change, event.version.ref) for event in told(database, B)] == [
        ("renamed", B),
        ("added", A),
    ]
    assert (at(database, A, NOW), at(database, B, NOW)) == ({"n": 1}, {"n": 2})
    assert (at(database, A, later(2)), at(database, B, later(2))) == ({"n": 1}, {"n": 1})


def test_what_is_pruned_is_refused_and_the_rest_is_told_as_before(lived: Database) -> None:
    before = told(lived, A)
    with lived.write() as connection:
        while prune(connection, later(2.5), limit=1):
            pass
    found = told(lived, A)
    assert [event.change for event in found] == ["restored", "removed", "earlier"]
    assert found[:2] == before[:2]
    assert at(lived, A, later(2.5)) == {"n": 3}
    assert at(lived, A, later(3)) is None
    with lived.read() as connection:
        assert kept_since(connection) == later(2.5)
        with pytest.raises(NotKept) as refused:
            seq_at(connection, later(2))
        assert refused.value.args == (later(2.5),)


def test_pruning_never_touches_the_present(lived: Database) -> None:
    with lived.write() as connection:
        while prune(connection, later(1000)):
            pass
        kept = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (versions, past_edges, changes, entities)
        }
    assert kept == {"versions": 0, "past_edges": 0, "changes": 1, "entities": 2}
    assert at(lived, A, later(1000)) == {"n": 3}
    assert [event.change for event in told(lived, A)] == ["earlier"]


def test_nothing_is_pruned_where_nothing_is_older(lived: Database) -> None:
    with lived.write() as connection:
        assert prune(connection, NOW) == 0
        assert kept_since(connection) is None


def look(database: Database) -> dict[str, Any]:
    """The present, as the tables of the present hold it."""
    with database.read() as connection:
        rows = connection.execute(select(entities.c.id, entities.c.ref, entities.c.body)).all()
        return {
            row.ref: (row.body, [(r.type, r.ref, r.exists) for r in related(connection, row.id)])
            for row in rows
        }


def look_back(database: Database, instant: datetime) -> dict[str, Any]:
    """The same of an instant, as the history tells it. A former name tells of a present entity."""
    shown = {}
    with database.read() as connection:
        seq = seq_at(connection, instant)
        for name in NAMES:
            identity = identify(connection, f"component:default/{name}")
            found = version_at(connection, identity, seq) if identity else None
            if found is not None:
                relations = relations_at(connection, found.entity_id, seq)
                shown[found.ref] = (found.body, [(r.type, r.ref, r.exists) for r in relations])
    return shown


def live(database: Database, history: list[Step]) -> list[dict[str, Any]]:
    """Apply the batches an hour apart; what is served after each."""
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    store, seen = new_store(database), []
    for n, (readings, marks) in enumerate(history):
        given: dict[str, Any] = {"missing": [], "again": [], "removed": []}
        for path, mark in marks.items():
            if path not in {one.path for one in readings}:
                given[mark].append(path)
        put(
            store,
            *readings,
            now=later(n),
            missing=tuple(given["missing"]),
            found_again=tuple(given["again"]),
            removed=tuple(given["removed"]),
        )
        seen.append(look(database))
    return seen


@given(HISTORIES, st.integers(0, 6))
def test_every_instant_is_told_as_it_was(
    pair: list[Database], history: list[Step], cut: int
) -> None:
    for database in pair:
        seen = live(database, history)
        for n, expected in enumerate(seen):
            assert look_back(database, later(n + 0.5)) == expected
        with database.write() as connection:
            while prune(connection, later(cut + 0.25), limit=3):
                pass
        for n, expected in enumerate(seen[cut:], start=cut):
            assert look_back(database, later(n + 0.5)) == expected
