"""Relations: both directions of what an entity states, and references that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.descriptor.relations import relate
from catalog.kinds.registry import builtin_kinds
from catalog.problems import Problem
from catalog.refs import EntityRef


def related(
    kind: str, spec: dict[str, Any], namespace: str = "default"
) -> tuple[set[tuple[str, str, str]], list[Problem]]:
    ref = EntityRef(kind=kind, namespace=namespace, name="Self")
    relations, problems = relate(ref, spec, builtin_kinds().by_name[kind])
    assert list(relations) == sorted(set(relations))
    return {tuple(relation) for relation in relations}, problems


@pytest.mark.parametrize(
    ("kind", "field", "value", "forward", "backward", "target"),
    [
        ("Component", "owner", "a", "ownedBy", "ownerOf", "group:default/a"),
        ("Template", "owner", "user:a", "ownedBy", "ownerOf", "user:default/a"),
        ("Component", "system", "a", "partOf", "hasPart", "system:default/a"),
        ("Component", "subcomponentOf", "a", "partOf", "hasPart", "component:default/a"),
        ("System", "domain", "a", "partOf", "hasPart", "domain:default/a"),
        ("Domain", "subdomainOf", "a", "partOf", "hasPart", "domain:default/a"),
        ("Component", "providesApis", ["a"], "providesApi", "apiProvidedBy", "api:default/a"),
        ("Component", "consumesApis", ["a"], "consumesApi", "apiConsumedBy", "api:default/a"),
        ("Resource", "dependsOn", ["API:b/a"], "dependsOn", "dependencyOf", "api:b/a"),
        ("Component", "dependencyOf", "r:a", "dependencyOf", "dependsOn", "r:default/a"),
        ("User", "memberOf", ["a"], "memberOf", "hasMember", "group:default/a"),
        ("Group", "parent", "a", "childOf", "parentOf", "group:default/a"),
        ("Group", "children", ["a"], "parentOf", "childOf", "group:default/a"),
        ("Group", "members", ["a"], "hasMember", "memberOf", "user:default/a"),
        ("AiResource", "owner", "user:a", "ownedBy", "ownerOf", "user:default/a"),
        ("AiResource", "system", "a", "partOf", "hasPart", "system:default/a"),
    ],
)
def test_field_states_both_directions(
    kind: str, field: str, value: object, forward: str, backward: str, target: str
) -> None:
    found, problems = related(kind, {field: value})
    this = f"{kind.lower()}:default/self"
    assert found == {(this, forward, target), (target, backward, this)}
    assert not problems


@pytest.mark.parametrize(
    ("spec_type", "field", "forward", "backward"),
    [
        ("skill", "dependsOn", "dependsOn", "dependencyOf"),
        ("plugin", "skills", "hasPart", "partOf"),
        ("marketplace", "plugins", "hasPart", "partOf"),
    ],
)
def test_field_of_some_types_states_nothing_with_others(
    spec_type: str, field: str, forward: str, backward: str
) -> None:
    this, other = "airesource:default/self", "airesource:default/a"
    found, problems = related("AiResource", {"type": spec_type, field: ["a"]})
    assert found == {(this, forward, other), (other, backward, this)}
    assert not problems
    assert related("AiResource", {"type": "rule", field: ["a"]}) == (set(), [])


def test_reference_to_a_kind_that_is_not_allowed_states_nothing_and_warns() -> None:
    found, problems = related("AiResource", {"owner": "component:a"})
    assert found == set()
    assert [(p.code, p.severity, p.pointer) for p in problems] == [
        ("REF_KIND", "warning", "/spec/owner")
    ]
    assert problems[0].expected == "a reference to Group or User"
    assert related("AiResource", {"owner": "GROUP:a"})[1] == []


def test_own_namespace_is_the_default() -> None:
    found, _ = related("Component", {"owner": "a"}, namespace="shop")
    assert ("component:shop/self", "ownedBy", "group:shop/a") in found


def test_repeated_targets_are_one_relation() -> None:
    found, _ = related("Component", {"dependsOn": ["component:a", "Component:default/A"]})
    assert len(found) == 2


def test_dependency_without_kind_is_a_problem_at_its_item() -> None:
    found, problems = related("Component", {"dependsOn": ["component:a", "b", ""]})
    assert len(found) == 2
    assert [problem.pointer for problem in problems] == ["/spec/dependsOn/1", "/spec/dependsOn/2"]
    assert problems[0].code == "REF_FORMAT"
    assert problems[0].message.startswith('Entity reference "b" had missing or empty kind')
    assert problems[0].hint == "Write the kind too, as `component:b`."


def test_long_reference_is_refused_with_a_short_message() -> None:
    assert related("Component", {"owner": "x" * 400})[1] == []
    found, problems = related("Component", {"owner": "x" * 401})
    assert not found
    assert problems[0].message == "Entity reference has more than 400 characters"
    assert len(problems[0].found) <= 80
    _, problems = related("Component", {"owner": "/" + "x" * 399})
    assert len(problems[0].message) <= 300


def test_fields_that_are_placeholders_state_nothing() -> None:
    assert related("Component", {"owner": {"$text": "./owner"}, "dependsOn": [{"$text": "a"}]}) == (
        set(),
        [],
    )


def test_kind_without_relation_fields_has_none() -> None:
    assert related("Location", {"owner": "a"}) == (set(), [])
