"""Validation: what is accepted as by Backstage, and what an author is told about the rest."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from catalog.descriptor.validation import validate
from catalog.kinds.registry import builtin_kinds
from catalog.problems import Problem, Severity


def component(**changes: Any) -> dict[str, Any]:
    """A valid Component; `metadata` and `spec` are merged into its own, the rest replaces."""
    data: dict[str, Any] = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "payments"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
    }
    for key, value in changes.items():
        merged = isinstance(value, dict) and isinstance(data.get(key), dict)
        data[key] = {**data[key], **value} if merged else value
    return data


def problems(data: dict[str, Any]) -> list[Problem]:
    return validate(data, builtin_kinds())


def only(data: dict[str, Any]) -> Problem:
    found = problems(data)
    assert len(found) == 1, found
    return found[0]


def codes(data: dict[str, Any]) -> set[tuple[str, str]]:
    return {(problem.code, problem.pointer) for problem in problems(data)}


def test_valid_component_has_no_problems() -> None:
    assert problems(component()) == []


def test_all_errors_are_reported_not_the_first() -> None:
    data = component(metadata={"name": "a b", "tags": ["Java", "ok"], "namespace": "Shop"})
    del data["spec"]["owner"]
    data["spec"]["type"] = 7
    data["dependsOn"] = []
    assert codes(data) == {
        ("NAME_FORMAT", "/metadata/name"),
        ("NAMESPACE_FORMAT", "/metadata/namespace"),
        ("TAG_FORMAT", "/metadata/tags/0"),
        ("FIELD_REQUIRED", "/spec/owner"),
        ("FIELD_TYPE", "/spec/type"),
        ("FIELD_UNKNOWN_ROOT", "/dependsOn"),
    }


def test_name_with_spaces_gets_a_name_to_use_instead() -> None:
    problem = only(component(metadata={"name": "Shop Checkout API"}))
    assert problem.found == "Shop Checkout API"
    assert "`shop-checkout-api`" in problem.hint
    assert "metadata.title" in problem.hint


def test_missing_field_says_what_is_usual() -> None:
    data = component()
    del data["spec"]["lifecycle"]
    problem = only(data)
    assert problem.message == "`spec.lifecycle` is missing; a Component needs it."
    assert "production, experimental and deprecated" in problem.hint


def test_missing_spec_says_what_it_needs() -> None:
    data = component()
    del data["spec"]
    assert only(data).hint == "Add `spec` with type, lifecycle and owner."


def test_field_of_spec_at_the_root_is_to_be_indented() -> None:
    assert only(component(dependsOn=["component:x"])).hint == "Indent it under `spec`."
    assert only(component(annotations={"a": "b"})).hint == "Indent it under `metadata`."


@pytest.mark.parametrize("key", ["relations", "status"])
def test_output_fields_are_unknown_in_a_descriptor(key: str) -> None:
    assert only(component(**{key: []})).code == "FIELD_UNKNOWN_ROOT"


def test_null_annotations_are_accepted_with_a_warning() -> None:
    problem = only(component(metadata={"annotations": None}))
    assert problem.severity is Severity.WARNING
    assert problem.hint == "Remove the line or write `{}`."


def test_null_list_is_an_error_that_says_what_to_write() -> None:
    data = component(kind="Location", spec={"targets": None})
    problem = only(data)
    assert (problem.code, problem.severity) == ("FIELD_EMPTY", Severity.ERROR)
    assert problem.hint == "Write `[]`, or list an item."


@pytest.mark.parametrize(
    ("value", "quoted"), [(12345, '"12345"'), (True, '"true"'), (1.5, '"1.5"')]
)
def test_scalar_in_place_of_text_is_to_be_quoted(value: object, quoted: str) -> None:
    data = component(metadata={"annotations": {"example.com/x": value}})
    problem = only(data)
    assert problem.code == "FIELD_TYPE"
    assert problem.pointer == "/metadata/annotations/example.com~1x"
    assert quoted in problem.hint


def test_list_item_without_its_space_is_recognized() -> None:
    assert only(component(spec={"providesApis": "-orders"})).hint == "Write `- orders`."


def test_empty_kind_is_one_problem() -> None:
    assert only(component(kind="")).code == "FIELD_EMPTY"


def test_built_in_kinds_are_compared_with_their_case() -> None:
    problem = only(component(kind="component"))
    assert problem.code == "KIND_UNKNOWN"
    assert problem.hint == "Did you mean `Component`?"


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"kind": "Service"}, "Did you mean `kind: Component` with `spec.type: service`?"),
        ({"kind": "Team"}, "Did you mean `kind: Group` with `spec.type: team`?"),
        ({"kind": "Documentation"}, "a file under `plumbline.kinds`"),
        ({"kind": "Service", "apiVersion": "v1"}, "`apiVersion: v1` is not known either"),
    ],
)
def test_unknown_kind_names_the_known_ones_once_and_says_what_to_do(
    changes: dict[str, str], hint: str
) -> None:
    problem = only(component(**changes))
    assert "Component, Domain" in problem.expected
    assert hint in problem.hint
    assert "Component, Domain" not in problem.hint


@pytest.mark.parametrize("version", ["backstage.io", "backstage.io/v1beta3", "v1", "a/b/c"])
def test_foreign_version_of_a_known_kind_is_refused(version: str) -> None:
    problem = only(component(apiVersion=version))
    assert problem.code == "API_VERSION"
    assert problem.hint == "Write `apiVersion: backstage.io/v1alpha1`."


def test_retired_template_version_names_the_current_one() -> None:
    data = component(kind="Template", apiVersion="backstage.io/v1beta2", spec={"steps": []})
    assert only(data).hint == "Write `apiVersion: scaffolder.backstage.io/v1beta3`."


def test_near_miss_of_a_field_is_a_warning() -> None:
    problem = only(component(spec={"providesAPos": ["orders"]}))
    assert (problem.code, problem.severity) == ("FIELD_NEAR_MISS", Severity.WARNING)
    assert problem.hint == "Did you mean `providesApis`?"


@pytest.mark.parametrize("key", ["profile", "subtype", "implementation", "ci", "displayName"])
def test_other_extra_fields_are_no_concern(key: str) -> None:
    assert problems(component(spec={key: {"a": 1}})) == []


def test_link_without_scheme_gets_one() -> None:
    problem = only(component(metadata={"links": [{"url": "www.example.com"}]}))
    assert (problem.code, problem.pointer) == ("LINK_URL", "/metadata/links/0/url")
    assert problem.hint == "Write `https://www.example.com`."


def test_blank_title_of_a_link_is_empty() -> None:
    links = [{"url": "https://example.com", "title": "  ", "icon": "x"}]
    assert only(component(metadata={"links": links})).pointer == "/metadata/links/0/title"


def test_label_key_and_value_are_two_problems() -> None:
    data = component(metadata={"labels": {"Example.com/x": "not a value"}})
    assert {problem.code for problem in problems(data)} == {"LABEL_KEY", "LABEL_VALUE"}


def test_annotation_keys_have_a_format_and_values_have_none() -> None:
    good = {"example.com/a_b.c": "", "plain": "any text\n", "a/b": "x" * 5000}
    assert problems(component(metadata={"annotations": good})) == []
    bad = {"Example.com/x": "", "a/b/c": "", "-x": ""}
    found = problems(component(metadata={"annotations": bad}))
    assert [problem.code for problem in found] == ["ANNOTATION_KEY"] * 3


def test_another_tools_file_is_one_problem() -> None:
    assert only({"apiVersion": "v1", "app": {}, "backend": {}}).code == "NOT_A_DESCRIPTOR"


@pytest.mark.parametrize("empty", ["metadata", "name"])
def test_null_identity_is_an_error(empty: str) -> None:
    data = component(metadata=None) if empty == "metadata" else component(metadata={"name": None})
    assert only(data).code == "FIELD_EMPTY"


def test_placeholder_stands_for_any_value_but_not_for_the_identity() -> None:
    api = component(kind="API", spec={"definition": {"$text": "./openapi.yaml"}})
    assert problems(api) == []
    whole = component(spec={})
    whole["spec"] = {"$yaml": "./spec.yaml"}
    assert problems(whole) == []
    assert only(component(metadata={"name": {"$text": "./name"}})).code == "FIELD_TYPE"


def test_mapping_beside_a_dollar_key_is_no_placeholder() -> None:
    api = component(kind="API", spec={"definition": {"$text": "./a", "other": 1}})
    assert only(api).code == "FIELD_TYPE"


def test_braces_in_values_do_not_confuse_messages() -> None:
    data = component(spec={"owner": ["{0}", "{x}"], "{y}": 1})
    assert only(data).code == "FIELD_TYPE"


def test_validation_changes_nothing() -> None:
    data = component(metadata={"tags": ["A"]}, other={})
    before = copy.deepcopy(data)
    problems(data)
    assert data == before
