"""What a change of a repository is answered for."""

from __future__ import annotations

from typing import Any

import pytest

from scorecards.insights.introduced import CardChange, Verdict, card_changes
from scorecards.results import Outcome, ScorecardResult
from tests.scorecards.scorecard_samples import assess, check, scorecard, subject

CARD = scorecard(
    check("repo.readme.bytes > 100", id="readme"),
    check("repo.ci.runs_tests", id="tests", applies_to="repo.readme.path != 'none'"),
)


def result(**facts: Any) -> ScorecardResult:
    found = assess(
        CARD, subject({f"repo.{n.replace('_', '.', 1)}": value for n, value in facts.items()})
    )
    assert found is not None
    return found


GOOD = result(readme_bytes=200, readme_path="R", ci_runs_tests=True)


def changed(before: list[ScorecardResult] | None, after: ScorecardResult) -> CardChange:
    (found,) = card_changes({CARD.name: CARD}, before, [after])
    return found


@pytest.mark.parametrize(
    ("before", "after", "verdicts"),
    [
        (GOOD, GOOD, [Verdict.STANDING, Verdict.STANDING]),
        (
            GOOD,
            result(readme_bytes=5, readme_path="R", ci_runs_tests=True),
            [Verdict.INTRODUCED, Verdict.STANDING],
        ),
        (
            result(readme_bytes=5, readme_path="R", ci_runs_tests=False),
            result(readme_bytes=6, readme_path="R", ci_runs_tests=True),
            [Verdict.STANDING, Verdict.FIXED],
        ),
        (GOOD, result(readme_path="R", ci_runs_tests=True), [Verdict.BLURRED, Verdict.STANDING]),
        (
            GOOD,
            result(readme_bytes=200, readme_path="none", ci_runs_tests=True),
            [Verdict.STANDING, Verdict.OTHER],
        ),
        (
            result(readme_bytes=200, readme_path="none", ci_runs_tests=False),
            result(readme_bytes=200, readme_path="R", ci_runs_tests=False),
            [Verdict.STANDING, Verdict.INTRODUCED],
        ),
    ],
)
def test_what_a_change_does_to_each_check(
    before: ScorecardResult, after: ScorecardResult, verdicts: list[Verdict]
) -> None:
    found = changed([before], after)
    assert [one.verdict for one in found.checks] == verdicts
    assert found.changes == (set(verdicts) != {Verdict.STANDING})


ASKING = scorecard(
    check("repo.readme.bytes > 100", id="readme"),
    check("repo.ci.runs_tests", id="tests", applies_to="repo.readme.bytes > 100", level="Defined"),
)


@pytest.mark.parametrize(
    ("sizes", "verdicts"),
    [
        ((5, 200), [Verdict.FIXED, Verdict.ASKED]),  # and the level rises
        ((200, 200), [Verdict.STANDING, Verdict.STANDING]),
    ],
)
def test_what_is_only_asked_because_of_the_change_is_not_held_against_it(
    sizes: tuple[int, int], verdicts: list[Verdict]
) -> None:
    before, after = (
        assess(ASKING, subject({"repo.readme.bytes": size, "repo.ci.runs_tests": False}))
        for size in sizes
    )
    assert before is not None
    assert after is not None
    (found,) = card_changes({ASKING.name: ASKING}, [before], [after])
    assert [one.verdict for one in found.checks] == verdicts
    assert found.of(Verdict.INTRODUCED) == ()


def test_a_check_that_does_not_count_yet_is_held_against_nobody() -> None:
    coming = scorecard(
        check("repo.readme.bytes > 100", lifecycle={"stage": "preview", "from": "2030-01-01"})
    )
    before, after = (assess(coming, subject({"repo.readme.bytes": size})) for size in (200, 5))
    assert before is not None
    assert after is not None
    (found,) = card_changes({coming.name: coming}, [before], [after])
    assert [one.verdict for one in found.checks] == [Verdict.OTHER]


def test_a_new_entity_is_not_held_against_the_change() -> None:
    found = changed([], result(readme_bytes=5, readme_path="R", ci_runs_tests=False))
    assert {one.verdict for one in found.checks} == {Verdict.NEW}
    assert found.of(Verdict.INTRODUCED) == ()
    assert found.before is None


def test_without_a_base_nothing_is_compared() -> None:
    found = changed(None, result(readme_bytes=5, readme_path="R", ci_runs_tests=False))
    assert {one.verdict for one in found.checks} == {Verdict.STANDING}
    assert found.checks[0].after.outcome is Outcome.FAIL
