"""Locations are registered once, whoever registers them, and come back with the id that they had."""

from __future__ import annotations

from sqlalchemy import select, update

from portal.db.engine import Database
from portal.db.ingest import registrations
from portal.db.ingest.catalog_store import Store
from portal.db.tables import files, locations
from tests.catalog_rows import NOW


def register(database: Database, target: str, *, origin: str = "api") -> str:
    with database.write() as connection:
        return registrations.register(
            connection, type="file", target=target, origin=origin, now=NOW
        )


def origins(database: Database) -> dict[str, str]:
    """Of the locations that are not removed, by id."""
    this = locations.c
    with database.read() as connection:
        rows = connection.execute(select(this.id, this.origin).where(this.removed_at.is_(None)))
        return {row.id: row.origin for row in rows}


def found(database: Database, target: str) -> str | None:
    with database.read() as connection:
        return registrations.find(connection, "file", target)


def test_registering_is_idempotent(database: Database) -> None:
    first = register(database, "/srv/shop")
    assert register(database, "/srv/shop", origin="config") == first
    assert origins(database) == {first: "api"}
    assert (found(database, "/srv/shop"), found(database, "/srv/other")) == (first, None)


def test_a_removed_location_is_registered_again_with_its_id(database: Database) -> None:
    first = register(database, "/srv/shop")
    with database.write() as connection:
        connection.execute(update(locations).values(removed_at=NOW))
    assert found(database, "/srv/shop") is None
    assert register(database, "/srv/shop", origin="config") == first
    assert origins(database) == {first: "config"}


def test_one_location_is_declared_without_a_look_at_the_others(database: Database) -> None:
    store = Store(database)
    first, second = (register(database, f"https://git.example.org/{name}") for name in "ab")

    def declared(*only: str) -> set[str]:
        with database.write() as connection:
            registrations.declare(store, connection, now=NOW, only=only or None)
            return set(connection.execute(select(files.c.path)).scalars())

    assert declared(second) == {second}
    assert declared() == {first, second}
    with database.write() as connection:
        connection.execute(update(locations).values(removed_at=NOW))
    assert declared(first) == {second}
