"""The tests that checks carry: read, tried, and refused where they give what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.cases import Trial, trials
from scorecards.results import Outcome
from tests.scorecards.scorecard_samples import SCHEMAS, check, document, scorecard

FACT = "repo.readme.bytes"


def tried(rule: Any, *tests: Any, spec: dict[str, Any] | None = None, **more: Any) -> list[Trial]:
    card = scorecard(check(rule, tests=list(tests), **more), **(spec or {}))
    return list(trials(card, SCHEMAS))


def got(rule: Any, *tests: Any, **more: Any) -> list[tuple[str, bool]]:
    return [(t.got.outcome.value, t.holds) for t in tried(rule, *tests, **more)]


def test_a_case_holds_where_the_check_says_what_is_expected() -> None:
    cases = (
        {"given": {FACT: 600}, "expect": "pass"},
        {"given": {FACT: 4}, "expect": "pass"},
        {"given": {FACT: None}, "expect": "fail"},
        {"given": {FACT: {"unknown": "stale"}}, "expect": "unknown", "reason": "out of date"},
        {"given": {FACT: {"unknown": "stale"}}, "expect": "unknown", "reason": "not permitted"},
        {"expect": "unknown", "reason": "not collected"},
    )
    assert got(f"{FACT} > 500", *cases) == [
        ("pass", True), ("fail", False), ("fail", True),
        ("unknown", True), ("unknown", False), ("unknown", True),
    ]  # fmt: skip


def test_the_entity_is_a_service_unless_the_case_says_otherwise() -> None:
    rule = "entity.spec.type == 'service' && has(entity.metadata.name)"
    api = {"entity": {"kind": "API", "spec": {"type": "openapi"}}, "expect": "fail"}
    assert got(rule, {"expect": "pass"}, api) == [("pass", True), ("fail", True)]


def test_the_time_is_given_or_never_changes() -> None:
    rule = "now - repo.commit.at < duration('24h')"
    given = {"repo.commit.at": "2026-03-01T12:00:00Z"}
    assert got(
        rule,
        {"given": given, "now": "2026-03-02T11:00:00Z", "expect": "pass"},
        {"given": given, "now": "2026-03-02T13:00:00Z", "expect": "fail"},
        {"given": {"repo.commit.at": "2025-12-31T12:00:00Z"}, "expect": "pass"},
    ) == [("pass", True), ("fail", True), ("pass", True)]


def test_without_an_entity_the_scorecard_is_taken_to_apply() -> None:
    apis = {"applies_to": "entity.kind == 'API'"}
    case = {"given": {FACT: 1}, "expect": "pass"}
    assert got(f"{FACT} > 0", case, spec=apis) == [("pass", True)]


def test_where_scorecard_or_check_do_not_apply_is_an_answer_too() -> None:
    api = {"given": {FACT: 1}, "entity": {"kind": "API"}, "expect": "not_applicable"}
    because = {"rule": "entity.kind == 'Component'", "because": "Applies to components"}
    own = {**api, "reason": "components"}
    assert got(f"{FACT} > 0", own, applies_to=because) == [("not_applicable", True)]
    assert got(f"{FACT} > 0", own, spec={"applies_to": because}) == [("not_applicable", True)]


def test_drafts_and_previews_are_tried_as_if_in_force() -> None:
    other = check("repo.ci.runs_tests")
    case = [{"given": {FACT: 1}, "expect": "pass"}]
    drafted = check(f"{FACT} > 0", id="draft", lifecycle="draft", tests=case)
    gone = check(
        f"{FACT} > 0", id="gone", lifecycle={"stage": "retiring", "until": "2020-01-01"}, tests=case
    )
    found = list(trials(scorecard(other, drafted, gone), SCHEMAS))
    assert [(t.check.id, t.holds) for t in found] == [("gone", True), ("draft", True)]


def test_the_leaves_are_shown() -> None:
    (trial,) = tried(
        {"all": [f"{FACT} > 5", "repo.ci.runs_tests"]},
        {"given": {FACT: 6, "repo.ci.runs_tests": False}, "expect": "fail"},
    )
    assert trial.got.leaves == (
        (f"{FACT} > 5", Outcome.PASS),
        ("repo.ci.runs_tests", Outcome.FAIL),
    )


@pytest.mark.parametrize(
    ("case", "code", "where"),
    [
        ({"given": {"repo.readme.bites": 1}, "expect": "pass"}, "UNKNOWN_FACT", "/given/repo.readme.bites"),
        ({"given": {FACT: "many"}, "expect": "pass"}, "FIELD_TYPE", f"/given/{FACT}"),
        ({"given": {FACT: True}, "expect": "pass"}, "FIELD_TYPE", f"/given/{FACT}"),
        ({"given": {FACT: 1.5}, "expect": "pass"}, "FIELD_TYPE", f"/given/{FACT}"),
        ({"given": {"repo.ci.runs_tests": 1}, "expect": "pass"}, "FIELD_TYPE", "/given/repo.ci.runs_tests"),
        ({"given": {"repo.ci.systems": "x"}, "expect": "pass"}, "FIELD_TYPE", "/given/repo.ci.systems"),
        ({"given": {"repo.commit.at": "then"}, "expect": "pass"}, "FIELD_TYPE", "/given/repo.commit.at"),
        ({"given": {FACT: {"unknown": "because"}}, "expect": "pass"}, "FIELD_VALUE", f"/given/{FACT}"),
        ({"now": "noon", "expect": "pass"}, "FIELD_TYPE", "/now"),
        ({"now": "0001-01-01T00:00:00+14:00", "expect": "pass"}, "FIELD_TYPE", "/now"),
        (
            {"given": {"repo.commit.at": "9999-12-31T23:59:59-12:00"}, "expect": "pass"},
            "FIELD_TYPE",
            "/given/repo.commit.at",
        ),
        ({"expect": "exempt"}, "FIELD_VALUE", "/expect"),
        ({"given": {}}, "FIELD_REQUIRED", "/expect"),
        ({"expects": "pass", "expect": "pass"}, "FIELD_UNKNOWN", "/expects"),
        ({"entity": [], "expect": "pass"}, "FIELD_TYPE", "/entity"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_tried_is_refused_at_its_place(
    case: Any, code: str, where: str
) -> None:
    text = document(check("repo.ci.runs_tests", tests=[{"expect": "unknown"}, case]))
    _, problems = load_scorecards(text, file="s.yaml", schemas=SCHEMAS)
    assert [(p.code, p.pointer) for p in problems] == [(code, f"/spec/checks/0/tests/1{where}")]
    assert problems[0].line


def test_numbers_of_doubles_may_be_whole() -> None:
    assert got("test.coverage >= 80.0", {"given": {"test.coverage": 80}, "expect": "pass"}) == [
        ("pass", True)
    ]
