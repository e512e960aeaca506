"""What is written together is as if each repository had been written by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from catalog.entity import Entity
from catalog.ingest.conflicts import REMOVALS_HELD
from catalog.ingest.store import Applied, Batch, FileReading, Listed
from catalog.problems import Problem
from catalog.sources import Repository
from portal.db.changes.feed import events
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.ingest.held import list_held
from portal.db.integrity import integrity_fault
from portal.db.sources.listings import missing_repositories
from portal.db.tables import edges, entities, files, locations, metadata, past_edges, refs, versions
from tests.catalog_batches import batch, new_store, problems_of, reading, stored_of
from tests.catalog_rows import LOCATION, NOW, entity

HOMES = [Repository(url=f"file:///srv/{name}", name=name) for name in "pqr"]
NAMES = {home.url: [f"{home.name}{n}" for n in range(2)] for home in HOMES}
EVERY = [name for names in NAMES.values() for name in names]


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def made(name: str, word: str, ends: Iterable[str]) -> Entity:
    found = sorted(set(ends))
    relations = [("partOf", f"component:default/{end}", "hasPart") for end in found]
    return entity(name, spec={"type": word, "ends": found}, relations=relations)


def of(home: Repository) -> st.SearchStrategy[Batch]:
    """Batches of a repository, which declares its own entities and names those of all."""
    ours = st.builds(
        made,
        st.sampled_from(NAMES[home.url]),
        st.sampled_from(["x", "y"]),
        st.lists(st.sampled_from(EVERY), max_size=2),
    )
    readings = st.lists(ours, max_size=2, unique_by=lambda one: one.ref).map(
        lambda found: reading("f", *found)
    )
    whole = st.builds(
        lambda read, n: batch(
            read, repository=home, revision=f"e/{n}", commit=str(n), has_moved=True
        ),
        readings,
        st.integers(1, 9),
    )
    gone = batch(repository=home, removed=("f",), revision="e/0", commit="0")
    return st.one_of(whole, st.just(gone))


ROUNDS = st.lists(
    st.lists(st.sampled_from(HOMES), min_size=1, unique_by=lambda home: home.url).flatmap(
        lambda homes: st.tuples(*map(of, homes))
    ),
    max_size=4,
)


def emptied(database: Database) -> Store:
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return new_store(database)


def told(applied: Iterable[Applied]) -> list[tuple[int, ...]]:
    return [
        (one.added, one.changed, one.unchanged, one.removed, one.rejected, one.conflicts, one.seq)
        for one in applied
    ]


def kept(store: Store) -> dict[str, Any]:
    """All that is served, that was, and what is told of it, without the numbers of rows."""
    ends = refs.alias()
    with store.database.read() as connection:
        served = connection.execute(
            select(
                *(entities.c.ref, entities.c.body, entities.c.relations, entities.c.etag),
                *(entities.c.seq, entities.c.revision, entities.c.document, files.c.path),
            ).join(files, files.c.id == entities.c.file_id)
        ).all()
        of_version = (refs.c.ref, versions.c.from_seq, versions.c.to_seq, versions.c.ended)
        former = connection.execute(
            select(*of_version, versions.c.reason, versions.c.revision).join(
                refs, refs.c.id == versions.c.entity_id
            )
        ).all()
        drawn = {
            table.name: connection.execute(
                select(refs.c.ref, ends.c.ref, number)
                .join(refs, refs.c.id == table.c.source_id)
                .join(ends, ends.c.id == table.c.target_id)
            ).all()
            for table, number in ((edges, edges.c.seq), (past_edges, past_edges.c.to_seq))
        }
        fed = [
            (one.place.seq, one.type, one.ref, one.source, one.revision)
            for one in events(connection, limit=1000).items
        ]
    found = {"served": served, "former": former, "fed": fed, **drawn}
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


@given(ROUNDS)
def test_what_is_written_together_is_as_if_written_one_after_the_other(
    pair: list[Database], rounds: list[tuple[Batch, ...]]
) -> None:
    one_by_one, together = (emptied(database) for database in pair)
    for batches in rounds:
        apart = [applied for one in batches for applied in one_by_one.apply([one])]
        assert told(together.apply(batches)) == told(apart)
    assert kept(together) == kept(one_by_one)
    for home in HOMES:
        assert stored_of(together, home.url) == stored_of(one_by_one, home.url)
    assert integrity_fault(together.database) == ""


def test_of_several_repositories_the_first_by_url_serves_what_all_declare(store: Store) -> None:
    declared = [
        batch(replace(reading("f", entity("a")), url=f"url:{home.url}/f"), repository=home)
        for home in reversed(HOMES)
    ]
    assert [one.added for one in store.apply(declared)] == [0, 0, 1]
    assert [code for _, code, _, _ in problems_of(store.database)] == ["ENTITY_CONFLICT"] * 3


def test_a_repository_that_would_lose_too_much_holds_up_no_other(store: Store) -> None:
    first = [_of(home, "a", "b") for home in HOMES]
    store.apply(first)
    fewer = [replace(_of(home), most_removals=most) for home, most in zip(HOMES, (2, 1, 2))]  # noqa: B905
    assert [(one.removed, one.held) for one in store.apply(fewer)] == [(2, 0), (0, 2), (2, 0)]
    with store.database.read() as connection:
        assert [one.source for one in list_held(connection)] == [HOMES[1].url]
    assert REMOVALS_HELD in {code for _, code, _, _ in problems_of(store.database)}
    store.apply([replace(one, holds_nothing=True) for one in first])
    with store.database.read() as connection:
        assert list_held(connection) == ()


def test_each_location_has_its_own_listing(store: Store) -> None:
    with store.database.write() as connection:
        for n in (1, 2, 3):
            values = {"type": "file", "target": f"/srv/{n}", "origin": "command"}
            connection.execute(
                insert(locations).values(id=f"place-{n}", registered_at=NOW, **values)
            )
    places = [f"place-{n}" for n in (1, 2, 3)]
    wrong = Problem(code="HALF", message="Half of it was read.")

    def list_all(*found: tuple[Repository, ...], problem: Problem | None = None) -> None:
        seen = [
            Listed(location=place, repositories=one, complete=True)
            for place, one in zip(places, found)  # noqa: B905
        ]
        seen[-1] = replace(seen[-1], complete=problem is None, problem=problem)
        store.note_listings(seen, now=NOW)

    list_all((HOMES[0],), (HOMES[1],), (HOMES[2],))
    for _ in range(2):
        list_all((), (HOMES[1], HOMES[0]), (), problem=wrong)
    with store.database.read() as connection:
        assert missing_repositories(connection, [*places, LOCATION]) == {}, "another one has it"
        rows = connection.execute(select(locations.c.id, locations.c.state)).all()
    assert {row.id: row.state for row in rows if row.id in places} == {
        "place-1": "ok",
        "place-2": "ok",
        "place-3": "partial",
    }
    list_all((), (HOMES[0],), ())
    list_all((), (HOMES[0],), ())
    with store.database.read() as connection:
        missing = missing_repositories(connection, places)
    assert missing == {"place-2": (HOMES[1],), "place-3": (HOMES[2],)}


def _of(home: Repository, *names: str) -> Batch:
    read: FileReading = reading("f", *(entity(f"{home.name}-{name}") for name in names))
    return batch(replace(read, url=f"url:{home.url}/f"), repository=home)
