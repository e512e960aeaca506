"""Badges: green and red are said of what is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scorecards.insights.badges import Color, badge, no_result
from tests.scorecards.scorecard_samples import check, scorecard

CARD = scorecard(check("repo.readme.bytes > 1"))


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3))
def test_what_may_turn_out_either_way_is_neither_green_nor_red(
    proven: int, more: int, fails: int
) -> None:
    shown = badge(CARD, proven=proven, possible=proven + more, fails=fails)
    sure, perhaps = min(proven, 3), min(proven + more, 3)
    if sure != perhaps:
        assert shown.color is Color.UNKNOWN
        assert shown.message == f"{CARD.levels[sure].name} to {CARD.levels[perhaps].name}"
    if shown.color is Color.FLOOR:
        assert fails
        assert sure == perhaps == 0
    if shown.color is Color.TOP:
        assert sure == perhaps == 3


def test_nothing_examined_is_not_red() -> None:
    assert badge(CARD, proven=0, possible=0, fails=0).color is Color.UNKNOWN
    assert no_result(CARD).color is Color.UNKNOWN
