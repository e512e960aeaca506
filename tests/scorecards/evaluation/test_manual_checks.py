"""Checks that a person answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.decisions import Answer, Decisions, Grant, decided
from scorecards.results import CheckResult, Outcome, ScorecardResult
from scorecards.rules import Manual
from tests.scorecards.scorecard_samples import (
    NOW,
    SCHEMAS,
    assess,
    check,
    document,
    scorecard,
    subject,
)

CARD = scorecard(
    check({"manual": {"question": "Was it rehearsed?", "expires": "90d"}}),
    check("repo.readme.bytes > 0"),
)


def said(
    *, answer: Answer | None = None, grants: tuple[Grant, ...] = (), **more: Any
) -> CheckResult:
    return whole(answer=answer, grants=grants, **more).results[0]


def whole(
    *, answer: Answer | None = None, grants: tuple[Grant, ...] = (), card: Any = CARD
) -> ScorecardResult:
    result = assess(card, subject({"repo.readme.bytes": 9, "repo.ci.runs_tests": False}))
    assert result is not None
    return decided(card, result, Decisions(answers=(answer,) if answer else (), grants=grants))


def given(*, passes: bool = True, holds: timedelta = timedelta(days=1), **more: Any) -> Answer:
    fields: dict[str, Any] = {
        "scorecard": "sample",
        "check": "check-0",
        "passes": passes,
        "actor": "may",
        "comment": "On a spare machine.",
        "evidence": "https://wiki.example.com/1",
        "at": NOW + holds - timedelta(days=90),
        "expires_at": NOW + holds,
    }
    return Answer(**fields | more)


@pytest.mark.parametrize(
    ("rule", "days", "question"),
    [
        ("manual", 180, ""),
        ({"manual": {}}, 180, ""),
        ({"manual": {"expires": "7d"}}, 7, ""),
        ({"manual": {"question": "Is it?"}}, 180, "Is it?"),
    ],
)
def test_a_manual_rule_says_what_is_asked_and_for_how_long(
    rule: Any, days: int, question: str
) -> None:
    found = scorecard(check(rule)).checks[0].rule
    assert found == Manual(question=question, expires=timedelta(days=days))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"all": ["manual", "repo.ci.runs_tests"]}, "MANUAL_INSIDE"),
        ({"not": {"manual": {}}}, "MANUAL_INSIDE"),
        ({"manual": {"expires": "soon"}}, "FIELD_VALUE"),
        ({"manual": {"expires": "0d"}}, "FIELD_VALUE"),
        ({"manual": {"who": "me"}}, "FIELD_UNKNOWN"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_of_the_check_alone(rule: Any, code: str) -> None:
    text = document(check(rule), check("repo.ci.runs_tests"))
    (card,), problems = load_scorecards(text, file="s.yaml", schemas=SCHEMAS)
    assert code in {problem.code for problem in problems}
    assert len(card.checks) == 1


def test_a_check_that_nobody_answered_is_unknown() -> None:
    found = said()
    assert (found.outcome, found.unknown) == (Outcome.UNKNOWN, {"answer": "not_collected"})
    assert "nobody" in found.reason
    assert (whole().proven, whole().possible) == (0, 3)


@pytest.mark.parametrize("passes", [True, False])
def test_an_answer_that_holds_is_the_outcome(passes: bool) -> None:
    found = said(answer=given(passes=passes))
    assert found.outcome is (Outcome.PASS if passes else Outcome.FAIL)
    assert found.unknown == {}
    assert found.observed["answered by"] == "may"
    assert found.observed["evidence"] == "https://wiki.example.com/1"
    assert bool(found.reason) is not passes
    assert whole(answer=given(passes=passes)).proven == (3 if passes else 0)


@pytest.mark.parametrize("passes", [True, False])
def test_an_answer_that_has_expired_is_unknown_and_says_so(passes: bool) -> None:
    found = said(answer=given(passes=passes, holds=timedelta(0)))
    assert (found.outcome, found.unknown) == (Outcome.UNKNOWN, {"answer": "stale"})
    assert "expired on 2026-03-01" in found.reason
    assert found.observed["answer"] == ("pass" if passes else "fail")


@pytest.mark.parametrize("more", [{"check": "check-1"}, {"scorecard": "other"}])
def test_an_answer_to_something_else_changes_nothing(more: dict[str, str]) -> None:
    assert whole(answer=given(passes=False, **more)) == whole()


@pytest.mark.parametrize(
    ("applies_to", "outcome"),
    [("repo.ci.runs_tests", Outcome.NOT_APPLICABLE), ("test.coverage > 0.5", Outcome.UNKNOWN)],
)
def test_an_answer_does_not_make_a_check_apply(applies_to: str, outcome: Outcome) -> None:
    card = scorecard(check("manual", applies_to=applies_to), check("repo.readme.bytes > 0"))
    assert said(answer=given(), card=card).outcome is outcome


def test_an_exempt_manual_check_keeps_its_answer() -> None:
    grant = Grant(exemption=1, scorecard="sample", check="check-0", until=NOW + timedelta(days=2))
    found = said(answer=given(passes=False), grants=(grant,))
    assert found.outcome is Outcome.EXEMPT
    assert found.excuse is not None
    assert found.excuse.outcome is Outcome.FAIL
