from pathlib import Path

import pytest

from catalog.queries.query import EntityQuery, FullText, parse_filters
from portal.db.catalog import entities, full_text, search, texts
from portal.db.engine import Database, open_database
from portal.db.migrations import migrate
from tests.catalog_rows import entity, owned, save


@pytest.fixture
def shop(database: Database) -> Database:
    save(
        database,
        entity("repay"),
        entity("x-title", metadata={"title": "Pay day"}),
        entity("pay-zoo"),
        entity("pay"),
        entity("described", metadata={"description": "they pay\nat once"}),
        entity("tagged", metadata={"tags": ["payday"]}),
        owned("owned", "payers", spec={"owner": "payers"}),
        entity("pay-api"),
        entity("web-pay"),
        entity("titled", metadata={"title": "we pay"}),
        entity("inside", metadata={"title": "Repaying"}),
        entity("other"),
    )
    return database


def found(database: Database, text: str, limit: int = 20) -> list[str]:
    with database.read() as connection:
        return [row.name for row in entities.search(connection, text, limit)]


def test_what_is_meant_comes_first(shop: Database) -> None:
    assert found(shop, " PAY ") == [
        "pay", "pay-api", "pay-zoo", "x-title", "web-pay", "titled", "repay", "inside",
        "owned", "tagged", "described",
    ]  # fmt: skip


def test_the_best_are_shown_where_there_is_little_room(shop: Database) -> None:
    everything = found(shop, "pay")
    for limit in range(1, len(everything)):
        assert found(shop, "pay", limit) == everything[:limit]


def test_words_may_be_apart_and_in_any_order(shop: Database) -> None:
    assert found(shop, "pay api") == found(shop, "api pay") == ["pay-api"]
    assert found(shop, "day pay") == ["x-title", "tagged"]
    assert found(shop, "pay nope") == []


def test_a_whole_ref_is_found(shop: Database) -> None:
    assert found(shop, "component:default/other") == ["other"]


@pytest.mark.parametrize("text", ["", "  ", "\0", "x" * 300, "%", "_", "ay\0", "nothing"])
def test_what_nobody_wrote_finds_nothing(shop: Database, text: str) -> None:
    assert found(shop, text) == []


def test_what_changes_is_found_at_once_and_what_goes_no_longer(shop: Database) -> None:
    assert found(shop, "fresh") == []
    save(shop, entity("fresh", metadata={"title": "Fresh fish", "tags": ["new"]}), path="b.yaml")
    assert found(shop, "fresh") == found(shop, "fish") == found(shop, "new") == ["fresh"]
    save(shop, entity("fresh", metadata={"title": "Stale"}), path="b.yaml")
    assert found(shop, "fish") == found(shop, "new") == []
    assert found(shop, "stale") == ["fresh"]
    save(shop, path="b.yaml")
    assert found(shop, "stale") == found(shop, "fresh") == []


def test_a_text_that_comes_back_is_found_again(shop: Database) -> None:
    for _ in range(texts.MOST_PIECES + 2):
        save(shop, entity("fresh", metadata={"description": "a fish"}), path="b.yaml")
        assert found(shop, "fish") == ["fresh"]
        save(shop, entity("fresh", metadata={"description": "a bird"}), path="b.yaml")
        assert found(shop, "fish") == []
        assert found(shop, "bird") == ["fresh"]


def test_two_catalogs_do_not_mix(shop: Database, tmp_path: Path) -> None:
    assert found(shop, "zoo") == ["pay-zoo"]
    other = open_database(f"sqlite:///{tmp_path}/other.db")
    migrate(other)
    save(other, entity("giraffe"))
    assert found(other, "zoo") == []
    assert found(other, "giraf") == ["giraffe"]
    other.close()


def test_full_text_is_the_same_however_many_it_finds(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages() -> list[tuple[list[str], int]]:
        answers = []
        for filters in ([], ["kind=component"], ["spec.owner=payers"]):
            for fields in ((), ("metadata.name",), ("metadata.tags", "metadata.title"), ("kind",)):
                query = EntityQuery(
                    filter=parse_filters(filters), full_text=FullText(term="Pay", fields=fields)
                )
                with shop.read() as connection:
                    page = entities.by_query(connection, query)
                answers.append((sorted(row.name for row in page.items), page.total))
        return answers

    few = pages()
    assert few[0][1] == 9
    monkeypatch.setattr(full_text, "FEW", 0)
    assert pages() == few


def test_more_keys_may_be_searched_than_are_kept(database: Database) -> None:
    names = [f"k{n}" for n in range(texts.MOST_KEYS + 3)]
    save(database, *(entity(name, spec={name: f"word-{name}."}) for name in names))
    with database.read() as connection:
        for name in [*names, *names]:
            query = EntityQuery(full_text=FullText(term=f"{name}.", fields=(f"spec.{name}",)))
            page = entities.by_query(connection, query)
            assert [row.name for row in page.items] == [name]


def test_many_hits_are_ranked_like_few(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("pay", "a", "day pay", "p")
    few = [found(shop, text, limit) for text in words for limit in (1, 3, 20)]
    monkeypatch.setattr(search, "FEW", 0)
    monkeypatch.setattr(search, "PIECE", 2)
    assert [found(shop, text, limit) for text in words for limit in (1, 3, 20)] == few
