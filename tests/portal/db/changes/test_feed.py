"""The change feed, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.db.changes import feed
from portal.db.changes.feed import (
    CHANGED,
    REMOVED,
    START,
    Events,
    GonePlace,
    Place,
    events,
    oldest,
    place_of,
)
from portal.db.changes.instants import prune
from portal.db.engine import Database
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import NOW, entity
from tests.portal.db.changes.test_history import live, look
from tests.portal.db.ingest.test_catalog_store_law import HISTORIES, Step


@pytest.fixture
def lived(database: Database) -> Database:
    """Two came, nothing happened, one changed, a system came, one went."""
    store = new_store(database)
    put(store, reading("1", entity("a"), entity("b")), commit="c1")
    put(store, reading("1", entity("a"), entity("b")))
    put(store, reading("1", entity("a", spec={"n": 1}), entity("b")), actor="eva")
    put(store, reading("2", entity("s", kind="System")))
    put(store, reading("1", entity("a", spec={"n": 1})), now=NOW + timedelta(hours=1))
    return database


def ids(found: Events) -> list[str]:
    return [str(event.place) for event in found.items]


def test_every_change_is_told_once_with_its_cause(lived: Database) -> None:
    with lived.read() as connection:
        found = events(connection)
        assert events(connection, found.next).items == ()
        assert events(connection, found.next).at_end
    assert ids(found) == ["1.1", "1.2", "3.1", "4.1", "5.1"]
    first, _, changed, _, removed = found.items
    assert (first.revision, first.source) == ("c1", "file:///srv/shop")
    assert (changed.type, changed.actor) == (CHANGED, "eva")
    assert (removed.type, removed.at) == (REMOVED, NOW + timedelta(hours=1))
    assert removed.ref == "component:default/b"
    assert removed.uid is not None


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_a_page_may_end_within_a_batch(lived: Database, limit: int) -> None:
    with lived.read() as connection:
        place, seen = START, []
        while found := events(connection, place, limit=limit).items:
            seen += found
            place = found[-1].place
        assert tuple(seen) == events(connection).items


def test_what_was_not_asked_for_is_passed(lived: Database) -> None:
    with lived.read() as connection:
        found = events(connection, types=[REMOVED], limit=1)
        assert (ids(found), found.next) == (["5.1"], Place(5, 1))
        assert ids(events(connection, kinds={"system"})) == ["4.1"]
        nothing = events(connection, kinds={"user"})
        assert (nothing.items, nothing.next) == ((), Place(5, 1))


def test_a_page_looks_at_so_many_events_and_says_how_far_it_came(
    lived: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_SCANNED", 2)
    with lived.read() as connection:
        found = events(connection, types=[REMOVED], limit=1)
        assert (found.items, found.next, found.at_end) == ((), Place(1, 2), False)
        found = events(connection, Place(4, 1), types=[REMOVED], limit=1)
        assert ids(found) == ["5.1"]


def test_a_place_whose_events_were_pruned_or_never_came_is_refused(lived: Database) -> None:
    with lived.write() as connection:
        while prune(connection, NOW + timedelta(minutes=30)):
            pass
    with lived.read() as connection:
        assert oldest(connection) == Place(4, 0)
        assert ids(events(connection)) == ids(events(connection, Place(4, 0))) == ["4.1", "5.1"]
        for place in (Place(3, 1), START, Place(6, 1)):
            with pytest.raises(GonePlace) as gone:
                events(connection, place)
            assert gone.value.args == (Place(4, 0),)


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "a.b", "1.2.3", "-1.0", "1" * 40 + ".0", "١.1"]
)
def test_what_no_event_is_called_is_no_place(text: str) -> None:
    assert place_of(text) is None
    assert place_of("12.3") == Place(12, 3)


@given(HISTORIES, st.integers(1, 4))
def test_the_feed_told_from_its_start_leads_to_the_present(
    pair: list[Database], history: list[Step], limit: int
) -> None:
    for database in pair:
        live(database, history)
        present: set[str] = set()
        places: list[Place] = []
        place = None
        with database.read() as connection:
            while True:
                page = events(connection, place, limit=limit)
                for event in page.items:
                    known = event.ref in present
                    assert known == (event.type != "entity.added")
                    if event.type == "entity.removed":
                        present.remove(event.ref)
                    elif event.type == "entity.added":
                        present.add(event.ref)
                    places.append(event.place)
                place = page.next
                if page.at_end:
                    break
        assert places == sorted(set(places))
        assert present == look(database).keys()
