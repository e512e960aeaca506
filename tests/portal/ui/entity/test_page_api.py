"""The API tab: what an API entity defines, laid out, as text, or with what is wrong with it."""

from __future__ import annotations

import orjson
import pytest
from page_shop import OPENAPI, Shop, api, put
from page_structure import faults

from portal.openapi import MOST_OPERATIONS, outline

TAB = "/catalog/api/default/shop?tab=api"


def page_of(shop: Shop, kind: str, text: str) -> str:
    put(shop.portal, shop.location, "api.yaml", api("shop", kind, text))
    page = shop.get(TAB)
    assert faults(page) == []
    return page


def test_operations_are_laid_out_with_parameters_bodies_and_answers(shop: Shop) -> None:
    page = page_of(shop, "openapi", OPENAPI)
    assert "Orders &lt;api&gt;" in page
    assert "Takes <em>orders</em>." in page
    assert "What is bought." in page
    get, put_ = page.split('<span class="tag">GET</span>')[1].split('<span class="tag">PUT</span>')
    assert "Get an order &lt;script&gt;" in get
    assert "<code>id</code>" in get
    assert "integer 1–9" in get
    assert '<a href="#schema-Order">Order</a>' in get
    assert "deprecated" in put_
    assert 'list of <a href="#schema-Order">Order</a>' in put_
    assert "list of string" in put_.split('id="schema-Order"')[1]


@pytest.mark.parametrize("kind", ["grpc", "graphql", "trpc"])
def test_other_formats_are_shown_as_text(shop: Shop, kind: str) -> None:
    page = page_of(shop, kind, 'syntax = "proto3"; // <script>\n')
    assert "syntax = &#34;proto3&#34;; // &lt;script&gt;" in page
    assert 'role="alert"' not in page


def test_a_broken_definition_says_what_and_where(shop: Shop) -> None:
    page = page_of(shop, "openapi", "openapi: 3.1.0\ninfo:\n  title: [a\n  version: 1\n")
    assert "The definition cannot be read as OpenAPI." in page
    assert "spec.definition:" in page
    assert '<tr class="hit">' in page
    page = page_of(shop, "openapi", "swagg: 3.1.0\n")
    assert "It has no <code>openapi</code> at the top" in page


def test_an_api_without_a_definition_and_what_is_no_api_have_nothing_to_lay_out(shop: Shop) -> None:
    page = page_of(shop, "openapi", "$text: x\n")
    assert "cannot be read" in page
    assert "?tab=api" not in shop.get("/catalog/component/default/orders")


def test_a_huge_definition_is_shown_as_text_only(shop: Shop) -> None:
    page = page_of(shop, "openapi", OPENAPI + "# " + "x" * 500_000 + "\n")
    assert "too large to be laid out" in page
    assert len(page) < 300_000


@pytest.mark.parametrize(
    "document",
    [
        {"paths": {"/a": {"$ref": "#/paths/~1a"}}},
        {"paths": {"/a": {"get": {"parameters": [{"$ref": "#/x"}]}}}, "x": {"$ref": "#/x"}},
        {"paths": {"/a": {"get": {"parameters": {"a": 1}, "responses": [1], "tags": [[1]]}}}},
        {"paths": ["a"], "info": 3, "tags": "x", "components": {"schemas": {"A": 4}}},
        {"paths": {"/a": {"get": {"responses": {"200": {"content": {"x": 7}}}}}}},
        {"components": {"schemas": {"A": {"properties": {"a": {"allOf": [1, {"enum": [{}]}]}}}}}},
        {"definitions": {"A": {"type": ["a", 3], "required": 5, "properties": {"b": None}}}},
    ],
)
def test_whatever_a_definition_holds_it_has_an_outline(document: object) -> None:
    assert outline(orjson.loads(orjson.dumps(document))) is not None


def test_an_outline_is_bounded() -> None:
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"type": "array", "items": deep}
    paths = {f"/{n}": {"get": {"summary": "x" * 9_000}} for n in range(MOST_OPERATIONS + 7)}
    found = outline({"paths": paths, "definitions": {"Deep": deep}})
    assert found.hidden == 7
    assert sum(len(group.operations) for group in found.groups) == MOST_OPERATIONS
    assert len(found.groups[0].operations[0].summary) < 5_000
    wide = outline({"definitions": {"Wide": {"properties": {f"f{n}": {} for n in range(63)}}}})
    assert wide.shapes[0].more == 3
    assert found.shapes[0].type == "list of " * 5 + "…"


def test_nothing_of_our_own_description_is_left_out(shop: Shop) -> None:
    found = outline(shop.client.get("/api/v1/openapi.json").json)
    assert (found.hidden, found.hidden_shapes) == (0, 0)
    assert all(one.more == 0 for one in found.shapes)
    assert any(one.body for group in found.groups for one in group.operations)
