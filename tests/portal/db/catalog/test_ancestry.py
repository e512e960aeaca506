from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from catalog.entity import Entity
from catalog.ingest.discovery import Elsewhere
from catalog.ingest.registration import generated_ref
from catalog.ingest.store import FileReading
from catalog.sources import Repository
from portal.db.catalog.ancestry import ancestry
from portal.db.engine import Database
from portal.db.ingest import registrations
from portal.db.ingest.catalog_store import Store
from portal.db.prepared import Prepared
from portal.db.tables import locations as table
from tests.catalog_batches import batch, new_store, reading
from tests.catalog_rows import LOCATION, NOW, REPOSITORY, entity

LEAF = "component:default/leaf"
TARGET = "https://example.com/far/one.yaml"
FAR = Repository(url="https://example.com/far", name="far")
OTHER = Repository(url="https://example.com/other", name="other")


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def location(name: str) -> Entity:
    return entity(name, "Location")


def register(store: Store, target: str = TARGET) -> str:
    """Register a location as the API does; returns its id."""
    with store.database.write() as connection:
        found = registrations.register(connection, type="url", target=target, origin="api", now=NOW)
        registrations.declare(store, connection, now=NOW)
    return found


def read(
    store: Store,
    *readings: FileReading,
    of: str = LOCATION,
    repository: Repository = REPOSITORY,
    parents: Mapping[str, tuple[str, ...]] | None = None,
    named: Mapping[str, tuple[tuple[str, str], ...]] | None = None,
) -> None:
    """Store what was read; `named` are, by path, Location refs and URLs outside the repository."""
    elsewhere = {
        path: tuple(Elsewhere(ref=ref, url=url, optional=False) for ref, url in found)
        for path, found in (named or {}).items()
    }
    whole = batch(
        *readings, repository=repository, revision="1", parents=parents or {}, elsewhere=elsewhere
    )
    store.apply([replace(whole, location=of)])


def chain(store: Store, ref: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each entity on the way up, and its parents."""
    with store.database.read() as connection:
        return [(one.entity.ref, one.parents) for one in ancestry(connection, ref)[1]]


def location_of(store: Store, target: str) -> str:
    with store.database.read() as connection:
        return str(connection.execute(select(table.c.id).where(table.c.target == target)).scalar())


def test_what_nothing_led_to_is_alone(store: Store) -> None:
    read(store, reading("catalog-info.yaml", entity("leaf")))
    assert chain(store, LEAF) == [(LEAF, ())]
    assert chain(store, "component:default/nope") == []
    assert chain(store, "component:default/\0") == []


def test_the_entity_of_a_registered_location_is_the_root(store: Store) -> None:
    read(store, reading("one.yaml", entity("leaf")), of=register(store), repository=FAR)
    root = generated_ref("url", TARGET)
    assert chain(store, LEAF) == [(LEAF, (root,)), (root, ())]
    assert chain(store, root) == [(root, ())]


def test_a_location_inside_the_repository_comes_before_that_of_the_repository(
    store: Store,
) -> None:
    read(
        store,
        reading("one.yaml", location("index")),
        reading("leaf.yaml", entity("leaf")),
        of=register(store),
        repository=FAR,
        parents={"leaf.yaml": ("location:default/index", "location:default/not-there")},
    )
    root = generated_ref("url", TARGET)
    assert chain(store, LEAF) == [
        (LEAF, ("location:default/index",)),
        ("location:default/index", (root,)),
        (root, ()),
    ]


def test_locations_elsewhere_lead_to_what_they_name(store: Store) -> None:
    read(
        store,
        reading("a.yaml", location("b"), location("a")),
        named={"a.yaml": (("location:default/b", TARGET), ("location:default/a", TARGET))},
    )
    leaf = reading("one.yaml", entity("leaf"))
    read(store, leaf, of=location_of(store, TARGET), repository=FAR)
    a, b = "location:default/a", "location:default/b"
    assert chain(store, LEAF) == [(LEAF, (a, b)), (a, ()), (b, ())]


def test_a_location_that_is_registered_and_named_has_both_as_parents(store: Store) -> None:
    id_ = register(store)
    read(store, reading("one.yaml", entity("leaf")), of=id_, repository=FAR)
    read(
        store,
        reading("a.yaml", location("a")),
        named={"a.yaml": (("location:default/a", TARGET),)},
    )
    root = generated_ref("url", TARGET)
    assert chain(store, LEAF)[0] == (LEAF, ("location:default/a", root))
    assert len(chain(store, LEAF)) == 3


def test_a_circle_is_walked_once_and_what_names_itself_is_no_parent(store: Store) -> None:
    a, b = "location:default/a", "location:default/b"
    read(
        store,
        reading("a.yaml", location("a"), entity("leaf")),
        reading("b.yaml", location("b")),
        parents={"a.yaml": (a, b), "b.yaml": (a,)},
    )
    assert chain(store, a) == [(a, (b,)), (b, (a,))]
    assert chain(store, LEAF) == [(LEAF, (a, b)), (a, (b,)), (b, (a,))]


def test_an_orphan_has_no_parents(database: Database) -> None:
    store = replace(new_store(database), keep_orphans=True)
    id_ = register(store)
    read(store, reading("one.yaml", entity("leaf"), entity("twig")), of=id_, repository=FAR)
    read(store, reading("one.yaml", entity("twig")), of=id_, repository=FAR)
    assert chain(store, LEAF) == [(LEAF, ())]
    assert len(chain(store, "component:default/twig")) == 2


def test_a_chain_takes_one_statement(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read(store, reading("one.yaml", entity("leaf")), of=register(store), repository=FAR)
    asked = []
    rows = Prepared.rows

    def count(*arguments: Any) -> Any:
        asked.append(arguments)
        return rows(*arguments)

    monkeypatch.setattr(Prepared, "rows", count)
    with store.database.read() as connection:
        assert len(ancestry(connection, LEAF)[1]) == 2
    assert len(asked) == 1
