"""The built-in kinds: required fields, versions and variants of each."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.descriptor.validation import validate
from catalog.kinds.registry import builtin_kinds
from catalog.problems import Severity

V1 = "backstage.io/v1alpha1"
TEMPLATE = "scaffolder.backstage.io/v1beta3"

VALID: list[tuple[str, str, dict[str, Any]]] = [
    ("Component", V1, {"type": "service", "lifecycle": "x", "owner": "a", "dependencyOf": "b:c"}),
    (
        "API",
        "backstage.io/v1beta1",
        {"type": "grpc", "lifecycle": "x", "owner": "a", "definition": "d"},
    ),
    (
        "API",
        V1,
        {
            "type": "mcp-server",
            "lifecycle": "x",
            "owner": "a",
            "remotes": [{"type": "sse", "url": "https://example.com"}],
        },
    ),
    ("Resource", V1, {"type": "database", "owner": "a"}),
    ("Resource", V1, {"type": "database", "owner": "a", "dependencyOf": "b:c"}),
    ("Resource", V1, {"type": "database", "owner": "a", "dependencyOf": None}),
    ("System", V1, {"owner": "a"}),
    ("Domain", V1, {"owner": "a", "subdomainOf": "b"}),
    ("Group", V1, {"type": "team", "children": [], "profile": {"email": "a@example.com"}}),
    ("User", V1, {"memberOf": []}),
    ("Location", V1, {}),
    ("Location", V1, {"targets": [], "presence": "optional"}),
    ("Template", TEMPLATE, {"type": "service", "steps": [{"action": "x:y", "if": True}]}),
    (
        "Template",
        TEMPLATE,
        {"type": "service", "steps": [], "parameters": {}, "output": {"links": [], "any": "text"}},
    ),
    ("Template", TEMPLATE, {"type": "x", "steps": [], "formDecorators": [{"input": {}}]}),
    ("Template", TEMPLATE, {"type": "x", "steps": [], "parameters": [{"when": True}]}),
    ("AiResource", V1, {"type": "skill", "lifecycle": "x", "owner": "a"}),
    ("AiResource", V1, {"type": "plugin", "lifecycle": "x", "owner": "a", "skills": ["b"]}),
    (
        "AiResource",
        V1,
        {"type": "rule", "lifecycle": "x", "owner": "a", "category": "b", "rationale": "c"},
    ),
    (
        "AiResource",
        V1,
        {"type": "marketplace", "lifecycle": "x", "owner": "a", "plugins": [], "version": "1"},
    ),
    ("AiResource", V1, {"type": "something-else", "lifecycle": "x", "owner": "a", "skills": 3}),
]

INVALID: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("API", V1, {"type": "grpc", "lifecycle": "x", "owner": "a"}, {"/spec/definition"}),
    ("API", V1, {"type": "mcp-server", "lifecycle": "x", "owner": "a"}, {"/spec/remotes"}),
    (
        "API",
        V1,
        {"type": "mcp-server", "lifecycle": "x", "owner": "a", "remotes": [{"type": "sse"}]},
        {"/spec/remotes/0/url"},
    ),
    ("Resource", V1, {"dependsOn": [1]}, {"/spec/type", "/spec/owner", "/spec/dependsOn/0"}),
    ("Group", V1, {"type": "team"}, {"/spec/children"}),
    ("User", V1, {}, {"/spec/memberOf"}),
    ("Location", V1, {"presence": "maybe"}, {"/spec/presence"}),
    ("Template", TEMPLATE, {"type": "x", "steps": [{"id": "a"}]}, {"/spec/steps/0/action"}),
    ("Template", TEMPLATE, {"type": "x", "steps": [], "output": {"a": 1}}, {"/spec/output/a"}),
    (
        "Template",
        TEMPLATE,
        {"type": "x", "steps": [], "output": {"text": [{"title": ""}]}},
        {"/spec/output/text/0/title"},
    ),
    (
        "Template",
        TEMPLATE,
        {"type": "x", "steps": [], "parameters": [{"when": 1}]},
        {"/spec/parameters/0/when"},
    ),
    (
        "Template",
        TEMPLATE,
        {"type": "x", "steps": [], "parameters": {"backstage:permissions": {"tags": "a"}}},
        {"/spec/parameters/backstage:permissions/tags"},
    ),
    (
        "Template",
        TEMPLATE,
        {"type": "x", "steps": [], "EXPERIMENTAL_formDecorators": [{"id": 1}]},
        {"/spec/EXPERIMENTAL_formDecorators/0/id"},
    ),
    (
        "AiResource",
        V1,
        {"type": "rule", "lifecycle": "x", "owner": "a"},
        {"/spec/category", "/spec/rationale"},
    ),
    ("AiResource", V1, {"type": "plugin", "lifecycle": "x", "owner": "a"}, {"/spec/skills"}),
    ("AiResource", V1, {"type": "marketplace", "lifecycle": "x", "owner": "a"}, {"/spec/plugins"}),
    (
        "AiResource",
        V1,
        {"type": "skill", "lifecycle": "x", "owner": "a", "allowedTools": ["Read"], "license": ""},
        {"/spec/allowedTools", "/spec/license"},
    ),
    (
        "AiResource",
        V1,
        {"type": "skill", "lifecycle": "x", "owner": "a", "compatibility": "c" * 501},
        {"/spec/compatibility"},
    ),
]


def errors(kind: str, version: str, spec: dict[str, Any]) -> set[str]:
    data = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}
    found = validate(data, builtin_kinds())
    return {problem.pointer for problem in found if problem.severity is Severity.ERROR}


@pytest.mark.parametrize(("kind", "version", "spec"), VALID)
def test_valid_spec_is_accepted(kind: str, version: str, spec: dict[str, Any]) -> None:
    assert errors(kind, version, spec) == set()


@pytest.mark.parametrize(("kind", "version", "spec", "pointers"), INVALID)
def test_invalid_spec_is_refused_at_its_field(
    kind: str, version: str, spec: dict[str, Any], pointers: set[str]
) -> None:
    assert errors(kind, version, spec) == pointers


def test_every_relation_field_is_a_field_of_its_kind() -> None:
    for kind in builtin_kinds().by_name.values():
        assert {relation.field for relation in kind.relations} <= set(kind.fields)
        assert set(kind.usual) <= set(kind.fields)
        assert set(kind.required) <= set(kind.fields)


def test_kinds_are_loaded_once() -> None:
    assert builtin_kinds() is builtin_kinds()
