"""Kinds that users define: what they do, and what becomes of a definition that is wrong."""

from __future__ import annotations

import pickle
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.descriptor.defined_kinds import KindFile, kinds_of, load_kinds
from catalog.descriptor.descriptors import read_descriptor
from catalog.entity import Outcome, Verdict
from catalog.kinds.registry import builtin_kinds
from catalog.problems import Problem

PIPELINE = """\
kind: Pipeline
apiVersions: [acme.example/v1, acme.example/v1beta1]
usual:
  type: [build, release]
relations:
  - field: owner
    type: ownedBy
    reverse: ownerOf
    defaultKind: Group
    allowedKinds: [Group, User]
  - field: builds
    type: builds
    reverse: builtBy
    defaultKind: Component
    specTypes: [build]
spec:
  required: [type, owner]
  additionalProperties: false
  definitions:
    name: {type: string, pattern: "^[a-z]+$"}
  properties:
    type: {$ref: "#/definitions/name"}
    owner: {type: string}
    builds: {type: array, items: {type: string}}
"""


def read(content: str, *files: str) -> tuple[Outcome, ...]:
    kinds, problems = kinds_of(tuple(KindFile(f"kinds/{n}.yaml", t) for n, t in enumerate(files)))
    assert problems == ()
    outcomes, _ = read_descriptor(
        content.encode(), file="catalog-info.yaml", location="l:x", origin="l:x", kinds=kinds
    )
    return outcomes


def pipeline(**spec: Any) -> str:
    data = {
        "apiVersion": "acme.example/v1",
        "kind": "Pipeline",
        "metadata": {"name": "main", "namespace": "shop"},
        "spec": {"type": "build", "owner": "team-a", **spec},
    }
    return orjson.dumps(data).decode()


def loaded(text: str) -> tuple[list[str], list[tuple[str, int | None, int | None, str]]]:
    """Names of the kinds, and code, line, column and pointer of each problem."""
    specs, problems = load_kinds(text, file="kinds.yaml")
    assert all(problem.file == "kinds.yaml" for problem in problems)
    return [s.kind for s in specs], [(p.code, p.line, p.column, p.pointer) for p in problems]


def test_entity_of_a_defined_kind_is_accepted_with_its_relations() -> None:
    (outcome,) = read(pipeline(builds=["a"]), PIPELINE)
    assert (outcome.verdict, outcome.ref, outcome.problems) == (
        Verdict.ACCEPT,
        "pipeline:shop/main",
        (),
    )
    assert outcome.entity is not None
    assert outcome.entity.relations == (
        ("component:shop/a", "builtBy", "pipeline:shop/main"),
        ("group:shop/team-a", "ownerOf", "pipeline:shop/main"),
        ("pipeline:shop/main", "builds", "component:shop/a"),
        ("pipeline:shop/main", "ownedBy", "group:shop/team-a"),
    )


def test_relation_holds_only_with_its_spec_types() -> None:
    (outcome,) = read(pipeline(type="release", builds=["a"]), PIPELINE)
    assert outcome.entity is not None
    assert {type_ for _, type_, _ in outcome.entity.relations} == {"ownedBy", "ownerOf"}


def test_without_the_definition_the_kind_is_unknown() -> None:
    (outcome,) = read(pipeline())
    assert [problem.code for problem in outcome.problems] == ["KIND_UNKNOWN"]


def test_descriptor_is_judged_by_the_schema() -> None:
    (outcome,) = read(pipeline(type="Build!", buildz=[], owner=None), PIPELINE)
    found = {(problem.code, problem.pointer) for problem in outcome.problems}
    assert outcome.verdict is Verdict.REJECT
    assert found == {
        ("FIELD_VALUE", "/spec/type"),
        ("FIELD_UNKNOWN", "/spec/buildz"),
        ("FIELD_EMPTY", "/spec/owner"),
    }
    unknown = next(problem for problem in outcome.problems if problem.code == "FIELD_UNKNOWN")
    assert unknown.hint == "Did you mean `builds`?"


def test_version_and_shape_of_spec_are_judged_too() -> None:
    (outcome,) = read(pipeline().replace("acme.example/v1", "acme.example/v2"), PIPELINE)
    assert [problem.code for problem in outcome.problems] == ["API_VERSION"]
    (outcome,) = read("{apiVersion: a/v1, kind: Free, metadata: {name: x}, spec: [1]}", FREE)
    assert [(p.code, p.pointer) for p in outcome.problems] == [("FIELD_TYPE", "/spec")]


FREE = "kind: Free\napiVersions: [a/v1]\nspec: {}\n"


def test_later_drafts_of_json_schema_are_understood() -> None:
    schema = (
        'spec: {$schema: "https://json-schema.org/draft/2020-12/schema", $defs: {n: {const: 1}},'
        " properties: {a: {$ref: '#/$defs/n'}}, unevaluatedProperties: false}"
    )
    text = "kind: Free\napiVersions: [a/v1]\n" + schema
    (outcome,) = read(
        "{apiVersion: a/v1, kind: Free, metadata: {name: x}, spec: {a: 2, b: 1}}", text
    )
    assert {(p.code, p.pointer) for p in outcome.problems} == {
        ("FIELD_VALUE", "/spec/a"),
        ("FIELD_UNKNOWN", "/spec/b"),
    }


def test_built_in_kinds_stay_and_other_files_join() -> None:
    kinds, problems = kinds_of((KindFile("a.yaml", PIPELINE), KindFile("b.json", FREE)))
    assert set(kinds.by_name) == {*builtin_kinds().by_name, "Pipeline", "Free"}
    assert problems == ()
    assert "Pipeline" not in builtin_kinds().by_name


def test_files_can_be_handed_to_other_processes() -> None:
    files = (KindFile("a.yaml", PIPELINE),)
    assert kinds_of(pickle.loads(pickle.dumps(files))) is kinds_of(files)


@pytest.mark.parametrize("name", ["Component", "component", "API", "api"])
def test_name_of_a_built_in_kind_is_refused(name: str) -> None:
    assert loaded(FREE.replace("Free", name)) == ([], [("KIND_NAME_TAKEN", 1, 7, "/kind")])


def test_of_two_definitions_of_a_name_the_first_holds() -> None:
    assert loaded(f"{FREE}---\n{FREE.replace('Free', 'FREE')}") == (
        ["Free"],
        [("KIND_NAME_TAKEN", 5, 7, "/kind")],
    )
    kinds, problems = kinds_of((KindFile("a.yaml", FREE), KindFile("b.yaml", FREE)))
    assert [(p.code, p.file) for p in problems] == [("KIND_NAME_TAKEN", "b.yaml")]
    assert "Free" in kinds.by_name


def test_broken_definition_is_left_out_and_its_neighbor_is_not() -> None:
    names, problems = loaded(f"kind: Bad\nspec: {{}}\n---\n{FREE}---\nkind: [\n")
    assert names == ["Free"]
    assert [code for code, *_ in problems] == ["FIELD_REQUIRED", "YAML_SYNTAX"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n", ("NOT_A_KIND", 1, 1, "")),
        (FREE + "relation: []\n", ("FIELD_UNKNOWN", 4, 11, "/relation")),
        (FREE.replace("Free", "not-a-kind"), ("FIELD_VALUE", 1, 7, "/kind")),
        (FREE.replace("[a/v1]", "[]"), ("FIELD_VALUE", 2, 14, "/apiVersions")),
        (FREE.replace("[a/v1]", "a/v1"), ("FIELD_TYPE", 2, 14, "/apiVersions")),
        (FREE.replace("a/v1", "a/b/c"), ("FIELD_VALUE", 2, 15, "/apiVersions/0")),
        (FREE.replace("{}", "{type: array}"), ("FIELD_VALUE", 3, 14, "/spec/type")),
        (
            FREE.replace("{}", "{properties: {a: {type: strin}}}"),
            ("KIND_SCHEMA", 3, 31, "/spec/properties/a/type"),
        ),
        (
            FREE.replace("{}", "{properties: {a: {pattern: '('}}}"),
            ("KIND_SCHEMA", 3, 34, "/spec/properties/a/pattern"),
        ),
        (FREE.replace("{}", "{properties: {a: {$ref: '#/no'}}}"), ("KIND_SCHEMA", 3, 7, "/spec")),
        (
            FREE.replace("{}", "{allOf: [{$ref: 'https://example.com/x'}]}"),
            ("KIND_SCHEMA", 3, 7, "/spec"),
        ),
        (
            FREE.replace("{}", "{allOf: [{$ref: 'file:///etc/hosts'}]}"),
            ("KIND_SCHEMA", 3, 7, "/spec"),
        ),
        (FREE.replace("{}", "{$schema: https://example.com/x}"), ("KIND_SCHEMA", 3, 7, "/spec")),
        (
            FREE + "relations: [{field: a, type: b}]\n",
            ("FIELD_REQUIRED", 4, 13, "/relations/0/reverse"),
        ),
        (
            FREE + "relations: [{field: a, type: a-b, reverse: c}]\n",
            ("FIELD_VALUE", 4, 30, "/relations/0/type"),
        ),
    ],
)
def test_fault_is_told_with_its_place(text: str, expected: tuple[str, int, int, str]) -> None:
    assert loaded(text) == ([], [expected])


def test_slip_in_a_field_gets_a_suggestion() -> None:
    _, problems = load_kinds(FREE + "relation: []\n", file="x")
    assert [problem.hint for problem in problems] == ["Did you mean `relations`?"]


@given(
    st.text(max_size=60)
    | st.sampled_from([PIPELINE, FREE]).flatmap(
        lambda t: st.integers(0, len(t)).map(lambda n: t[:n])
    )
)
def test_no_text_raises(text: str) -> None:
    specs, problems = load_kinds(text, file="x")
    assert all(isinstance(problem, Problem) for problem in problems)
    assert len(specs) <= text.count("kind")
