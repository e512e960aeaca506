"""The steps to the next level."""

from __future__ import annotations

from scorecard_samples import assess, check, scorecard, subject

from scorecards.advice import Action, next_steps

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
