"""GraphQL laid out: what can be asked, the types, and what is no schema."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_shop import Shop, api, put
from page_structure import faults

from portal.openapi import MOST_OPERATIONS
from portal.ui.models.apis.graphql import graphql_outline
from portal.ui.models.apis.graphql_types import NotUnderstood

SCHEMA = '''\
# What the shop can be asked.
schema @link(url: "https://example.com", import: ["@key", {name: "@x"}]) { query: Root, mutation: Mutation }

directive @key(fields: String!) repeatable on OBJECT | INTERFACE
scalar Date @specifiedBy(url: "https://example.com/date")

"""
What can be asked.
"""
type Root {
  """
  One order.

  By its number.
  """
  order(id: ID!, "When it was" at: Date = "2026-01-01", only: [State!]! = [OPEN, {a: 1}]): Order
  old: Int @deprecated(reason: "Use `order`")
}

type Mutation { cancel(input: Cancel!): Order! }
input Cancel { id: ID!, why: String = null }
interface Node { id: ID! }
"Something bought"
type Order implements Node & Priced @key(fields: "id") {
  id: ID!
  items(first: Int = 10, after: String): [Item!]!
}
type Item { type: String, on: Boolean }
extend type Item { price: Float! }
union Thing = | Order | Item
enum State { "Not paid" OPEN PAID @deprecated }
'''


def test_what_can_be_asked_is_laid_out_with_arguments_and_what_it_returns() -> None:
    found = graphql_outline(SCHEMA)
    query, mutation = found.groups
    assert (query.tag, query.about) == ("query", "What can be asked.")
    order, old = query.operations
    assert (order.method, order.path, order.summary) == ("QUERY", "order", "One order.")
    assert order.description == "By its number."
    assert [(one.name, one.type, one.description) for one in order.parameters] == [
        ("id", "ID!", ""),
        ("at", "Date", "When it was"),
        ("only", "[State!]!", ""),
    ]
    assert [one.schema for one in order.replies] == ["Order"]
    assert (old.deprecated, order.deprecated) == (True, False)
    assert [one.path for one in mutation.operations] == ["cancel"]


def test_types_are_laid_out_with_their_extensions_and_without_the_roots() -> None:
    shapes = {one.name: one for one in graphql_outline(SCHEMA).shapes}
    assert {name: one.type for name, one in shapes.items()} == {
        "Date": "scalar",
        "Cancel": "input",
        "Node": "interface",
        "Order": "type",
        "Item": "type",
        "Thing": "union",
        "State": "enum",
    }
    assert [one.name for one in shapes["Order"].fields] == [
        "id",
        "items(first: Int, after: String)",
    ]
    assert [one.type for one in shapes["Order"].fields] == ["ID!", "[Item!]!"]
    assert [one.name for one in shapes["Item"].fields] == ["type", "on", "price"]
    assert [one.name for one in shapes["Thing"].fields] == ["Order", "Item"]
    assert [(one.name, one.description) for one in shapes["State"].fields] == [
        ("OPEN", "Not paid"),
        ("PAID", "Deprecated. "),
    ]


def test_roots_have_their_usual_names_where_the_schema_says_nothing() -> None:
    found = graphql_outline("type Query { a: Int } type Subscription { b: [Int] }")
    assert [one.tag for one in found.groups] == ["query", "subscription"]
    assert found.shapes == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("type A {\n  a: Int\n", 3),
        ("type A {\n  a Int\n}", 2),
        ("query { a }", 1),
        ("type A { a: Int }\n\nnonsense", 3),
        ("type A { a: Int }\n%", 2),
        ('type A { a: "text" }', 1),
        ("type A { a(b: Int = ): Int }", 1),
        ("union A = ", 1),
        ("directive @a(b: Int) OBJECT", 1),
        ("type A { a: " + "[" * 10_000, 1),
        ("type A { " + "a(" * 10_000, 1),
        ("type A { a(b: Int = " + "[" * 10_000, 1),
        ('"""never closed', 1),
    ],
)
def test_what_is_no_schema_says_from_which_line_on(text: str, line: int) -> None:
    with pytest.raises(NotUnderstood) as fault:
        graphql_outline(text)
    assert fault.value.line == line


@given(st.text(alphabet='type A{}()[]:!=@|&"#\\\n,$.0é', max_size=200))
def test_any_text_is_a_schema_or_is_not_understood(text: str) -> None:
    lines = range(1, text.count("\n") + 2)
    try:
        graphql_outline(text)
    except NotUnderstood as fault:
        lines = lines if fault.line in lines else range(0)
    assert lines


def test_outline_is_bounded() -> None:
    fields = " ".join(f"f{n}: Int" for n in range(MOST_OPERATIONS + 7))
    found = graphql_outline(f"type Query {{ {fields} }} type Wide {{ {fields} }}")
    assert found.hidden == 7
    assert sum(len(one.operations) for one in found.groups) == MOST_OPERATIONS
    assert found.shapes[0].more > 0


def test_page_links_types_as_they_are_written(shop: Shop) -> None:
    put(shop.portal, shop.location, "api.yaml", api("ask", "graphql", SCHEMA))
    page = shop.get("/catalog/api/default/ask?tab=api")
    assert faults(page) == []
    assert '<span class="tag">QUERY</span>' in page
    assert '<a href="#schema-Item">[Item!]!</a>' in page
    assert 'Returns <code><a href="#schema-Order">Order</a></code>' in page
    assert "<h2>Types</h2>" in page


def test_page_of_what_is_no_schema_has_the_text_and_says_why(shop: Shop) -> None:
    put(shop.portal, shop.location, "api.yaml", api("ask", "graphql", "type A {\n  a Int\n}\n"))
    page = shop.get("/catalog/api/default/ask?tab=api")
    assert "It is shown as text: from line 2 on" in page
    assert "type A {" in page
