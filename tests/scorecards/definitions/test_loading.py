"""Loading scorecards: what is refused, where it says so, and what stays usable."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.problems import Problem
from scorecards.definitions.loading import load_scorecards
from scorecards.definitions.reading import DEFAULT_LEVELS
from scorecards.rules import All, AtLeast, Leaf, Not
from scorecards.scorecard import Scorecard
from tests.scorecards.scorecard_samples import SCHEMAS, check, document

WRITTEN = """\
# a comment first
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata:
  name: sample
  title: Sample
spec:
  checks:
    - id: good
      title: The README is long
      level: Managed
      rule: repo.readme.bytes > 500
      why: Because.
      fix: Write more.
    - id: bad
      title: It is bad
      level: Managd
      wieght: 3
      rule:
        all:
          - repo.readme.bites > 500
          - "repo.readme.path == 4"
          - |
            repo.readme.bytes > 3 &&
              repo.readme.pth == ''
          - >-
            repo.readme.bytes > 3 &&
            repo.readme.pth == ''
      why: Because.
      fix: Mend it.
"""


def load(text: str) -> tuple[tuple[Scorecard, ...], tuple[Problem, ...]]:
    return load_scorecards(text, file="s.yaml", schemas=SCHEMAS)


def codes(text: str) -> list[tuple[str, str]]:
    return [(p.code, p.pointer) for p in load(text)[1]]


def rule_of(rule: Any) -> Any:
    (card,), problems = load(document(check(rule)))
    assert problems == ()
    return card.checks[0].rule


def test_a_broken_check_is_left_out_and_the_others_stay() -> None:
    (card,), problems = load(WRITTEN)
    assert [c.id for c in card.checks] == ["good"]
    assert {p.file for p in problems} == {"s.yaml"}


def test_problems_of_keys_have_line_and_column() -> None:
    _, problems = load(WRITTEN)
    (unknown,) = [p for p in problems if p.code == "FIELD_UNKNOWN"]
    assert (unknown.line, unknown.column, unknown.pointer) == (18, 7, "/spec/checks/1/wieght")
    assert unknown.hint == "Did you mean `weight`?"


def test_problems_of_expressions_point_into_the_expression() -> None:
    _, problems = load(WRITTEN.replace("      wieght: 3\n", "      weight: 3\n"))
    places = {(p.code, p.line, p.column) for p in problems}
    assert places == {
        ("UNKNOWN_LEVEL", 17, 14),
        ("UNKNOWN_FACT", 21, 13),
        ("EXPRESSION_TYPE", 22, 31),
        ("UNKNOWN_FACT", 25, 15),
        ("UNKNOWN_FACT", 26, 13),  # folded: the expression's beginning
    }
    assert list(problems) == sorted(problems, key=lambda p: (p.line, p.column))


def test_leaves_know_where_they_stand() -> None:
    (card,), _ = load(WRITTEN)
    assert card.checks[0].rule == Leaf(expression="repo.readme.bytes > 500", line=12, column=13)


def test_levels_default_to_the_phases_of_the_maturity_model() -> None:
    (card,), _ = load(WRITTEN)
    assert card.levels == DEFAULT_LEVELS
    assert [level.name for level in card.levels] == ["Initial", "Managed", "Defined", "Optimizing"]


def test_checks_are_sorted_by_level_and_else_stay_as_written() -> None:
    checks = [
        check("repo.ci.runs_tests", id=name, level=level)
        for name, level in [("c", "Gold"), ("a", "Silver"), ("b", "Silver")]
    ]
    (card,), problems = load(document(*checks, levels=["None", {"name": "Silver"}, "Gold"]))
    assert problems == ()
    assert [c.id for c in card.checks] == ["check-1", "b", "c"]


def test_rules_nest() -> None:
    leaf = Leaf(expression="repo.ci.runs_tests", line=1, column=1)
    found = rule_of(
        {
            "all": [
                {"not": leaf.expression},
                {"at_least": {"count": 1, "of": ["repo.readme.bytes > 5"]}},
            ]
        }
    )
    assert isinstance(found, All)
    assert isinstance(found.parts[0], Not)
    assert isinstance(found.parts[1], AtLeast)


def test_deep_rules_are_refused() -> None:
    rule: Any = "repo.ci.runs_tests"
    for _ in range(9):
        rule = {"not": rule}
    assert [code for code, _ in codes(document(check(rule)))] == ["RULE_TOO_DEEP"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("true", "RULE_CONSTANT"),
        ("now > timestamp('2020-01-01T00:00:00Z')", "RULE_CONSTANT"),
        ("repo.readme.bytes", "EXPRESSION_TYPE"),
        ("entity.spec.tier", "EXPRESSION_TYPE"),
        ("repo.readme.bytes >", "EXPRESSION_SYNTAX"),
        ("readme > 1", "UNKNOWN_NAME"),
        ("", "FIELD_EMPTY"),
        ([], "FIELD_TYPE"),
        ({}, "FIELD_EMPTY"),
        ({"all": []}, "FIELD_EMPTY"),
        ({"al": ["repo.ci.runs_tests"]}, "FIELD_UNKNOWN"),
        ({"all": ["repo.ci.runs_tests"], "any": ["repo.ci.runs_tests"]}, "FIELD_VALUE"),
        ({"at_least": {"count": 2, "of": ["repo.ci.runs_tests"]}}, "RULE_NEVER_PASSES"),
        ({"at_least": {"count": 0, "of": ["repo.ci.runs_tests"]}}, "FIELD_VALUE"),
        ({"at_least": {"count": 1}}, "FIELD_REQUIRED"),
        ({"not": ["repo.ci.runs_tests"]}, "FIELD_TYPE"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule: Any, code: str) -> None:
    cards, problems = load(document(check(rule)))
    assert cards == ()
    assert [p.code for p in problems] == [code]


@pytest.mark.parametrize(
    "more",
    [
        {"weight": 0},
        {"weight": -1},
        {"weight": 1.5},
        {"weight": 1e308},
        {"weight": "heavy"},
        {"effort": "weeks"},
        {"id": "Not An Id"},
        {"links": [{"title": "x", "url": "javascript:alert(1)"}]},
        {"level": "Initial"},
        {"observe": ["repo.nothing.here"]},
        {"applies_to": {"because": "x"}},
        {"applies_to": "repo.readme.bytes"},
    ],
)
def test_a_check_with_a_bad_value_is_refused(more: dict[str, Any]) -> None:
    good = check("repo.ci.runs_tests", id="good")
    (card,), problems = load(document(good, check("repo.ci.runs_tests", **more)))
    assert [c.id for c in card.checks] == ["good"]
    assert len(problems) == 1
    assert problems[0].pointer.startswith("/spec/checks/1/")


def test_the_second_check_of_one_id_is_left_out() -> None:
    one, two = check("repo.ci.runs_tests", id="x"), check("repo.readme.bytes > 1", id="x")
    (card,), problems = load(document(one, two))
    assert [(p.code, p.pointer) for p in problems] == [("DUPLICATE_CHECK", "/spec/checks/1/id")]
    assert len(card.checks) == 1


def test_what_is_wrong_outside_the_checks_keeps_the_scorecard_out_but_checks_are_still_read() -> (
    None
):
    text = document(check("repo.nothing > 1"), applies_to="entity.kind ==")
    cards, problems = load(text.replace('"title":"Sample"', '"titel":"Sample"'))
    assert cards == ()
    assert {p.code for p in problems} == {
        "FIELD_REQUIRED", "FIELD_UNKNOWN", "EXPRESSION_SYNTAX", "UNKNOWN_FACT",
    }  # fmt: skip


def test_two_levels_of_one_name_are_refused() -> None:
    text = document(check("repo.ci.runs_tests", level="B"), levels=["A", "B", "B"])
    assert codes(text) == [("DUPLICATE_LEVEL", "/spec/levels/2")]


@pytest.mark.parametrize("text", ["[]", "a: 1", "kind: Component", "text", "5"])
def test_other_documents_are_no_scorecards(text: str) -> None:
    assert [code for code, _ in codes(text)] == ["NOT_A_SCORECARD"]


def test_a_file_may_hold_several_scorecards_and_one_bad_one_harms_none() -> None:
    other = WRITTEN.replace("name: sample", "name: other")
    cards, problems = load(f"{WRITTEN}---\nkind: [\n---\n{other}---\n{WRITTEN}")
    assert [c.name for c in cards] == ["sample", "other"]
    assert "SCORECARD_NAME_TAKEN" in {p.code for p in problems}
    assert cards[0].version != cards[1].version


def test_the_version_follows_the_text() -> None:
    (first,), _ = load(WRITTEN)
    (same,), _ = load(WRITTEN)
    (changed,), _ = load(WRITTEN.replace("500", "501", 1))
    assert first.version == same.version != changed.version
    assert len(first.version) == 12


@given(st.text(max_size=200))
def test_no_text_makes_loading_raise(text: str) -> None:
    load(text)


some_json = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "title",
                    "checks",
                    "levels",
                    "rule",
                    "all",
                    "not",
                    "at_least",
                    "applies_to",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(some_json, some_json, some_json)
def test_no_shape_makes_loading_raise(levels: Any, applies_to: Any, rule: Any) -> None:
    text = document(
        check(rule, observe=levels), check(rule, links=rule), levels=levels, applies_to=applies_to
    )
    for card in load(text)[0]:
        assert card.checks


@pytest.mark.parametrize("text", ["\ud800", "\x00", "a: &a [*a]", "- " * 20_000, "{" * 5_000])
def test_hostile_texts_are_problems(text: str) -> None:
    cards, problems = load(text)
    assert cards == ()
    assert problems


def test_the_version_does_not_follow_the_place_in_the_file() -> None:
    (alone,), _ = load(WRITTEN)
    other = WRITTEN.replace("name: sample", "name: other")
    for text in (f"---\n{WRITTEN}", f"{WRITTEN}...\n", f"{other}---\n{WRITTEN}\n...\n---\n"):
        assert {c.name: c.version for c in load(text)[0]}["sample"] == alone.version
