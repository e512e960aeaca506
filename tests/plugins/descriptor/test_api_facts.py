"""The facts `api.*`."""

from __future__ import annotations

from typing import Any

import pytest
from pluginworld import collect_one, make_subject, value_of

from plugins.contract import FailedFact, Missing, Unknown
from plugins.descriptor.collector import Descriptors

OPENAPI = """
openapi: 3.1.0
info: {title: Pay, version: 1.2.0}
paths:
  /payments:
    summary: Payments
    get: {summary: All payments}
    post: {description: A new payment}
  /payments/{id}:
    parameters: []
    get: {operationId: one}
"""
ASYNCAPI_2 = """
asyncapi: 2.6.0
info: {title: Events, version: '3'}
channels:
  paid:
    publish: {summary: Somebody paid}
    subscribe: {}
"""
ASYNCAPI_3 = """
asyncapi: 3.0.0
info: {title: Events, version: 4.0.0}
operations:
  paid: {action: send, description: Somebody paid}
"""


def api(definition: Any, kind: str = "openapi") -> dict[str, Any]:
    return {
        "metadata": {"name": "pay"},
        "kind": "API",
        "spec": {"type": kind, "definition": definition},
    }


def facts_of(entity: dict[str, Any], **more: Any) -> dict[str, Any]:
    facts = collect_one(Descriptors(), None, make_subject(entity=entity, **more))
    return {n.removeprefix("api."): value_of(s) for n, s in facts.items() if n.startswith("api.")}


@pytest.mark.parametrize(
    ("definition", "kind", "version", "operations", "described"),
    [
        (OPENAPI, "openapi", "1.2.0", 3, 2),
        ('{"swagger": "2.0", "info": {"version": "1"}, "paths": {}}', "OpenAPI", "1", 0, 0),
        (ASYNCAPI_2, "asyncapi", "3", 2, 1),
        (ASYNCAPI_3, "asyncapi", "4.0.0", 1, 1),
        ({"openapi": "3.0.0", "info": {"version": "2"}, "paths": {}}, "openapi", "2", 0, 0),
    ],
)
def test_definition_is_counted(
    definition: Any, kind: str, version: str, operations: int, described: int
) -> None:
    facts = facts_of(api(definition, kind))
    assert facts["definition_parses"] is True
    assert facts["definition_format"] == kind.lower()
    assert facts["version"] == version
    assert (facts["operations"], facts["operations_described"]) == (operations, described)


@pytest.mark.parametrize(
    "definition",
    [
        "",
        "just text",
        "openapi: 3.0.0\npaths: [",
        "- openapi",
        "asyncapi: 2.0.0",
        "a: 1\n---\nb: 2",
    ],
)
def test_definition_that_is_not_what_it_says_does_not_parse(definition: str) -> None:
    facts = facts_of(api(definition))
    assert facts["definition_parses"] is False
    assert isinstance(facts["operations"], Missing)


@pytest.mark.parametrize("kind", ["graphql", "grpc", "crd", "mcp-server", ""])
def test_nothing_is_claimed_about_formats_that_are_not_read(kind: str) -> None:
    facts = facts_of(api("type Query { a: Int }", kind))
    assert isinstance(facts["definition_parses"], FailedFact)
    assert facts["definition_parses"].reason is Unknown.NOT_COLLECTED
    assert facts["definition_format"] == (kind or Missing(looked_for="spec.type"))


def test_placeholder_that_was_not_filled_in_is_unknown() -> None:
    assert isinstance(facts_of(api({"$text": "./x.yaml"}))["definition_parses"], FailedFact)


def test_definition_over_our_limits_is_unknown_and_not_broken() -> None:
    deep = "openapi: 3.0.0\nx: " + "[" * 500 + "]" * 500
    assert isinstance(facts_of(api(deep))["definition_parses"], FailedFact)


def component(*apis: str) -> dict[str, Any]:
    return {"metadata": {"name": "x"}, "kind": "Component", "spec": {"providesApis": list(apis)}}


def test_provided_apis_are_counted_with_those_that_exist_and_parse() -> None:
    facts = facts_of(
        component("good", "bad", "gone"),
        neighbors={"api:default/good": api(OPENAPI), "api:default/bad": api("nonsense")},
    )
    assert (facts["provided"], facts["provided_existing"], facts["provided_parsing"]) == (3, 2, 1)
    assert isinstance(facts["definition_parses"], Missing)


def test_provided_api_in_a_format_that_is_not_read_leaves_the_count_unknown() -> None:
    facts = facts_of(
        component("good", "graph"),
        neighbors={"api:default/good": api(OPENAPI), "api:default/graph": api("x", "graphql")},
    )
    assert facts["provided_existing"] == 2
    assert isinstance(facts["provided_parsing"], FailedFact)
    assert "api:default/graph" in facts["provided_parsing"].detail


def test_entity_without_apis_misses_the_counts() -> None:
    assert facts_of(component())["provided"] == Missing(looked_for="spec.providesApis")
