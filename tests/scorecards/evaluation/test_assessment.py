"""Assessment: outcomes of leaves and checks over known, missing, failed, stale and absent facts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.problems import JsonValue
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.observing import LARGEST_OBSERVATION
from scorecards.expressions.cel import ExpressionError
from scorecards.facts import FailedFact, Missing, Unknown
from scorecards.results import Outcome
from tests.scorecards.scorecard_samples import (
    NOW,
    SCHEMAS,
    ask,
    assess,
    check,
    record,
    scorecard,
    subject,
)

FAILED = FailedFact(reason=Unknown.SOURCE_FAILED, detail="the repository could not be cloned")


def test_a_known_fact_decides() -> None:
    assert ask("repo.readme.bytes >= 500", {"repo.readme.bytes": 500}).outcome is Outcome.PASS
    failed = ask("repo.readme.bytes >= 500", {"repo.readme.bytes": 499})
    assert failed.outcome is Outcome.FAIL
    assert failed.reason == "`repo.readme.bytes >= 500` is false"
    assert failed.observed == {"repo.readme.bytes": 499}


def test_a_missing_fact_has_the_value_of_its_schema_and_is_shown_as_missing() -> None:
    said = ask("repo.readme.bytes >= 500", {"repo.readme.bytes": Missing(looked_for="README*")})
    assert said.outcome is Outcome.FAIL
    assert said.observed == {"repo.readme.bytes": None}
    assert said.unknown == {}


def test_a_fact_that_was_never_collected_makes_the_check_unknown() -> None:
    said = ask("repo.readme.bytes >= 500")
    assert said.outcome is Outcome.UNKNOWN
    assert said.unknown == {"repo.readme.bytes": "not_collected"}
    assert said.reason == "`repo.readme.bytes` is not known: it was not collected"


@pytest.mark.parametrize("rule", ["repo.readme.bytes < 1", "!(repo.readme.bytes >= 1)"])
def test_a_failed_fact_is_never_pass_and_never_fail(rule: str) -> None:
    said = ask(rule, {"repo.readme.bytes": FAILED})
    assert said.outcome is Outcome.UNKNOWN
    assert said.unknown == {"repo.readme.bytes": "source_failed"}
    assert "could not be cloned" in said.reason


def test_a_fact_past_its_time_is_stale() -> None:
    old = record({"repo.readme.bytes": 900}, valid_until=NOW - timedelta(seconds=1))
    result = assess(scorecard(check("repo.readme.bytes > 1")), subject(records=(old,)))
    assert result is not None
    assert result.results[0].outcome is Outcome.UNKNOWN
    assert result.results[0].unknown == {"repo.readme.bytes": "stale"}
    assert result.results[0].observed == {}


def test_a_fact_is_fresh_until_its_very_end() -> None:
    fresh = record({"repo.readme.bytes": 900}, valid_until=NOW)
    result = assess(scorecard(check("repo.readme.bytes > 1")), subject(records=(fresh,)))
    assert result is not None
    assert result.results[0].outcome is Outcome.PASS


def test_what_is_known_decides_beside_what_is_not() -> None:
    facts = {"repo.readme.bytes": 900, "repo.ci.runs_tests": FAILED}
    assert ask("repo.readme.bytes > 1 || repo.ci.runs_tests", facts).outcome is Outcome.PASS
    assert ask("repo.readme.bytes < 1 && repo.ci.runs_tests", facts).outcome is Outcome.FAIL
    tree = {"any": ["repo.ci.runs_tests", "repo.readme.bytes > 1"]}
    said = ask(tree, facts)
    assert said.outcome is Outcome.PASS
    assert said.leaves == (
        ("repo.ci.runs_tests", Outcome.UNKNOWN),
        ("repo.readme.bytes > 1", Outcome.PASS),
    )
    assert said.unknown == {"repo.ci.runs_tests": "source_failed"}


def test_a_key_that_the_entity_lacks_is_a_fail_with_that_reason() -> None:
    said = ask("entity.spec.tier == 'one'")
    assert said.outcome is Outcome.FAIL
    assert said.reason == "absent: the entity has no 'tier'"


def test_a_key_that_a_map_of_the_rule_lacks_is_an_error_of_the_rule() -> None:
    said = ask("{'a': 1}[repo.readme.path] == 1", {"repo.readme.path": "b"})
    assert said.outcome is Outcome.ERROR


def test_an_unknown_fact_beside_an_absent_key_is_unknown() -> None:
    said = ask("entity.spec.tier == 'one' || repo.ci.runs_tests")
    assert said.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "rule",
    [
        "1 / repo.readme.bytes == 1",
        "entity.metadata.name > repo.readme.bytes",
        "entity.metadata.name.matches(repo.readme.path)",
    ],
)
def test_an_error_of_the_rule_stays_with_its_check(rule: str) -> None:
    card = scorecard(check(rule), check("repo.readme.bytes == 0"))
    result = assess(card, subject({"repo.readme.bytes": 0, "repo.readme.path": "("}))
    assert result is not None
    assert [r.outcome for r in result.results] == [Outcome.ERROR, Outcome.PASS]
    assert result.results[0].reason
    assert (result.proven, result.possible) == (0, 3)


def test_a_value_of_the_wrong_type_is_an_error_not_a_fail() -> None:
    assert ask("repo.readme.bytes > 1", {"repo.readme.bytes": "many"}).outcome is Outcome.ERROR


def test_a_check_that_does_not_apply_says_to_whom_it_does() -> None:
    condition = {"rule": "entity.spec.type == 'website'", "because": "Applies to websites"}
    said = ask("repo.readme.bytes > 1", applies_to=condition)
    assert (said.outcome, said.reason) == (Outcome.NOT_APPLICABLE, "Applies to websites")
    assert said.leaves == ()
    assert said.unknown == {}


def test_whether_a_check_applies_may_be_unknown() -> None:
    said = ask("repo.readme.bytes > 1", {"repo.readme.bytes": 5}, applies_to="repo.ci.runs_tests")
    assert said.outcome is Outcome.UNKNOWN
    assert said.reason.startswith("whether it applies cannot be told: `repo.ci.runs_tests`")
    assert said.unknown == {"repo.ci.runs_tests": "not_collected"}


def test_why_a_check_does_not_apply_has_evidence() -> None:
    said = ask(
        "repo.readme.bytes > 1", {"repo.ci.runs_tests": False}, applies_to="repo.ci.runs_tests"
    )
    assert said.outcome is Outcome.NOT_APPLICABLE
    assert said.observed == {"repo.ci.runs_tests": False}
    assert said.reason == "Applies only where `repo.ci.runs_tests`"


def test_a_scorecard_that_does_not_apply_has_no_result() -> None:
    card = scorecard(check("repo.readme.bytes > 1"), applies_to="entity.kind == 'API'")
    assert assess(card, subject()) is None


def test_a_scorecard_that_may_apply_is_unknown_throughout() -> None:
    card = scorecard(check("repo.readme.bytes > 1"), applies_to="repo.ci.runs_tests")
    result = assess(card, subject({"repo.readme.bytes": 5, "repo.ci.runs_tests": FAILED}))
    assert result is not None
    assert result.results[0].outcome is Outcome.UNKNOWN
    assert (result.proven, result.possible) == (0, 3)


def test_observations_are_shown_beside_the_facts_of_the_rule() -> None:
    said = ask(
        "repo.readme.bytes > 1",
        {"repo.readme.bytes": 5, "repo.ci.systems": ("jenkins",), "repo.commit.at": NOW},
        observe=[
            "repo.ci.systems",
            "repo.commit.at",
            {"title": "Kilobytes", "expression": "double(repo.readme.bytes) / 1000.0"},
            {"title": "Tier", "expression": "entity.spec.tier"},
            {"title": "Coverage", "expression": "test.coverage * 100.0"},
            {"title": "Now", "expression": "now"},
            {"title": "Raw", "expression": "b'x'"},
        ],
    )
    assert said.observed == {
        "repo.readme.bytes": 5,
        "repo.ci.systems": ["jenkins"],
        "repo.commit.at": "2026-03-01T12:00:00Z",
        "Kilobytes": 0.005,
        "Tier": None,
        "Coverage": None,
        "Now": "2026-03-01T12:00:00Z",
        "Raw": "a value of type BYTES, which cannot be shown",
    }


def test_a_huge_observation_is_refused() -> None:
    said = ask(
        "repo.readme.bytes > 1",
        {"repo.readme.bytes": 5, "repo.readme.path": "x" * (LARGEST_OBSERVATION // 2)},
        observe=[{"title": "Twice", "expression": "repo.readme.path + repo.readme.path"}],
    )
    assert said.observed["Twice"] == "more than 1 MB, which is not shown"


def test_facts_without_a_schema_are_left_out() -> None:
    assert ask("repo.readme.bytes > 1", {"repo.readme.bytes": 5, "x.y": 3}).outcome is Outcome.PASS


def test_an_assessor_refuses_what_loading_would_have_refused() -> None:
    card = scorecard(check("repo.readme.bytes > 1"))
    with pytest.raises(ExpressionError, match=r"no fact 'repo\.readme\.bytes'"):
        Assessor([card], {})


some_facts = st.fixed_dictionaries(
    {},
    optional={
        "repo.readme.bytes": st.integers(0, 1000) | st.just(FAILED) | st.just(Missing()),
        "repo.ci.runs_tests": st.booleans() | st.just(FAILED),
        "repo.ci.systems": st.just(("jenkins",)) | st.just(()) | st.just(FAILED),
    },
)
CARD = scorecard(
    check("repo.readme.bytes > 500"),
    check({"not": "repo.ci.runs_tests"}, level="Defined"),
    check({"at_least": {"count": 1, "of": ["size(repo.ci.systems) > 0", "repo.ci.runs_tests"]}}),
)


@given(some_facts)
def test_the_same_facts_give_the_same_answer(facts: dict[str, object]) -> None:
    again = Assessor([CARD, CARD], SCHEMAS)
    first, second = again.assess(subject(facts), now=NOW)  # type: ignore[arg-type]
    assert first == second == assess(CARD, subject(facts))  # type: ignore[arg-type]


@given(some_facts)
def test_what_is_not_known_never_passes_or_fails_by_itself(facts: dict[str, object]) -> None:
    said = assess(CARD, subject(facts))  # type: ignore[arg-type]
    assert said is not None
    assert said.proven <= said.possible
    for result in said.results:
        if set(result.unknown) == {"repo.readme.bytes"} or len(result.leaves) == 1 == len(
            result.unknown
        ):
            assert result.outcome is Outcome.UNKNOWN


RULES = [
    "repo.readme.bytes > 500",
    "repo.ci.runs_tests // a comment at its end",
    "1000 / repo.readme.bytes > 2",
    "repo.ci.runs_tests || repo.readme.bytes > 700",
    "size(repo.ci.systems) > 0 && entity.spec.tier == 'one'",
]


@given(some_facts)
def test_rules_say_the_same_together_as_each_alone(facts: dict[str, object]) -> None:
    together = assess(scorecard(*(check(rule) for rule in RULES)), subject(facts))  # type: ignore[arg-type]
    assert together is not None
    alone = [ask(rule, facts) for rule in RULES]
    assert [(r.outcome, r.reason, r.observed) for r in together.results] == [
        (r.outcome, r.reason, r.observed) for r in alone
    ]


def test_a_check_with_a_max_age_waits_for_whether_its_scorecard_applies_as_any_other() -> None:
    card = scorecard(check("repo.readme.bytes > 0", max_age="1d"), applies_to="repo.ci.runs_tests")
    old = record({"repo.readme.bytes": 5}, observed_at=NOW - timedelta(days=3))
    result = assess(card, subject(records=(old,)))
    assert result is not None
    (said,) = result.results
    assert (said.outcome, said.unknown) == (
        Outcome.UNKNOWN,
        {"repo.ci.runs_tests": "not_collected"},
    )


@pytest.mark.parametrize("shown", ["repo.readme.bytes", "repo.readme.bytes / 2"])
def test_what_is_too_old_for_a_check_is_not_shown_by_it_either(shown: str) -> None:
    old = record({"repo.readme.bytes": 4}, observed_at=NOW - timedelta(days=3))

    def observed(max_age: str) -> JsonValue:
        observe = [{"title": "Size", "expression": shown}]
        rule = check("entity.kind == 'Component'", max_age=max_age, observe=observe)
        result = assess(scorecard(rule), subject(records=(old,)))
        assert result is not None
        return result.results[0].observed["Size"]

    assert observed("1d") is None
    assert observed("9d") is not None
