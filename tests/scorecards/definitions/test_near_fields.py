"""What is said of fields of the entity that an expression names and that are probably slips."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.descriptor.defined_kinds import load_kinds
from catalog.kinds.registry import builtin_kinds
from catalog.problems import Problem
from scorecards.definitions.loading import load_scorecards
from tests.scorecards.scorecard_samples import SCHEMAS, check, document

COMPONENTS = "entity.kind == 'Component'"

OVEN = """\
kind: Oven
apiVersions: [bakery.example/v1]
spec: {properties: {types: {type: array, items: {type: string}}}}
"""


def problems(rule: Any, **more: Any) -> tuple[Problem, ...]:
    spec = more.pop("spec", {})
    text = document(check(rule, **more), **spec)
    return load_scorecards(text, file="s.yaml", schemas=SCHEMAS)[1]


def hints(rule: Any, **more: Any) -> list[str]:
    found = problems(rule, **more)
    assert {(p.code, p.severity.value) for p in found} <= {("FIELD_NEAR_MISS", "warning")}
    return [p.hint.partition("?")[0].removeprefix("Did you mean ") for p in found]


@pytest.mark.parametrize(
    ("rule", "meant"),
    [
        ("entity.spec.lifecycl == 'production'", "`entity.spec.lifecycle`"),
        ("has(entity.spec.lifeCycle)", "`entity.spec.lifecycle`"),
        ("size(entity.metadata.tag) > 0", "`entity.metadata.tags`"),
        ("entity.metadata.anotations['a.b/c'] == 'd'", "`entity.metadata.annotations`"),
        ("entity.metdata.name != ''", "`entity.metadata`"),
        ("entity.lifecycle == 'production'", "`entity.spec.lifecycle`"),
        ("entity.tags.exists(t, t == 'a')", "`entity.metadata.tags`"),
        ("entity.kind == 'component'", "`Component`"),
        ("entity.kind in ['API', 'Sistem']", "`System`"),
        ("repo.readme.bytes > 1 && entity.spec.typ in ['service']", "`entity.spec.type`"),
        ({"all": ["repo.readme.bytes > 1", {"not": "has(entity.spec.ovner)"}]}, "`entity.spec.owner`"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_what_was_meant(rule: Any, meant: str) -> None:
    assert hints(rule) == [meant]


@pytest.mark.parametrize(
    "rule",
    [
        "entity.spec.lifecycle == 'production' && entity.metadata.title != ''",
        # Specs are open: what is far from all that has a meaning may be an organization's own.
        "entity.spec.tier == 1",
        "entity.metadata.costCenter != ''",
        # Close to `owner`, and meant.
        "size(entity.spec['owners']) > 0",
        "'owners' in entity.spec",
        "entity.metadata.annotations.owners == 'a' || has(entity.metadata.labels.typ)",
        "entity.spec.profile.emial != ''",
        # A field of another kind.
        "has(entity.spec.memberOf)",
        "entity.kind == 'Oven' && entity.spec.types == 'a'",
        "[{'spec': {'typ': 1}}].exists(one, one.spec.typ == 1) && has(entity.spec.type)",
    ],
)
def test_what_may_be_meant_is_no_slip(rule: str) -> None:
    assert problems(rule) == ()


def test_relations_are_said_to_be_facts() -> None:
    (problem,) = problems("entity.relations.exists(r, r.type == 'ownedBy')")
    assert "`entity.relations`" in problem.message
    assert "`owner.type`" in problem.hint


def test_only_fields_of_the_kinds_count_that_the_expression_is_for() -> None:
    rule = "has(entity.spec.children_)"
    assert hints(rule) == ["`entity.spec.children`"]
    assert hints(rule, spec={"applies_to": COMPONENTS}) == []
    assert hints(rule, applies_to="entity.kind == 'API' || entity.kind == 'Group'") == [
        "`entity.spec.children`"
    ]
    groups = "entity.kind in ['Group', 'User']"
    assert hints(rule, spec={"applies_to": groups}) == ["`entity.spec.children`"]
    assert hints(rule, spec={"applies_to": groups}, applies_to="entity.kind == 'User'") == []
    assert hints(f"{COMPONENTS} && {rule}") == []


def test_conditions_filters_and_observations_are_looked_at_as_well() -> None:
    found = problems(
        "repo.readme.bytes > 1",
        applies_to="entity.spec.typ == 'service'",
        observe=["entity.spec.ovner"],
        spec={
            "applies_to": f"{COMPONENTS} && entity.spec.lifecycl == 'production'",
            "filters": {"led": "has(entity.spec.systm)"},
        },
    )
    assert {p.pointer for p in found} == {
        "/spec/applies_to",
        "/spec/checks/0/applies_to",
        "/spec/checks/0/observe/0",
        "/spec/filters/led",
    }


def test_a_slip_has_its_line_and_column() -> None:
    text = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: sample, title: Sample}
spec:
  checks:
    - id: a
      title: It is so
      level: Managed
      rule: |
        repo.readme.bytes > 1 &&
        entity.spec.lifecycl == 'a' && entity.spec.lifecycl != 'b'
      why: w
      fix: f
"""
    (card,), (problem,) = load_scorecards(text, file="s.yaml", schemas=SCHEMAS)
    assert (problem.line, problem.column) == (11, 9)
    assert [one.id for one in card.checks] == ["a"]


def test_a_kind_of_your_own_has_the_fields_of_its_schema() -> None:
    ovens, _ = load_kinds(OVEN, file="oven.yaml")
    kinds = builtin_kinds().with_kinds(ovens)

    def told(rule: str) -> list[str]:
        text = document(check(rule))
        return [p.hint for p in load_scorecards(text, file="s", schemas=SCHEMAS, kinds=kinds)[1]]

    assert told("has(entity.spec.types)") == []
    (hint,) = told("entity.kind == 'Oven' && has(entity.spec.tpyes)")
    assert "`entity.spec.types`" in hint
    (hint,) = told("entity.kind == 'oven'")
    assert "`Oven`" in hint
