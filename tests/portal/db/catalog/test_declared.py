"""What a repository declares, found by its address, on both databases."""

from __future__ import annotations

from catalog.analysis import clone_urls
from catalog.sources import Repository
from portal.db.catalog.declared import declared_in
from portal.db.engine import Database
from tests.catalog_rows import entity, save

HOME = "https://git.example.com/acme/shop"


def found(database: Database, address: str = HOME) -> list[tuple[str, str]]:
    """File and ref of each."""
    with database.read() as connection:
        rows = declared_in(connection, address, clone_urls(address))
    return [(location, row.ref) for location, row in rows]


def read(database: Database, url: str, *names: str, path: str = "catalog-info.yaml") -> None:
    saved = [entity(name) for name in names]
    save(database, *saved, path=path, repository=Repository(url=url, name="shop"))


def test_a_repository_is_found_by_the_ways_it_is_cloned(database: Database) -> None:
    read(database, f"{HOME}.git", "b", "a")
    read(database, "git@git.example.com:acme/shop", "c", path="z/catalog-info.yaml")
    assert found(database) == [
        ("file:/srv/shop/catalog-info.yaml", "component:default/b"),
        ("file:/srv/shop/catalog-info.yaml", "component:default/a"),
        ("file:/srv/shop/z/catalog-info.yaml", "component:default/c"),
    ]


def test_a_file_that_was_read_by_itself_is_of_its_repository(database: Database) -> None:
    read(database, f"{HOME}/blob/main/catalog-info.yaml", "a")
    assert [ref for _, ref in found(database)] == ["component:default/a"]


def test_other_repositories_are_not_meant(database: Database) -> None:
    read(database, f"{HOME}-window.git", "a")
    read(database, "https://git.example.com/acme/s_op/blob/main/a.yaml", "b", path="b.yaml")
    assert found(database) == []
    assert found(database, "https://git.example.com/acme/%") == []
    assert found(database, "https://git.example.com/\0") == []
    assert len(found(database, "https://git.example.com/acme/s_op")) == 1
    assert found(database, "https://git.example.com/acme/s__p") == []
