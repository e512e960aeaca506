"""Descriptors: from the bytes of a file to a verdict on each of its documents."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.descriptor.descriptors import read_descriptor
from catalog.descriptor.rules import DEFAULT_RULES
from catalog.entity import Outcome, Verdict

GOOD = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Payments
  namespace: shop
  tags: [go]
spec:
  type: service
  lifecycle: production
  owner: team-a
  dependsOn: [resource:db]
"""


def read(text: str, file: str = "catalog-info.yaml", **options: Any) -> tuple[Outcome, ...]:
    outcomes, problems = read_descriptor(
        text.encode(), file=file, location="file:/r/" + file, origin="file:/r", **options
    )
    assert not problems
    return outcomes


def only(text: str, file: str = "catalog-info.yaml", **options: Any) -> Outcome:
    (outcome,) = read(text, file, **options)
    return outcome


def test_valid_document_becomes_an_entity() -> None:
    outcome = only(GOOD)
    assert (outcome.verdict, outcome.ref, outcome.problems) == (
        Verdict.ACCEPT,
        "component:shop/payments",
        (),
    )
    assert outcome.entity is not None
    assert orjson.loads(outcome.entity.body)["metadata"]["name"] == "Payments"
    assert ("component:shop/payments", "ownedBy", "group:shop/team-a") in outcome.entity.relations
    assert ("spec.lifecycle", "production") in outcome.entity.found_by()


def test_declared_etag_is_kept_apart_from_the_body() -> None:
    entity = only(GOOD.replace("tags:", "etag: '7'\n  uid: mine\n  tags:")).entity
    assert entity is not None
    assert entity.etag == "7"
    assert not {"etag", "uid"} & set(orjson.loads(entity.body)["metadata"])
    other = only(GOOD).entity
    assert other is not None
    assert (other.etag, other.body) == (None, entity.body)


def test_bad_document_harms_none_beside_it() -> None:
    outcomes = read(f"{GOOD}---\nkind: [\n---\n{GOOD.replace('Payments', 'b')}---\n# nothing\n")
    assert [outcome.verdict for outcome in outcomes] == ["accept", "reject", "accept", "empty"]
    assert [outcome.document for outcome in outcomes] == [0, 1, 2, 3]


def test_problems_have_their_place_in_the_file() -> None:
    outcomes = read(f"# first\n{GOOD}---\n{GOOD.replace('name: Payments', 'name: a b')}")
    (problem,) = outcomes[1].problems
    assert (problem.file, problem.document, problem.line, problem.column) == (
        "catalog-info.yaml",
        1,
        17,
        9,
    )


def test_missing_field_is_placed_at_its_parent() -> None:
    (problem,) = only(GOOD.replace("  owner: team-a\n", "")).problems
    assert (problem.code, problem.line, problem.column) == ("FIELD_REQUIRED", 7, 1)


def test_item_of_a_sorted_list_is_placed_where_it_is_written() -> None:
    text = GOOD.replace("[resource:db]", "\n    - z:z\n    - b\n    - a:a\n")
    (problem,) = only(text).problems
    assert (problem.code, problem.line, problem.column) == ("REF_FORMAT", 13, 7)


def test_rejected_document_has_the_ref_it_would_have_had() -> None:
    assert only(GOOD.replace("team-a", "")).ref == "component:shop/payments"
    assert only(GOOD.replace("name: Payments", "name: 3")).ref is None


def test_field_lost_in_a_comment_is_found() -> None:
    (problem,) = only("# My service apiVersion: backstage.io/v1alpha1\n" + GOOD[34:]).problems
    assert problem.message == "`apiVersion` is missing; line 1 is a comment that contains it."


@pytest.mark.parametrize("mark", ["${{ values.name }}", "{{ name }}", "{% if x %}"])
def test_skeleton_of_a_template_is_ignored_with_a_reason(mark: str) -> None:
    outcome = only(GOOD.replace("Payments", f"'{mark}'"))
    assert (outcome.verdict, outcome.ref) == (Verdict.IGNORE, None)
    assert [(p.code, p.severity) for p in outcome.problems] == [("TEMPLATE_SKELETON", "info")]


def test_valid_document_with_expressions_is_accepted() -> None:
    assert only(GOOD + "  query: '{{ env }}'\n").verdict == Verdict.ACCEPT


@pytest.mark.parametrize("kind", ["kind: Template", "kind: 'Template' # x", '{"kind":"Template"}'])
def test_invalid_document_in_the_file_of_a_template_is_rejected(kind: str) -> None:
    outcome = read(f"{GOOD.replace('Payments', '${{ x }}')}---\n{kind}\n")[0]
    assert outcome.verdict == Verdict.REJECT


@pytest.mark.parametrize("text", ["nav: []\n", "- a\n", "just text\n", "42\n"])
def test_file_of_another_tool_is_ignored_unless_it_is_called_catalog_info(text: str) -> None:
    outcome = only(text, "mkdocs.yml")
    assert outcome.verdict == Verdict.IGNORE
    assert [p.code for p in outcome.problems] == ["NOT_A_DESCRIPTOR"]
    assert only(text, "a/catalog-info.yml").verdict == Verdict.REJECT


def test_sign_in_page_is_rejected_whatever_the_file_is_called() -> None:
    outcome = only("<html><body>Sign in</body></html>", "org.yaml")
    assert outcome.verdict == Verdict.REJECT
    assert outcome.problems[0].code == "NOT_A_MAPPING"
    assert "sign-in" in outcome.problems[0].hint


def test_of_two_documents_with_one_ref_the_earlier_carries_a_warning() -> None:
    first, second = read(GOOD + "---\n" + GOOD.replace("Payments", "payments"))
    assert (first.verdict, second.verdict) == ("accept", "accept")
    (problem,) = first.problems
    assert (problem.code, problem.severity) == ("DUPLICATE_ENTITY", "warning")
    assert "Lines 1 and 13" in problem.message
    assert second.problems == ()


def test_location_names_its_targets_as_written() -> None:
    text = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: x}\n"
    entity = only(text + "spec: {target: ./a.yaml, targets: [./b.yaml, ./a.yaml]}\n").entity
    assert entity is not None
    assert [t.text for t in entity.targets] == ["./a.yaml", "./b.yaml"]
    assert entity.targets[1][1:4] == (0, 4, 36)


def test_unreadable_placeholder_does_not_cost_the_entity() -> None:
    text = GOOD.replace("tags: [go]", "description: {$text: ./README.md}")
    assert only(text).verdict == Verdict.ACCEPT
    entity = only(text, resolve=lambda target: target.encode()).entity
    assert entity is not None
    assert orjson.loads(entity.body)["metadata"]["description"] == "./README.md"


def test_kind_that_no_rule_allows_is_rejected_at_its_line() -> None:
    text = GOOD.replace("kind: Component", "kind: Resource")
    outcome = only(text, rules=DEFAULT_RULES)
    assert (outcome.verdict, outcome.ref) == (Verdict.REJECT, "resource:shop/payments")
    assert [(p.code, p.line) for p in outcome.problems] == [("KIND_NOT_ALLOWED", 2)]
    assert only(GOOD, rules=DEFAULT_RULES).verdict == Verdict.ACCEPT


def test_many_problems_are_told_in_part_and_counted() -> None:
    tags = ", ".join(f"Tag{n}" for n in range(70))
    outcome = only(GOOD.replace("[go]", f"[{tags}]") + "  ownr: x\n")
    assert len(outcome.problems) == 50
    assert {problem.severity for problem in outcome.problems} == {"error"}
    assert outcome.problems[-1].message.endswith("20 more problems follow.")


def test_empty_file_has_no_documents() -> None:
    assert read("") == ()
    assert read("# nothing\n") == ()


def test_file_that_cannot_be_read_has_a_problem_of_its_own() -> None:
    outcomes, problems = read_descriptor(b"\xff\xfe", file="x.yaml", location="", origin="")
    assert outcomes == ()
    assert problems


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["name", "namespace", "tags", "links", "labels", "annotations", "title"])
SPEC = st.sampled_from(["type", "lifecycle", "owner", "dependsOn", "steps", "remotes", "$text"])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "apiVersion": st.just("backstage.io/v1alpha1") | JSON,
            "kind": st.sampled_from(["Component", "API", "Group", "Location", "Template"]) | JSON,
            "metadata": st.dictionaries(FIELDS | st.text(), JSON, max_size=4) | JSON,
            "spec": st.dictionaries(SPEC | st.text(), JSON, max_size=4) | JSON,
            "$text": JSON,
        },
    )
)
def test_any_document_gets_a_verdict_with_reasons(data: dict[str, Any]) -> None:
    content = json.dumps(data, ensure_ascii=False).encode()
    outcomes, _ = read_descriptor(content, file="catalog-info.yaml", location="l", origin="o")
    for outcome in outcomes:
        is_bad = any(problem.severity == "error" for problem in outcome.problems)
        assert is_bad == (outcome.verdict == Verdict.REJECT)
        assert (outcome.entity is not None) == (outcome.verdict == Verdict.ACCEPT)
        for problem in outcome.problems:
            assert problem.line is not None
            assert len(problem.message) <= 300
