"""A week in short: what was gained, lost, or only not known, and what came to fail."""

from datetime import UTC, datetime, timedelta

import pytest

from scorecards.evaluation.transitions import Reason, Stand
from scorecards.insights.digest import changes_of, week_at, week_named
from scorecards.insights.moves import Course, Step
from tests.scorecards.scorecard_samples import NOW


def stand(letters: str, proven: int, possible: int | None = None) -> Stand:
    outcomes = dict(zip("abc", letters, strict=False))
    best = proven if possible is None else possible
    return Stand(version="1", seq=1, proven=proven, possible=best, outcomes=outcomes)


def course(*stands: Stand | None, reason: Reason = Reason.FACTS) -> Course:
    steps = [
        Step(at=NOW + timedelta(hours=n), reason=reason, stand=one)
        for n, one in enumerate(stands[1:], start=1)
    ]
    return Course(opening=stands[0], steps=tuple(steps))


def test_a_week_goes_from_monday_to_monday_whatever_the_year() -> None:
    week = week_named("2026-W53")
    assert week is not None
    assert (week.start, week.end) == (
        datetime(2026, 12, 28, tzinfo=UTC),
        datetime(2027, 1, 4, tzinfo=UTC),
    )
    assert week_at(datetime(2027, 1, 3, 23, 59, tzinfo=UTC)) == week
    assert week_at(week.end).name == "2027-W01"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2026-W00",
        "2025-W53",
        "2026-30",
        "0000-W01",
        "0001-W01",
        "1969-W52",
        "9999-W52",
        "2026-W３0",
    ],
)
def test_what_is_no_week_is_none(name: str) -> None:
    assert week_named(name) is None


def test_levels_are_those_of_the_ends_of_the_week_the_furthest_first() -> None:
    up, there_and_back = course(stand("pf", 1), stand("pp", 2)), [stand("pp", 2), stand("fp", 0)]
    found = changes_of(
        {
            1: up,
            2: course(stand("ff", 0), stand("pf", 1), stand("pp", 2)),
            3: course(*there_and_back, there_and_back[0]),
            4: course(*there_and_back),
        },
        gates=[],
    )
    assert [(one.entity, one.before, one.after) for one in found.gained] == [(2, 0, 2), (1, 1, 2)]
    assert [(one.entity, one.before, one.after) for one in found.lost] == [(4, 2, 0)]
    assert found.lost[0].reason is Reason.FACTS


def test_a_level_that_is_only_not_certain_is_not_lost() -> None:
    found = changes_of({1: course(stand("pp", 2), stand("up", 0, 2))}, gates="ab")
    assert (found.gained, found.lost, found.failing) == ((), (), {})
    partly = changes_of({1: course(stand("pp", 2), stand("uf", 0, 1))}, gates=[])
    assert [(one.before, one.after) for one in partly.lost] == [(2, 1)]


def test_what_the_rules_did_is_counted_apart() -> None:
    found = changes_of({1: course(stand("pp", 2), stand("fp", 0), reason=Reason.RULES)}, gates="ab")
    assert (found.lost, found.by_rules, found.failing) == ((), 1, {})


def test_what_came_or_went_is_neither_gained_nor_lost() -> None:
    found = changes_of(
        {1: course(None, stand("pp", 2)), 2: course(stand("pp", 2), None)}, gates="ab"
    )
    assert (found.gained, found.lost, found.by_rules, found.failing) == ((), (), 0, {})


def test_checks_that_came_to_fail_are_counted_where_they_keep_a_level_away() -> None:
    found = changes_of(
        {
            1: course(stand("ppp", 2), stand("ffp", 0), stand("fff", 0)),
            2: course(stand("fuu", 0), stand("fff", 0)),
        },
        gates="ab",
    )
    assert found.failing == {1: 2}
