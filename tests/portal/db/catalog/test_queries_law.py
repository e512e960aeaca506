"""The store answers as an evaluation of the query over every entity, one by one, would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import chain
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.entity import Entity
from catalog.queries.cursors import decode, encode
from catalog.queries.predicates import parse_predicate, predicate_of
from catalog.queries.query import (
    All,
    AnyOf,
    EntityQuery,
    Equals,
    Filter,
    FullText,
    Has,
    HasPrefix,
    Not,
    Order,
)
from portal.db.catalog import entities
from portal.db.catalog.facets import facets
from portal.db.catalog.filters import Way
from portal.db.catalog.profiles import matching, profile_of
from portal.db.catalog.questions import Question
from portal.db.engine import Database
from tests.catalog_rows import entity, save

WORDS = ["go", "Go", "java", "a%b", "a_b", "ab", "A", "é", "zz\U0010ffff", "42"]
KINDS = ["Component", "API", "Group"]
KEYS = ["metadata.tags", "metadata.title", "spec.type", "spec.nothing", "metadata.tags.go"]
COLUMN_KEYS = ["kind", "metadata.name", "metadata.namespace"]
RELATIONS = ["relations.ownedby", "relations.ownerof", "relations.nope"]

_words = st.sampled_from(WORDS)


def _entities(seed: int = 40) -> list[Entity]:
    """A fixed catalog in which every word is in every field, alone and beside others."""
    found = []
    for n in range(seed):
        metadata: dict[str, Any] = {"tags": [WORDS[n % 10], WORDS[(n * 3) % 10]][: n % 3]}
        if n % 4:
            metadata["title"] = f"{WORDS[n % 10]} {WORDS[(n * 7) % 10]}"
        if n % 5 == 0:
            metadata["description"] = f"about {WORDS[(n * 7) % 10]}"
        spec: dict[str, Any] = {"type": WORDS[(n // 2) % 10]}
        if n % 6 == 0:
            spec["nothing"] = None
        metadata["tags"] = list({tag.lower(): tag for tag in metadata["tags"]}.values())
        found.append(
            entity(
                f"{'AbC'[n % 3]}-{n % 17}",
                KINDS[n % 3],
                "default" if n % 7 else "other",
                metadata=metadata,
                spec=spec,
                relations=[("ownedBy", f"group:default/c-{n % 5}", "ownerOf")] if n % 3 else [],
            )
        )
    return list({str(one.ref): one for one in found}.values())


@pytest.fixture(scope="module")
def catalogs(pair: list[Database]) -> list[Database]:
    """The same catalog on each of the two databases."""
    for database in pair:
        save(database, *_entities())
    return pair


@pytest.fixture(scope="module")
def rows(catalogs: list[Database]) -> list[dict[str, Any]]:
    """Every entity, as an evaluation sees it."""
    with catalogs[0].read() as connection:
        page = entities.by_query(connection, EntityQuery(limit=1000))
    return [_seen(row, orjson.loads(row.answer())) for row in page.items]


def _seen(row: entities.EntityRow, shown: dict[str, Any]) -> dict[str, Any]:
    metadata, spec = shown["metadata"], shown["spec"]
    values: dict[str, list[str]] = {
        "kind": [shown["kind"]],
        "metadata.name": [metadata["name"]],
        "metadata.namespace": [metadata["namespace"]],
        "metadata.tags": metadata["tags"],
        "spec.type": [spec["type"]],
    }
    for key in ("title", "description"):
        if key in metadata:
            values[f"metadata.{key}"] = [metadata[key]]
    if "nothing" in spec:
        values["spec.nothing"] = []
    for tag in metadata["tags"]:
        values[f"metadata.tags.{tag}".lower()] = ["true"]
    for relation in shown["relations"]:
        values.setdefault(f"relations.{relation['type']}".lower(), []).append(relation["targetRef"])
    lower = {key: [text.lower() for text in texts] for key, texts in values.items()}
    if not metadata["tags"]:
        del lower["metadata.tags"]
    return {"id": row.id, "ref": row.ref, "values": lower, "spelled": values}


def holds(tree: Filter | None, values: dict[str, list[str]]) -> bool:
    """Whether a filter holds for the values of an entity: its meaning, word for word."""
    match tree:
        case None:
            return True
        case All(parts=parts):
            return all(holds(part, values) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, values) for part in parts)
        case Not(part=part):
            return not holds(part, values)
        case Has(key=key):
            return key in values
        case Equals(key=key, values=wanted):
            return any(text in wanted for text in values.get(key, ()))
        case HasPrefix(key=key, prefix=prefix):
            return any(text.startswith(prefix) for text in values.get(key, ()))


_KEY = st.sampled_from([*KEYS, *COLUMN_KEYS, *RELATIONS])
_VALUE = st.one_of(
    _words.map(str.lower),
    st.sampled_from(["component", "api", "group", "default", "other", "a-0", "b-3", "true"]),
    st.integers(0, 5).map("group:default/c-{}".format),
)
_VALUES = st.lists(_VALUE, min_size=1, max_size=3, unique=True).map(tuple)
_LEAF = st.one_of(
    st.builds(Has, key=_KEY),
    st.builds(Equals, key=_KEY, values=_VALUES),
    st.builds(HasPrefix, key=_KEY, prefix=st.one_of(_VALUE, _VALUE.map(lambda text: text[:2]))),
    st.builds(Equals, key=st.just("kind"), values=st.tuples(st.sampled_from(["component", "api"]))),
)
FILTERS = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.builds(All, parts=st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, parts=st.lists(inner, max_size=4).map(tuple)),
        st.builds(Not, part=inner),
    ),
    max_leaves=8,
)
ORDERS = st.one_of(
    st.none(),
    st.builds(
        Order,
        field=st.sampled_from([*KEYS, *COLUMN_KEYS, "nope"]),
        descending=st.booleans(),
    ),
)
TEXTS = st.one_of(
    st.none(),
    st.builds(
        FullText,
        term=st.one_of(
            _words, st.sampled_from(["", " ", "a", "%", "_", "b j", "out", "-1", "t/c-1", "group:"])
        ),
        fields=st.lists(
            st.sampled_from([*KEYS, *COLUMN_KEYS, *RELATIONS, "metadata.description"]), max_size=3
        ).map(tuple),
    ),
)


def expected(
    rows: list[dict[str, Any]], tree: Filter | None, order: Order | None, text: FullText | None
) -> list[str]:
    """The refs of what matches, in order."""
    found = [
        row for row in rows if holds(tree, row["values"]) and _contains(row["values"], text, order)
    ]
    if order is None:
        return [row["ref"] for row in sorted(found, key=lambda row: row["id"])]
    with_value = [row for row in found if row["values"].get(order.field)]
    without = [row for row in found if not row["values"].get(order.field)]
    with_value.sort(key=lambda row: (min(row["values"][order.field]), row["id"]))
    without.sort(key=lambda row: row["id"])
    if order.descending:
        with_value.reverse()
        without.reverse()
    return [row["ref"] for row in [*with_value, *without]]


def _contains(values: dict[str, list[str]], text: FullText | None, order: Order | None) -> bool:
    term = text.term.strip().lower() if text else ""
    if text is None or not term:
        return True
    default = (
        [order.field] if order else ["metadata.name", "metadata.title", "metadata.description"]
    )
    fields = text.fields or default
    return any(term in value for field in fields for value in values.get(field, ()))


@given(FILTERS)
def test_a_predicate_says_what_its_filter_says(tree: Filter) -> None:
    again = parse_predicate(predicate_of(tree))
    assert parse_predicate(predicate_of(again)) == again


@given(st.one_of(st.none(), FILTERS), ORDERS, TEXTS, st.integers(1, 50))
def test_a_query_finds_what_matches_in_order_and_counts_it(
    catalogs: list[Database],
    rows: list[dict[str, Any]],
    tree: Filter | None,
    order: Order | None,
    text: FullText | None,
    limit: int,
) -> None:
    wanted = expected(rows, tree, order, text)
    query = EntityQuery(filter=tree, order=order, full_text=text, limit=limit)
    for database in catalogs:
        with database.read() as connection:
            page = entities.by_query(connection, query)
            assert [row.ref for row in page.items] == wanted[:limit]
            assert page.total == len(wanted)
            assert (page.next_cursor is not None) == (len(wanted) > limit)
            count = entities.by_query(
                connection, EntityQuery(filter=tree, full_text=text, order=order, limit=0)
            )
            assert count.total == len(wanted)


@given(st.one_of(st.none(), FILTERS), ORDERS, st.sampled_from(list(Way)))
def test_every_way_finds_the_same(
    catalogs: list[Database],
    rows: list[dict[str, Any]],
    tree: Filter | None,
    order: Order | None,
    way: Way,
) -> None:
    wanted = expected(rows, tree, order, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Question, "way", property(lambda _asked: way))
        for database in catalogs:
            with database.read() as connection:
                page = entities.by_query(connection, EntityQuery(filter=tree, order=order))
                assert [row.ref for row in page.items] == wanted
                assert page.total == len(wanted)


@pytest.mark.timeout(600)
@given(st.one_of(st.none(), FILTERS), ORDERS, TEXTS, st.integers(1, 9))
def test_a_walk_meets_every_entity_once_forward_and_back(
    catalogs: list[Database],
    rows: list[dict[str, Any]],
    tree: Filter | None,
    order: Order | None,
    text: FullText | None,
    limit: int,
) -> None:
    wanted = expected(rows, tree, order, text)
    query = EntityQuery(filter=tree, order=order, full_text=text, limit=limit)
    for database in catalogs:
        with database.read() as connection:
            pages = [entities.by_query(connection, query)]
            while pages[-1].next_cursor:
                assert encode(decode(pages[-1].next_cursor)) == pages[-1].next_cursor
                after = EntityQuery(cursor=pages[-1].next_cursor, limit=limit)
                pages.append(entities.by_query(connection, after))
            assert [row.ref for page in pages for row in page.items] == wanted
            back = [pages[-1]]
            while back[-1].prev_cursor:
                before = EntityQuery(cursor=back[-1].prev_cursor, limit=limit)
                back.append(entities.by_query(connection, before))
            refs = chain(*([row.ref for row in page.items] for page in reversed(back)))
            assert list(refs) == wanted


@given(st.one_of(st.none(), FILTERS), st.lists(_KEY, min_size=1, max_size=3, unique=True))
def test_facets_count_what_matches(
    catalogs: list[Database], rows: list[dict[str, Any]], tree: Filter | None, keys: list[str]
) -> None:
    wanted: dict[str, dict[str, int]] = {key: {} for key in keys}
    for row in rows:
        if holds(tree, row["values"]):
            spelled = {key.lower(): texts for key, texts in row["spelled"].items()}
            for key in keys:
                for text in spelled.get(key, ()):
                    wanted[key][text] = wanted[key].get(text, 0) + 1
    for database in catalogs:
        with database.read() as connection:
            found = facets(connection, keys, tree)
            ids = matching(connection, tree)
            for key in set(keys) - {"metadata.name", "metadata.uid"}:
                assert profile_of(connection, key).counts(ids) == found[key], key
        assert {key: dict(counts) for key, counts in found.items()} == wanted
        assert all(counts == sorted(counts) for counts in found.values())


def test_a_walk_meets_what_was_there_once_while_others_come(database: Database) -> None:
    """Forward and back, in orders in which new entities come before and behind the page."""
    save(database, *(entity(f"m-{n:03}", metadata={"title": f"{n % 7}"}) for n in range(120)))
    there = {f"component:default/m-{n:03}" for n in range(120)}
    done = threading.Event()

    def insert() -> None:
        for n in range(10_000):
            if done.is_set():
                return
            both = [entity(f"{letter}-{n}", metadata={"title": f"{n % 7}"}) for letter in "az"]
            save(database, *both, path=f"{n}.yaml")

    writer = threading.Thread(target=insert)
    writer.start()
    try:
        for order in (None, Order(field="metadata.name"), Order(field="metadata.title")):
            for way in ("next_cursor", "prev_cursor"):
                met = [row.ref for row in _walk(database, order, way)]
                assert len(met) == len(set(met))
                assert there <= set(met)
    finally:
        done.set()
        writer.join()


def _walk(database: Database, order: Order | None, way: str) -> Iterator[entities.EntityRow]:
    """All pages in one direction, each read by itself, with pauses in which others write."""
    with database.read() as connection:
        page = entities.by_query(connection, EntityQuery(order=order, limit=25))
    if way == "prev_cursor":
        while page.next_cursor:
            with database.read() as connection:
                page = entities.by_query(connection, EntityQuery(cursor=page.next_cursor, limit=25))
    while True:
        yield from page.items
        cursor = page.next_cursor if way == "next_cursor" else page.prev_cursor
        if cursor is None:
            return
        with database.read() as connection:
            page = entities.by_query(connection, EntityQuery(cursor=cursor, limit=25))
