import pytest

from catalog.queries.predicates import parse_predicate
from catalog.queries.query import Filter, Order, parse_filters
from portal.db.catalog import answerable
from portal.db.catalog.answerable import Answerable
from portal.db.catalog.entities import by_ids
from portal.db.catalog.selection import ids_in_order, matching
from portal.db.engine import Database
from tests.catalog_rows import entity, owned, save


@pytest.fixture
def filled(database: Database) -> Database:
    save(
        database,
        owned("a", "web", metadata={"tags": ["x", "Y"], "title": "One"}, spec={"n": None}),
        owned("B", "web", namespace="other", metadata={"tags": ["x"]}, spec={"n": 1, "s": "a-b"}),
        entity("c", spec={"n": 12, "s": "c"}),
        entity("web", "Group"),
    )
    return database


TREES = [
    *(
        parse_filters([text])
        for text in (
            "kind=component",
            "kind=component,kind=group",
            "metadata.name=b",
            "metadata.namespace=other,metadata.tags=x",
            "metadata.tags",
            "metadata.tags.y=true",
            "metadata.title=one",
            "metadata.title=",
            "spec.n",
            "spec.n=null",
            "spec.n=1,spec.n=12",
            "relations.ownedby",
            "relations.OwnedBy=Group:default/web",
            "relations.ownerof=component:default/a",
            "relations.ownerof=component:default/c",
            "nope",
        )
    ),
    *(
        parse_predicate(data)
        for data in (
            {"$not": {"spec.n": {"$exists": True}}},
            {"$any": [{"spec.s": {"$hasPrefix": "A"}}, {"kind": "group"}]},
            {"$all": []},
            {"$any": []},
            {"$not": {"$all": [{"metadata.tags": {"$in": ["y", "z"]}}, {"kind": "component"}]}},
            {"metadata.name": {"$hasPrefix": "W"}},
            {"relations": {"$contains": {"type": "ownedBy"}}},
            {"relations.ownedBy": {"$hasPrefix": "group:"}},
        )
    ),
]


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_an_entity_matches_by_itself_as_it_does_in_the_index(
    filled: Database, tree: Filter
) -> None:
    with filled.read() as connection:
        every = ids_in_order(connection, None)
        found = ids_in_order(connection, tree)
        assert matching(connection, by_ids(connection, every), tree) == set(found)
        assert matching(connection, by_ids(connection, every[:2]), tree) == set(found) & {
            *every[:2]
        }


def test_the_trees_tell_entities_apart(filled: Database) -> None:
    with filled.read() as connection:
        sizes = {len(ids_in_order(connection, tree)) for tree in TREES}
    assert sizes == {0, 1, 2, 3, 4}


def test_ids_come_in_order_and_in_parts(filled: Database) -> None:
    with filled.read() as connection:

        def refs(*orders: Order, limit: int | None = None, offset: int = 0) -> list[str]:
            ids = ids_in_order(connection, None, orders, limit=limit, offset=offset)
            return [row.ref.partition(":")[2] for row in by_ids(connection, ids)]

        every = ["default/a", "default/c", "other/b", "default/web"]
        assert refs() == every
        assert refs(limit=2, offset=1) == every[1:3]
        assert refs(offset=3) == every[3:]
        by_name = Order(field="metadata.name", descending=True)
        assert refs(by_name) == ["default/web", "default/c", "other/b", "default/a"]
        by_text = Order(field="spec.s", descending=True)
        assert refs(by_text, by_name) == ["default/c", "other/b", "default/web", "default/a"]
        assert refs(Order(field="no\0pe"), by_name) == refs(by_name)


def test_what_is_read_for_an_answer_makes_the_same_answer(filled: Database) -> None:
    with filled.read() as connection:
        ids = ids_in_order(connection, None)[::-1]
        rows = by_ids(connection, ids)
        from_parts = answerable.by_ids(connection, [*ids, 10**9], Answerable.answer)
        assert from_parts == [row.answer() for row in rows]
        by_ref = answerable.by_refs(connection, [row.ref for row in rows], Answerable.answer)
        assert by_ref == [row.answer() for row in rows]
