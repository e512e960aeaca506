"""Levels as facts: what rules see of other scorecards, and that these form no circle."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.problems import Problem
from scorecards.collection.store import Assessable
from scorecards.definitions.level_facts import level_fact, level_record, telling
from scorecards.definitions.loading import Loaded, load_files
from scorecards.definitions.readers import readers
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import FailedFact, Known, Missing, Unknown
from scorecards.levels import Reached
from scorecards.results import Outcome
from tests.scorecards.scorecard_samples import NOW, SCHEMAS, check, renamed, scorecard

BASE = renamed(scorecard(check("repo.readme.bytes > 0")), "web-basics")


def document(name: str, *rules: str, applies_to: str = "") -> str:
    checks = "".join(
        f"\n    - {{id: c{n}, title: t, level: Managed, why: w, fix: f, rule: '{rule}'}}"
        for n, rule in enumerate(rules)
    )
    condition = f"\n  applies_to: '{applies_to}'" if applies_to else ""
    return (
        f"apiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {{name: {name}, title: T}}\n"
        f"spec:{condition}\n  checks:{checks}\n"
    )


def loaded(*documents: str, **more: Any) -> Loaded:
    return load_files([("c.yaml", "---\n".join(documents))], schemas=SCHEMAS, **more)


def place(problem: Problem) -> tuple[str, int | None, int | None]:
    return problem.code, problem.line, problem.column


@pytest.mark.parametrize(
    ("scorecard", "fact"), [("web-basics", "levels.web_basics"), ("2fa", "levels._2fa")]
)
def test_a_level_is_called_after_its_scorecard(scorecard: str, fact: str) -> None:
    assert level_fact(scorecard) == fact
    assert (
        loaded(document(scorecard, "repo.ci.runs_tests"), document("b", f"{fact} >= 1")).problems
        == ()
    )


@pytest.mark.parametrize(
    ("reached", "state"),
    [
        (Reached(2, 2), Known(value=2)),
        (None, Missing(looked_for="a result of the scorecard web-basics, which does not apply")),
        (
            Reached(0, 1),
            FailedFact(
                reason=Unknown.NOT_COLLECTED,
                detail="between Initial and Managed, as not all of its checks are known",
            ),
        ),
    ],
)
def test_a_level_that_is_not_certain_is_not_known(reached: Reached | None, state: object) -> None:
    made = level_record("component:default/a", BASE, reached, at=NOW)
    assert made.facts == {"levels.web_basics": state}


@pytest.mark.parametrize(
    ("reached", "outcome", "reason"),
    [
        (Reached(1, 1), Outcome.PASS, ""),
        (Reached(0, 0), Outcome.FAIL, "`levels.web_basics >= 1` is false"),
        (None, Outcome.FAIL, "`levels.web_basics >= 1` is false"),
        (Reached(0, 1), Outcome.UNKNOWN, "between Initial and Managed"),
    ],
)
def test_a_rule_sees_the_level_on_another_scorecard(
    reached: Reached | None, outcome: Outcome, reason: str
) -> None:
    found = loaded(document("next", "levels.web_basics >= 1"), known=[BASE])
    assert found.problems == ()
    subject = Assessable(
        id=0,
        ref="component:default/a",
        body=b"{}",
        records=(level_record("component:default/a", BASE, reached, at=NOW),),
    )
    (result,) = Assessor(found.scorecards, found.schemas).assess(subject, now=NOW)
    assert result.results[0].outcome is outcome
    assert reason in result.results[0].reason


def test_a_level_on_no_scorecard_is_an_unknown_fact_with_what_may_be_meant() -> None:
    (problem,) = loaded(
        document("web-basics", "repo.ci.runs_tests"),
        document("next", "levels.web_basic > 0", "repo.ci.runs_tests"),
    ).problems
    assert place(problem) == ("UNKNOWN_FACT", 13, 65)
    assert problem.hint == "Did you mean 'levels.web_basics'?"


def test_the_level_on_a_scorecard_that_cannot_be_used_is_a_fact_that_nobody_knows() -> None:
    found = loaded(document("broken", "nonsense("), document("next", "levels.broken > 0"))
    assert [card.name for card in found.scorecards] == ["next"]
    subject = Assessable(id=0, ref="component:default/a", body=b"{}", records=())
    (result,) = Assessor(found.scorecards, found.schemas).assess(subject, now=NOW)
    assert result.results[0].outcome is Outcome.UNKNOWN


def test_checks_that_close_a_circle_are_taken_out_where_they_stand() -> None:
    found = loaded(
        document("a", "levels.c > 0", "repo.ci.runs_tests"),
        document("b", "repo.ci.runs_tests", "levels.a > 0"),
        document("c", "levels.b > 0", "repo.ci.runs_tests"),
        document("d", "levels.a > 0"),
    )
    assert {card.name: [one.id for one in card.checks] for card in found.scorecards} == {
        "a": ["c1"],
        "b": ["c0"],
        "c": ["c1"],
        "d": ["c0"],
    }
    assert [place(problem)[:2] for problem in found.problems] == [
        ("LEVELS_CIRCLE", 6),
        ("LEVELS_CIRCLE", 15),
        ("LEVELS_CIRCLE", 22),
    ]
    message = "the scorecards `a`, `b`, `c` look at each other's levels in a circle"
    assert {problem.message for problem in found.problems} == {message}


def test_a_scorecard_that_looks_at_its_own_level_is_left_out_if_nothing_else_is_in_it() -> None:
    found = loaded(document("a", "levels.a > 0"))
    assert found.scorecards == ()
    assert found.problems[0].message == "`a` looks at its own level"


def test_a_condition_that_closes_a_circle_takes_the_scorecard_with_it() -> None:
    found = loaded(
        document("a", "repo.ci.runs_tests", applies_to="levels.b > 0"),
        document("b", "levels.a > 0", "repo.ci.runs_tests"),
    )
    assert [card.name for card in found.scorecards] == ["b"]
    assert [place(problem)[:2] for problem in found.problems] == [
        ("LEVELS_CIRCLE", 5),
        ("LEVELS_CIRCLE", 14),
    ]


def test_what_is_only_shown_closes_no_circle() -> None:
    shown = document("a", "repo.ci.runs_tests").replace("why: w", "why: w, observe: [levels.b]")
    assert loaded(shown, document("b", "levels.a > 0")).problems == ()


def test_a_circle_is_closed_by_what_is_published_as_well() -> None:
    (published,) = loaded(document("b", "levels.a > 0"), known=[renamed(BASE, "a")]).scorecards
    found = loaded(document("a", "levels.b > 0", "repo.ci.runs_tests"), known=[published])
    assert [place(problem)[:2] for problem in found.problems] == [("LEVELS_CIRCLE", 6)]


def test_levels_are_told_after_those_that_they_follow_from() -> None:
    found = loaded(
        document("a", "levels.c >= 1", "levels.b >= 1"),
        document("b", "levels.c >= 1"),
        document("c", "repo.ci.runs_tests"),
        document("d", "levels.a >= 1 && repo.ci.runs_tests"),
        document("e", "repo.ci.runs_tests"),
    )
    assert found.problems == ()
    told = telling(found.scorecards, readers(found.scorecards, found.schemas))
    assert [(one.card.name, "".join(sorted(one.followers))) for one in told] == [
        ("c", "abd"),
        ("b", "ad"),
        ("a", "d"),
    ]
