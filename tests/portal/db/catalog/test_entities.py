from itertools import chain

import orjson
import pytest

from catalog.errors import QueryError
from catalog.queries.query import DEFAULT_LIMIT, EntityQuery, Filter, FullText, Order, parse_filters
from portal.db.catalog import entities
from portal.db.engine import Database
from tests.catalog_rows import NOW, entity, owned, save

NAME = Order(field="metadata.name")
TITLE = Order(field="metadata.title")


def names(page: entities.EntityPage) -> list[str]:
    return [row.name for row in page.items]


def pages(database: Database, query: EntityQuery) -> list[list[str]]:
    """All pages forward, having checked that the way back shows the same ones."""
    with database.read() as connection:
        page = entities.by_query(connection, query)
        assert page.prev_cursor is None
        found = [names(page)]
        totals = {page.total}
        while page.next_cursor:
            page = entities.by_query(
                connection, EntityQuery(cursor=page.next_cursor, limit=query.limit)
            )
            found.append(names(page))
            totals.add(page.total)
        assert len(totals) == 1
        back = [names(page)]
        while page.prev_cursor:
            page = entities.by_query(
                connection, EntityQuery(cursor=page.prev_cursor, limit=query.limit)
            )
            assert page.next_cursor is not None
            back.append(names(page))
        # Backward pages are whole from the end: only their cuts may differ.
        assert [name for part in reversed(back) for name in part] == list(chain(*found))
        return found


@pytest.fixture
def letters(database: Database) -> Database:
    titles = {"a": "Zeta", "b": "alpha", "d": "Alpha", "e": "mid"}
    save(
        database,
        *(
            entity(name, metadata={"title": titles[name]} if name in titles else {})
            for name in "gfedcba"
        ),
        entity("a", "API", spec={"type": "openapi"}),
    )
    return database


def test_an_entity_is_found_by_its_ref_with_all_its_parts(database: Database) -> None:
    save(database, entity("x"), owned("Shop", "web", metadata={"title": "Shop"}))
    with database.read() as connection:
        row = entities.by_ref(connection, "component:default/shop")
        assert row is not None
        assert entities.by_uid(connection, row.uid) == row
        assert entities.by_ref(connection, "component:default/nope") is None
        assert entities.by_ref(connection, "\0") is None
    assert (row.kind, row.namespace, row.name) == ("component", "default", "shop")
    assert (row.document, row.created_at, row.updated_at) == (1, NOW, NOW)
    answer = orjson.loads(row.answer())
    assert answer["metadata"] == {
        "uid": row.uid,
        "etag": row.etag,
        "namespace": "default",
        "name": "Shop",
        "title": "Shop",
    }
    assert answer["relations"] == [{"type": "ownedBy", "targetRef": "group:default/web"}]


def test_several_are_found_at_once_and_the_others_are_not_there(letters: Database) -> None:
    refs = ["component:default/b", "api:default/a", "api:default/z", "\0", "api:default/a"]
    with letters.read() as connection:
        assert sorted(entities.by_refs(connection, refs)) == [
            "api:default/a",
            "component:default/b",
        ]
        assert entities.by_refs(connection, []) == {}


def test_pages_by_name_go_both_ways(letters: Database) -> None:
    kind = parse_filters(["kind=component"])
    query = EntityQuery(filter=kind, order=NAME, limit=3)
    assert pages(letters, query) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    down = Order(field="metadata.name", descending=True)
    query = EntityQuery(filter=kind, order=down, limit=2)
    assert pages(letters, query) == [["g", "f"], ["e", "d"], ["c", "b"], ["a"]]


def test_entities_without_the_order_field_come_last_in_both_directions(letters: Database) -> None:
    kind = parse_filters(["kind=component"])
    up = pages(letters, EntityQuery(filter=kind, order=TITLE, limit=2))
    down_order = Order(field="metadata.title", descending=True)
    down = pages(letters, EntityQuery(filter=kind, order=down_order, limit=2))
    assert set(up[0]) == set(down[1]) == {"b", "d"}
    assert (up[1], down[0]) == (["e", "a"], ["a", "e"])
    assert set(chain(*up[2:])) == set(chain(*down[2:])) == {"c", "f", "g"}


def test_every_page_size_shows_every_entity_once(letters: Database) -> None:
    for order in (None, NAME, TITLE, Order(field="nope", descending=True)):
        for limit in (1, 2, 3, 5, 8, DEFAULT_LIMIT):
            found = chain(*pages(letters, EntityQuery(order=order, limit=limit)))
            assert sorted(found) == ["a", "a", "b", "c", "d", "e", "f", "g"]


def test_an_entity_with_several_values_is_on_one_place_of_the_order(database: Database) -> None:
    save(
        database,
        entity("x", metadata={"tags": ["c", "a"]}),
        entity("y", metadata={"tags": ["b"]}),
    )
    query = EntityQuery(order=Order(field="metadata.tags"), limit=1)
    assert pages(database, query) == [["x"], ["y"]]


@pytest.mark.parametrize(
    ("texts", "total"),
    [([], 8), (["kind=component"], 7), (["spec.type=openapi"], 1), (["metadata.title=alpha"], 2)],
)
def test_the_total_is_counted_without_the_entities(
    letters: Database, texts: list[str], total: int
) -> None:
    with letters.read() as connection:
        page = entities.by_query(connection, EntityQuery(filter=parse_filters(texts), limit=0))
        assert (page.items, page.total, page.next_cursor, page.prev_cursor) == (
            (),
            total,
            None,
            None,
        )
        page = entities.by_query(connection, EntityQuery(limit=1, count=False))
        assert page.total == 0


def test_an_offset_skips_entities_and_begins_the_list(letters: Database) -> None:
    query = EntityQuery(filter=parse_filters(["kind=component"]), order=NAME, offset=4, limit=2)
    assert pages(letters, query) == [["e", "f"], ["g"]]


def test_a_walk_goes_on_where_it_was_when_entities_go(letters: Database) -> None:
    with letters.read() as connection:
        first = entities.by_query(connection, EntityQuery(order=NAME, limit=3))
    save(letters, *(entity(name) for name in "fg"))
    with letters.read() as connection:
        page = entities.by_query(connection, EntityQuery(cursor=first.next_cursor))
    assert names(page) == ["f", "g"]


def test_a_cursor_that_cannot_be_read_is_refused(letters: Database) -> None:
    with letters.read() as connection, pytest.raises(QueryError):
        entities.by_query(connection, EntityQuery(cursor="x"))


def texts(database: Database, tree: Filter | None = None, **full_text: object) -> list[str]:
    with database.read() as connection:
        query = EntityQuery(filter=tree, full_text=FullText(**full_text))  # type: ignore[arg-type]
        page = entities.by_query(connection, query)
        assert page.total == len(page.items)
        return sorted(names(page))


def test_full_text_finds_parts_of_fields_without_wildcards(database: Database) -> None:
    save(
        database,
        entity("pay-api", metadata={"description": "Takes MONEY"}),
        entity("pay_web", metadata={"title": "100% money"}),
        entity("other", metadata={"tags": ["money"]}),
    )
    assert texts(database, term=" PAY ") == ["pay-api", "pay_web"]
    assert texts(database, term="money") == ["pay-api", "pay_web"]
    assert texts(database, term="money", fields=("metadata.title",)) == ["pay_web"]
    assert texts(database, term="0% m") == ["pay_web"]
    assert texts(database, term="y_w") == ["pay_web"]
    assert texts(database, term="%") == ["pay_web"]
    assert texts(database, term="x" * 300) == texts(database, term="\0") == []
    assert len(texts(database, term="")) == 3


def test_full_text_looks_into_the_refs_that_relations_lead_to(database: Database) -> None:
    save(database, owned("shop", "web"), owned("desk", "gone"), entity("none"))
    owners = ("relations.ownedBy",)
    assert texts(database, term="WEB", fields=owners) == ["shop"]
    assert texts(database, term="group:default/", fields=("relations.OWNEDBY",)) == ["desk", "shop"]
    assert texts(database, term="%", fields=owners) == []
    assert texts(database, term="web", fields=("relations.partOf", "relations.nope")) == []
    assert texts(database, term="none", fields=(*owners, "metadata.name")) == ["none"]
    assert texts(database, parse_filters(["metadata.name=desk"]), term="e", fields=owners) == [
        "desk"
    ]


def test_full_text_looks_into_the_order_field(letters: Database) -> None:
    with letters.read() as connection:
        query = EntityQuery(full_text=FullText(term="a"), order=TITLE)
        assert sorted(names(entities.by_query(connection, query))) == ["a", "b", "d"]


def test_relations_say_whether_their_target_exists(database: Database) -> None:
    save(
        database,
        owned("shop", "web"),
        owned("desk", "gone"),
        entity("web", "Group", metadata={"title": "Web team"}),
    )
    with database.read() as connection:
        shop, desk, web = (
            entities.by_ref(connection, ref)
            for ref in ("component:default/shop", "component:default/desk", "group:default/web")
        )
        assert shop
        assert desk
        assert web
        (to_web,) = entities.related(connection, shop.id)
        (to_gone,) = entities.related(connection, desk.id)
        (back,) = entities.related(connection, web.id)
    assert (to_web.type, to_web.ref, to_web.exists, to_web.kind, to_web.title) == (
        "ownedBy", "group:default/web", True, "group", "Web team"
    )  # fmt: skip
    assert (to_gone.exists, to_gone.kind, to_gone.title) == (False, "group", "")
    assert (back.type, back.ref) == ("ownerOf", "component:default/shop")


def test_the_catalog_is_counted_by_kind_and_numbered(letters: Database) -> None:
    with letters.read() as connection:
        assert entities.kind_counts(connection) == {"api": 1, "component": 7}
        before = entities.catalog_seq(connection)
    save(letters, entity("new"), path="other.yaml")
    with letters.read() as connection:
        assert entities.catalog_seq(connection) > before > 0


def test_facets_count_entities_and_keep_the_spelling(database: Database) -> None:
    save(
        database,
        owned("One", "web", metadata={"tags": ["go", "java"]}, spec={"type": "Service"}),
        owned("two", "web", metadata={"tags": ["go"]}, spec={"type": "service", "gone": None}),
        entity("web", "Group", spec={"type": "team"}),
    )
    keys = ["kind", "spec.type", "metadata.tags", "metadata.name", "metadata.namespace"]
    keys += ["relations.ownedBy", "spec.gone", "nope", "\0"]
    with database.read() as connection:
        assert entities.facets(connection, keys) == {
            "kind": [("Component", 2), ("Group", 1)],
            "spec.type": [("Service", 1), ("service", 1), ("team", 1)],
            "metadata.tags": [("go", 2), ("java", 1)],
            "metadata.name": [("One", 1), ("two", 1), ("web", 1)],
            "metadata.namespace": [("default", 3)],
            "relations.ownedBy": [("group:default/web", 2)],
            "spec.gone": [],
            "nope": [],
            "\0": [],
        }
        found = entities.facets(connection, keys[:6], parse_filters(["metadata.tags=java"]))
        assert found == {
            "kind": [("Component", 1)],
            "spec.type": [("Service", 1)],
            "metadata.tags": [("go", 1), ("java", 1)],
            "metadata.name": [("One", 1)],
            "metadata.namespace": [("default", 1)],
            "relations.ownedBy": [("group:default/web", 1)],
        }
