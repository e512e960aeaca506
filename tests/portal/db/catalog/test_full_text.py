import pytest

from catalog.queries.query import EntityQuery, FullText
from portal.db.catalog import full_text
from portal.db.catalog.entities import by_query
from portal.db.catalog.filters import Way
from portal.db.catalog.full_text import find_text
from portal.db.catalog.questions import ask
from portal.db.catalog.texts import reader
from portal.db.engine import Database
from tests.catalog_rows import entity, save


@pytest.fixture
def catalog(database: Database) -> Database:
    names = ("pay-api", "pay-web", "shop", "till")
    save(
        database,
        *(entity(name, metadata={"description": "takes a payment"}) for name in names),
        entity("pay", "API"),
    )
    return database


def found(database: Database, term: str) -> list[str]:
    """The names, by id, after a look that they are counted."""
    with database.read() as connection:
        page = by_query(connection, EntityQuery(full_text=FullText(term=term)))
        first = by_query(connection, EntityQuery(full_text=FullText(term=term), limit=1))
    assert first.total == page.total == len(page.items)
    return [row.name for row in page.items]


def test_names_and_texts_are_looked_into_and_each_entity_counts_once(catalog: Database) -> None:
    assert sorted(found(catalog, "pay")) == ["pay", "pay-api", "pay-web", "shop", "till"]
    assert sorted(found(catalog, "payment")) == ["pay-api", "pay-web", "shop", "till"]
    assert found(catalog, "web") == ["pay-web"]
    assert found(catalog, "nothing") == []


def test_texts_are_kept_once_for_all_connections_of_a_database(catalog: Database) -> None:
    with (
        catalog.read() as one,
        catalog.glance_in_turn() as another,
        catalog.look_in_turn() as third,
    ):
        readers = [reader(connection, (1, 1)) for connection in (one, another, third)]
    kept = {id(found._texts) for found in readers}
    assert len(kept) == 1


def test_a_text_that_many_share_finds_the_same(
    catalog: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def way() -> Way | None:
        with catalog.read() as connection:
            return find_text(connection, FullText(term="pay"), None, ask(connection, None)).way

    names = found(catalog, "pay")
    assert way() is Way.FEW
    monkeypatch.setattr(full_text, "FEW", 3)  # of three names and a text that four share
    assert way() is Way.SETS
    assert found(catalog, "pay") == names
