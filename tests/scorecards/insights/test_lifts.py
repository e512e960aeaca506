"""What fixes bring across many entities, against fixing them for real."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from scorecards.insights.lifts import lifts
from scorecards.levels import reached
from scorecards.results import LETTERS, Outcome
from tests.scorecards.scorecard_samples import check, scorecard

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CARD = scorecard(
    check("repo.readme.bytes > 1", effort="days"),
    check("repo.readme.bytes > 2", effort="minutes"),
    check("repo.readme.bytes > 3", level="Defined"),
    check("repo.readme.bytes > 4", level="Optimizing"),
)
LEVELS = [check.level for check in CARD.checks]
OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


def proven(letters: str) -> int:
    return reached(len(CARD.levels), LEVELS, [OUTCOMES[letter] for letter in letters]).proven


def lowest_open(letters: str) -> int:
    """The level to go for: right above the proven one, but where nothing is known at all."""
    found = min(
        (level for level, letter in zip(LEVELS, letters, strict=True) if letter in "fue"), default=0
    )
    assert found in (0, proven(letters) + 1) or not {"p", "f"} & {*letters}
    return found


def fixed(letters: str, checks: tuple[int, ...]) -> str:
    return "".join(
        "p" if index in checks and letter in "fue" else letter
        for index, letter in enumerate(letters)
    )


@given(st.lists(st.text(alphabet="pfunxe", min_size=4, max_size=4), max_size=12))
def test_a_fix_lifts_whom_it_lifts_when_it_is_made(rows: list[str]) -> None:
    found = lifts(CARD, Counter(rows), now=NOW)
    assert found.entities == len(rows)
    brought = {fix.check: (fix.lifts, fix.levels) for fix in found.fixes}
    for index in range(4):
        gained = [
            gain
            for letters in rows
            if letters[index] in "fue"
            and LEVELS[index] == lowest_open(letters)
            and (gain := proven(fixed(letters, (index,))) - proven(letters)) > 0
        ]
        assert brought.get(index, (0, 0)) == (len(gained), sum(gained))


@given(st.lists(st.text(alphabet="pfun", min_size=4, max_size=4), max_size=12))
def test_a_bundle_lifts_everybody_who_lacks_no_more_than_it_has(rows: list[str]) -> None:
    found = {bundle.checks: bundle for bundle in lifts(CARD, Counter(rows), now=NOW).bundles}
    for size in (1, 2):
        for checks in combinations(range(4), size):
            if checks in found:
                lifted = [r for r in rows if proven(fixed(r, checks)) > proven(r)]
                assert found[checks].lifts == len(lifted)


def test_the_fix_that_lifts_most_comes_first() -> None:
    found = lifts(CARD, {"pffp": 3, "fppp": 2, "ffpp": 4, "pppp": 7}, now=NOW)
    assert [(fix.check, fix.lifts, fix.blocks) for fix in found.fixes] == [(1, 3, 7), (0, 2, 6)]
    assert [(b.checks, b.lifts, b.minutes) for b in found.bundles] == [
        ((0, 1), 9, 975),
        ((1,), 3, 15),
        ((0,), 2, 960),
    ]
    assert (found.entities, found.below) == (16, 9)


def test_what_is_unknown_is_told_apart() -> None:
    found = lifts(CARD, {"uppp": 2, "fppp": 1}, now=NOW)
    assert [(fix.blocks, fix.unknown) for fix in found.fixes] == [(3, 2)]


def test_results_of_another_definition_are_left_out() -> None:
    assert lifts(CARD, {"ffff": 1, "fff": 5}, now=NOW).entities == 1
    assert Outcome.FAIL in OUTCOMES.values()
