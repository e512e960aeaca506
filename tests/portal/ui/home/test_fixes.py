"""What to fix first, for everyone: the numbers of single checks are those of the advice."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from page_shop import NOW, Shop

from portal.ui.models.home.fixes import MOST_FIXES, FixLine, fixes
from scorecards.insights.lifts import lifts


def numbers(lines: tuple[FixLine, ...]) -> dict[str, tuple[int, int, int]]:
    return {
        line.check.id: (line.failing + line.unknown, line.unknown, line.lifts) for line in lines
    }


@given(st.dictionaries(st.text(alphabet="pfunxe", min_size=2, max_size=3), st.integers(1, 9)))
def test_numbers_are_those_of_the_advice(shop_to_see: Shop, counts: dict[str, int]) -> None:
    (card,) = shop_to_see.portal.scorecards
    found = fixes([(card, counts)], now=NOW)
    told = {
        card.checks[fix.check].id: (fix.blocks, fix.unknown, fix.lifts)
        for fix in lifts(card, counts, now=NOW).fixes
    }
    assert numbers((*found.failing, *found.unknown)) == told


def test_what_lifts_for_sure_comes_before_what_may(shop_to_see: Shop) -> None:
    (card,) = shop_to_see.portal.scorecards
    found = fixes([(card, {"upp": 50, "fpp": 1, "pfp": 2})], now=NOW)
    assert [line.check.id for line in found.failing] == ["described", "readme"]
    assert [(line.check.id, line.unknown) for line in found.unknown] == [("readme", 50)]


def test_what_is_left_out_of_a_long_list_is_counted(shop_to_see: Shop) -> None:
    (card,) = shop_to_see.portal.scorecards
    many = [replace(card, name=f"card-{number}") for number in range(MOST_FIXES + 3)]
    found = fixes([(one, {"fpp": 1}) for one in many], now=NOW)
    assert len(found.failing) == MOST_FIXES
    assert found.note == f"{MOST_FIXES} of {MOST_FIXES + 3} checks, what lifts most first"
