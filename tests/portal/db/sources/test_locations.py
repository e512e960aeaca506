from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from catalog.problems import Problem, Severity
from catalog.sources import Repository
from portal.db.engine import Database
from portal.db.ingest import registrations
from portal.db.ingest.catalog_store import Store
from portal.db.sources import locations
from portal.db.tables import locations as table
from tests.catalog_batches import BROKEN, new_store, note_listing, put, reading
from tests.catalog_rows import LOCATION, NOW, REPOSITORY, entity

OTHER = Repository(url="https://example.com/org/other", name="org/other")
WRONG = Problem(code="UNREACHABLE", message="Nobody answers.", hint="Ask again.", line=3)


def register(database: Database, target: str, *, hours: int = 0) -> str:
    with database.write() as connection:
        return registrations.register(
            connection,
            type="file",
            target=target,
            origin="api",
            now=NOW + timedelta(hours=hours),
        )


def listed(database: Database) -> list[locations.LocationRow]:
    with database.read() as connection:
        return list(locations.list_locations(connection))


def filled(database: Database) -> None:
    """One location, two repositories, three files, four entities, three problems."""
    store = new_store(database)
    mild = replace(BROKEN, severity=Severity.WARNING)
    warned = replace(reading("b/catalog-info.yaml", entity("c")), problems=(mild,))
    broken = reading("a/catalog-info.yaml", entity("a"), entity("b"), rejected=[None])
    put(store, broken, warned, revision="r1")
    put(store, reading("catalog-info.yaml", entity("d"), entity("a")), repository=OTHER)
    store.note_failure(LOCATION, OTHER, WRONG)


def test_a_new_location_is_not_read_yet(database: Database) -> None:
    first = register(database, "/srv/shop")
    (row,) = listed(database)
    assert (row.id, row.type, row.target, row.origin) == (first, "file", "/srv/shop", "api")
    assert (row.state, row.problem, row.listed_at) == ("new", None, None)


def test_targets_are_those_of_the_list_in_its_order(database: Database) -> None:
    second = register(database, "/srv/a", hours=1)
    first = register(database, "/srv/b")
    gone = register(database, "/srv/c")
    with database.write() as connection:
        connection.execute(update(table).where(table.c.id == gone).values(removed_at=NOW))
    with database.read() as connection:
        found = locations.targets(connection)
    assert list(found.items()) == [(first, "/srv/b"), (second, "/srv/a")]
    assert list(found) == [row.id for row in listed(database)]


def test_a_removed_location_is_not_shown(database: Database) -> None:
    first = register(database, "/srv/shop")
    with database.write() as connection:
        connection.execute(update(table).values(removed_at=NOW))
    assert listed(database) == []
    with database.read() as connection:
        assert locations.get_location(connection, first) is None


def test_locations_are_in_the_order_of_registration(database: Database) -> None:
    for hours, target in enumerate(("/z", "/a", "/m")):
        register(database, target, hours=hours)
    assert [row.target for row in listed(database)] == ["/z", "/a", "/m"]


def test_a_location_says_what_it_came_to(database: Database) -> None:
    filled(database)
    empty = register(database, "/empty", hours=1)
    full, other = listed(database)
    counts = (full.repositories, full.files, full.entities, full.errors, full.warnings)
    assert counts == (2, 3, 4, 1, 2)  # the second warning: `a` is declared twice
    assert (other.id, other.repositories, other.files, other.entities) == (empty, 0, 0, 0)
    with database.read() as connection:
        assert locations.get_location(connection, LOCATION) == full
        assert locations.get_location(connection, "unknown") is None


def test_a_failed_listing_is_shown_with_its_problem(database: Database) -> None:
    store = new_store(database)
    store.note_failure(LOCATION, None, WRONG)
    (row,) = listed(database)
    assert (row.state, row.problem) == ("failed", WRONG)
    note_listing(store, LOCATION, [], complete=True, now=NOW)
    (row,) = listed(database)
    assert (row.state, row.problem, row.listed_at) == ("ok", None, NOW)


def test_the_problem_of_a_location_names_the_repository_that_could_not_be_read(
    database: Database,
) -> None:
    filled(database)
    (row,) = listed(database)
    assert (row.failed, row.problem) == (1, replace(WRONG, file=OTHER.name))


def test_repositories_say_how_they_stand(database: Database) -> None:
    filled(database)
    with database.read() as connection:
        other, shop = locations.repositories(connection, LOCATION)
    assert (other.url, other.state, other.problem) == (OTHER.url, "failed", WRONG)
    assert (other.files, other.entities, other.warnings) == (1, 1, 1)
    assert (shop.url, shop.state, shop.revision, shop.read_at) == (
        REPOSITORY.url,
        "ok",
        "r1",
        NOW,
    )
    assert (shop.files, shop.entities, shop.errors, shop.warnings) == (2, 3, 1, 1)


def test_files_say_how_they_stand_page_by_page(database: Database) -> None:
    filled(database)
    put(Store(database), missing=("b/catalog-info.yaml",))
    with database.read() as connection:
        shop = locations.repositories(connection, LOCATION)[1]
        first = locations.files(connection, shop.id, limit=1)
        second = locations.files(connection, shop.id, limit=1, after=first.after)
    (failed,), (missing,) = first.items, second.items
    assert second.after is None
    assert (failed.path, failed.state, failed.entities, failed.errors) == (
        "a/catalog-info.yaml",
        "failed",
        2,
        1,
    )
    assert (missing.state, missing.missing_since, missing.warnings) == ("missing", NOW, 1)


def test_an_entity_says_where_it_comes_from(database: Database) -> None:
    filled(database)
    with database.read() as connection:
        origin = locations.origin_of(connection, 2)
        assert locations.origin_of(connection, 99) is None
    assert origin == locations.FileOrigin(
        path="a/catalog-info.yaml",
        url="file:/srv/shop/a/catalog-info.yaml",
        document=1,
        repository="shop",
        repository_url="file:///srv/shop",
        revision="r1",
        location_id=LOCATION,
    )
