"""Checks that stand out: always so, often exempted, most failed, most improved."""

from __future__ import annotations

from fractions import Fraction

from scorecards.insights.check_histories import (
    CheckHistory,
    always,
    exempt_share,
    most_failed,
    most_improved,
    often_exempted,
)
from scorecards.results import Outcome


def said(check: str, now: dict[str, int], *, ever: str = "", improved: int = 0) -> CheckHistory:
    return CheckHistory(check=check, now=now, ever=frozenset([*now, *ever]), improved=improved)


def test_what_is_unknown_is_neither_always_passing_nor_always_failing() -> None:
    found = [
        said("good", {"p": 3, "u": 1}),
        said("was-bad", {"p": 3}, ever="f"),
        said("bad", {"f": 3, "n": 1}),
        said("unknown", {"u": 3}),
    ]
    assert [one.check for one in always(found, Outcome.PASS)] == ["good"]
    assert [one.check for one in always(found, Outcome.FAIL)] == ["bad"]


def test_checks_that_stand_out_come_in_order() -> None:
    found = [
        said("a", {"f": 2, "x": 1, "n": 90}, improved=1),
        said("b", {"f": 5, "x": 1, "p": 4}, improved=-3),
        said("c", {"p": 30, "x": 1}, improved=4),
        said("d", {"n": 4}),
    ]
    assert [one.check for one in often_exempted(found)] == ["a", "b"]
    assert [one.check for one in most_failed(found)] == ["b", "a"]
    assert [one.check for one in most_improved(found)] == ["c", "a"]
    assert exempt_share({"x": 1, "n": 90, "f": 2}) == Fraction(1, 3)
    assert exempt_share({"n": 4}) is None
