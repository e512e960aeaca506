import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import QueryError
from catalog.queries.predicates import parse_entity_filter, parse_predicate, predicate_of
from catalog.queries.query import (
    All,
    AnyOf,
    Equals,
    Filter,
    Has,
    HasPrefix,
    Not,
    Order,
    parse_filters,
    parse_order,
)

KIND = Equals(key="kind", values=("component",))


def test_commas_mean_and_and_repeated_parameters_mean_or() -> None:
    api = Equals(key="kind", values=("api",))
    title = Has(key="metadata.title")
    assert parse_filters(["kind=Component , metadata.title", "kind=API"]) == AnyOf(
        parts=(All(parts=(KIND, title)), api)
    )


def test_values_of_the_same_key_are_alternatives() -> None:
    assert parse_filters(["kind=user,kind=group,kind=USER"]) == Equals(
        key="kind", values=("user", "group")
    )


def test_the_same_key_in_another_spelling_is_a_condition_of_its_own() -> None:
    user, group = (Equals(key="kind", values=(value,)) for value in ("user", "group"))
    assert parse_filters(["kind=user,Kind=group"]) == All(parts=(user, group))


def test_a_bare_key_is_part_of_its_own_equality() -> None:
    assert parse_filters(["kind,kind=component"]) == KIND


def test_a_key_with_an_equals_sign_and_nothing_else_is_the_empty_text() -> None:
    assert parse_filters(["metadata.title="]) == Equals(key="metadata.title", values=("",))


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parse_filters(["metadata.annotations.a=b=c"]) == Equals(
        key="metadata.annotations.a", values=("b=c",)
    )


@pytest.mark.parametrize("texts", [[], [","], [" , ,"]])
def test_nothing_asked_is_no_filter(texts: list[str]) -> None:
    assert parse_filters(texts) is None


def test_a_value_without_a_key_is_refused_in_backstages_words() -> None:
    with pytest.raises(QueryError) as refused:
        parse_filters(["kind=api,=x"])
    assert str(refused.value) == (
        "Invalid filter, '=x' is not a valid statement "
        "(expected a string on the form a=b or a= or a)"
    )


def test_a_filter_has_an_end() -> None:
    with pytest.raises(QueryError, match="over 800 statements"):
        parse_filters(["a," * 500, "b," * 500])


def test_an_order_has_a_direction() -> None:
    assert parse_order("metadata.name") == Order(field="metadata.name")
    assert parse_order("metadata.Name,desc") == Order(field="metadata.name", descending=True)
    assert parse_order("metadata.name,asc,desc") == Order(field="metadata.name")


@pytest.mark.parametrize("direction", ["up", "DESC", " asc", ""])
def test_another_direction_is_refused(direction: str) -> None:
    with pytest.raises(QueryError, match="Invalid order field order, must be asc or desc"):
        parse_order(f"metadata.name,{direction}")


def test_a_predicate_is_the_same_tree_as_a_filter() -> None:
    assert parse_predicate({"kind": "Component", "Metadata.Title": {"$exists": True}}) == (
        parse_filters(["kind=component,metadata.title"])
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$in": ["A", 1, True]}, Equals(key="k", values=("a", "1", "true"))),
        ({"$exists": False}, Not(part=Has(key="k"))),
        ({"$hasPrefix": "Pay"}, HasPrefix(key="k", prefix="pay")),
        ({"$contains": "Java"}, Equals(key="k", values=("java",))),
        (1.5, Equals(key="k", values=("1.5",))),
        (2.0, Equals(key="k", values=("2",))),
        (1e-7, Equals(key="k", values=("1e-7",))),
        (1e21, Equals(key="k", values=("1e+21",))),
        (12345678901234567890, Equals(key="k", values=("12345678901234567000",))),
        ({"$in": [-0.0, 0.1]}, Equals(key="k", values=("0", "0.1"))),
        (False, Equals(key="k", values=("false",))),
    ],
)
def test_conditions_of_a_predicate(value: Any, expected: Filter) -> None:
    assert parse_predicate({"k": value}) == expected


def test_logic_of_a_predicate() -> None:
    kind = {"kind": "component"}
    assert parse_predicate({"$not": {"$any": [kind, {"$all": []}]}}) == Not(
        part=AnyOf(parts=(KIND, All(parts=())))
    )
    assert parse_predicate({}) == All(parts=())


def test_a_relation_is_looked_for_by_type_and_target() -> None:
    def relation(**inner: Any) -> Filter:
        return parse_predicate({"relations": {"$contains": inner}})

    assert relation(type="ownedBy") == Has(key="relations.ownedby")
    assert relation(type="ownedBy", targetRef="group:default/A") == Equals(
        key="relations.ownedby", values=("group:default/a",)
    )
    assert relation(type="ownedBy", targetRef={"$in": ["a", "b"]}) == Equals(
        key="relations.ownedby", values=("a", "b")
    )
    assert relation(Type="ownedBy", targetref="A") == Equals(key="relations.ownedby", values=("a",))


def test_other_lists_are_not_looked_into() -> None:
    with pytest.raises(QueryError) as refused:
        parse_predicate({"metadata.links": {"$contains": {"url": "x"}}})
    assert str(refused.value) == (
        'Object form of $contains is not supported for field "metadata.links"'
    )


@pytest.mark.parametrize(
    "data",
    [
        "x",
        ["x"],
        None,
        {"kind": {"$regex": "x"}},
        {"kind": None},
        {"kind": ["a"]},
        {"kind": {"$in": [{}]}},
        {"kind": {"$in": ["a"], "$exists": True}},
        {"$all": ["x"]},
        {"$any": {}},
        {"$all": [], "kind": "x"},
        {"$nor": []},
        {"relations": {"$contains": {"targetRef": "x"}}},
        {"relations": {"$contains": {"type": ""}}},
        {"relations": {"$contains": {"type": "x", "Type": "x"}}},
        {"relations": {"$contains": {"type": "x", "targetRef": {"$in": []}}}},
        {"k": {"$in": ["x"] * 20_000}},
    ],
)
def test_what_is_no_predicate_is_refused(data: Any) -> None:
    with pytest.raises(QueryError, match=r"^Invalid query: Validation error: "):
        parse_predicate(data)


@pytest.mark.parametrize(
    ("data", "shown"), [(None, "null"), (True, "true"), ("x", "x"), ([], "[]")]
)
def test_a_refusal_shows_what_the_client_wrote(data: Any, shown: str) -> None:
    with pytest.raises(QueryError, match=f"found {re.escape(shown)}$"):
        parse_predicate({"$not": data})


def test_a_predicate_may_not_be_nested_without_end() -> None:
    data: Any = {"kind": "x"}
    for _ in range(100):
        data = {"$not": data}
    with pytest.raises(QueryError, match="20 levels"):
        parse_predicate(data)


def test_the_older_form_of_filters_is_read() -> None:
    data: Any = {"allOf": [{"key": "Kind", "values": ["Component"]}, {"not": {"key": "a"}}]}
    assert parse_entity_filter(data) == All(parts=(KIND, Not(part=Has(key="a"))))
    assert parse_entity_filter({"anyOf": []}) == AnyOf(parts=())
    with pytest.raises(QueryError):
        parse_entity_filter({"key": 1})


keys = st.text("abc.", min_size=1, max_size=5)
texts = st.text(max_size=5).map(str.lower).filter(lambda text: text == text.lower())
leaves: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Has, key=keys),
    st.builds(HasPrefix, key=keys, prefix=texts),
    st.builds(Equals, key=keys, values=st.lists(texts, max_size=3, unique=True).map(tuple)),
)
trees: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(Not, part=parts),
        st.builds(All, parts=st.lists(parts, max_size=3).map(tuple)),
        st.builds(AnyOf, parts=st.lists(parts, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(trees)
def test_every_filter_can_be_written_as_a_predicate(tree: Filter) -> None:
    assert parse_predicate(predicate_of(tree)) == tree
