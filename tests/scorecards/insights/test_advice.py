"""The steps to the next level."""

from __future__ import annotations

from collections.abc import Mapping

from scorecards.evaluation.damping import damped
from scorecards.facts import FactState, FactValue
from scorecards.insights.advice import Action, Plan, next_steps, plan
from scorecards.scorecard import Scorecard
from tests.scorecards.scorecard_samples import assess, check, scorecard, subject

CARD = scorecard(
    check("repo.readme.bytes > 100", id="slow", effort="days"),
    check("repo.readme.bytes > 200", id="light", effort="minutes", weight=1),
    check("repo.readme.bytes > 300", id="heavy", effort="minutes", weight=5),
    check("repo.ci.runs_tests", id="open", effort="hours"),
    check("1 / repo.readme.bytes > 0", id="broken", effort="days", weight=9),
    check("repo.readme.bytes > 400", id="later", level="Defined", effort="minutes"),
)


def test_the_cheapest_come_first_and_of_these_the_weightiest() -> None:
    result = assess(CARD, subject({"repo.readme.bytes": 0}))
    assert result is not None
    steps = [(step.check, step.action) for step in next_steps(CARD, result)]
    assert steps == [
        ("heavy", Action.FIX),
        ("light", Action.FIX),
        ("open", Action.FIND_OUT),
        ("broken", Action.REPORT),
        ("slow", Action.FIX),
    ]


def test_only_the_next_level_counts() -> None:
    card = scorecard(
        check("repo.readme.bytes > 100"),
        check("repo.readme.bytes > 400", id="next", level="Defined"),
        check("repo.readme.bytes > 400", id="later", level="Optimizing"),
    )
    result = assess(card, subject({"repo.readme.bytes": 300}))
    assert result is not None
    assert [step.check for step in next_steps(card, result)] == ["next"]


def test_at_the_top_there_is_nothing_to_do() -> None:
    card = scorecard(check("repo.readme.bytes > 100"))
    result = assess(card, subject({"repo.readme.bytes": 300}))
    assert result is not None
    assert next_steps(card, result) == ()


def planned(card: Scorecard, facts: Mapping[str, FactState | FactValue]) -> Plan:
    result = assess(card, subject(facts))
    assert result is not None
    found = plan(card, result)
    assert found is not None
    return found


def test_a_plan_takes_the_cheapest_alternative_and_pays_a_shared_leaf_once() -> None:
    card = scorecard(
        check(
            {"any": ["repo.readme.bytes > 100", "repo.readme.path == 'x' && repo.ci.runs_tests"]},
            effort="days",
        ),
        check({"all": ["repo.readme.bytes > 100", "'a' in repo.ci.systems"]}, effort="hours"),
    )
    facts: dict[str, FactState | FactValue] = {
        "repo.readme.bytes": 0,
        "repo.readme.path": "",
        "repo.ci.runs_tests": False,
        "repo.ci.systems": (),
    }
    found = planned(card, facts)
    assert {change.expression: change.minutes for change in found.changes} == {
        "repo.readme.bytes > 100": 120,
        "'a' in repo.ci.systems": 120,
    }
    shared = next(c for c in found.changes if c.expression == "repo.readme.bytes > 100")
    assert shared.checks == ("check-0", "check-1")
    assert (found.level, found.minutes, found.reachable, found.exact) == (1, 240, True, True)


def test_at_least_takes_the_cheapest_of_what_is_missing() -> None:
    rule = {
        "at_least": {
            "count": 2,
            "of": ["repo.readme.bytes > 1", "repo.readme.path != ''", "repo.ci.runs_tests"],
        }
    }
    found = planned(
        scorecard(check(rule)),
        {"repo.readme.bytes": 9, "repo.readme.path": "", "repo.ci.runs_tests": False},
    )
    assert [change.expression for change in found.changes] == ["repo.readme.path != ''"]


def test_what_is_unknown_has_to_be_found_out_and_what_is_true_may_have_to_go() -> None:
    card = scorecard(check("repo.ci.runs_tests"), check({"not": "repo.readme.bytes > 5"}))
    found = planned(card, {"repo.readme.bytes": 9})
    assert [(c.expression, c.becomes, c.action) for c in found.changes] == [
        ("repo.ci.runs_tests", True, Action.FIND_OUT),
        ("repo.readme.bytes > 5", False, Action.FIX),
    ]


def test_a_broken_leaf_is_the_last_resort_and_costs_the_team_nothing() -> None:
    broken = "1 / repo.readme.bytes > 0"
    facts: dict[str, FactState | FactValue] = {"repo.readme.bytes": 0, "repo.ci.runs_tests": False}
    around = planned(
        scorecard(check({"any": [broken, "repo.ci.runs_tests"]}, effort="days")), facts
    )
    assert [change.action for change in around.changes] == [Action.FIX]
    through = planned(scorecard(check(broken)), facts)
    assert [(c.action, c.minutes) for c in through.changes] == [(Action.REPORT, 0)]


def test_whether_a_check_applies_is_found_out_first() -> None:
    card = scorecard(check("repo.readme.bytes > 5", applies_to="repo.ci.runs_tests"))
    found = planned(card, {"repo.readme.bytes": 0})
    (change,) = found.changes
    assert (change.expression, change.becomes) == ("repo.ci.runs_tests", None)
    assert change.action is Action.FIND_OUT


def test_a_plan_keeps_what_passes() -> None:
    """The cheaper of two alternatives would break a check of the level below."""
    card = scorecard(
        check({"not": "repo.ci.runs_tests"}),
        check(
            {
                "any": [
                    "repo.ci.runs_tests",
                    {"all": ["repo.readme.bytes > 1", "repo.readme.path != ''"]},
                ]
            },
            level="Defined",
        ),
    )
    found = planned(
        card, {"repo.ci.runs_tests": False, "repo.readme.bytes": 0, "repo.readme.path": ""}
    )
    assert [c.expression for c in found.changes] == [
        "repo.readme.bytes > 1",
        "repo.readme.path != ''",
    ]


def test_a_contradiction_is_said() -> None:
    card = scorecard(check("repo.ci.runs_tests"), check({"not": "repo.ci.runs_tests"}))
    found = planned(card, {"repo.ci.runs_tests": False})
    assert not found.reachable
    assert found.changes == ()


def test_at_the_top_there_is_no_plan() -> None:
    card = scorecard(check("repo.readme.bytes > 100"), levels=["Floor", "Managed"])
    result = assess(card, subject({"repo.readme.bytes": 300}))
    assert result is not None
    assert plan(card, result) is None


def test_a_plan_says_of_a_held_pass_which_check_asks_for_the_change() -> None:
    card = scorecard(
        check("repo.ci.runs_tests", id="held", grace="4h"),
        check("repo.readme.bytes > 10", id="next", level="Defined"),
    )
    passed = assess(card, subject({"repo.ci.runs_tests": True, "repo.readme.bytes": 1}))
    failed = assess(card, subject({"repo.ci.runs_tests": False, "repo.readme.bytes": 1}))
    assert passed is not None
    assert failed is not None
    held = damped(card, failed, {said.check: said for said in passed.results})
    found = plan(card, held)
    assert found is not None
    assert (held.proven, found.level) == (1, 2)
    assert {change.expression: change.checks for change in found.changes} == {
        "repo.ci.runs_tests": ("held",),
        "repo.readme.bytes > 10": ("next",),
    }
