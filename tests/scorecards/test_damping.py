"""Damping: a pass fails only when the failure lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scorecards.damping import Held, Settled, counting, settle
from scorecards.results import Outcome

START = datetime(2026, 3, 1, tzinfo=UTC)
GRACE = timedelta(hours=48)
P, F, U = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN

outcomes = st.sampled_from(list(Outcome))
schedules = st.lists(st.tuples(st.integers(0, 30), outcomes), min_size=1, max_size=20)


def run(found: list[tuple[datetime, Outcome]], grace: timedelta = GRACE) -> list[Outcome]:
    """What counts after each finding, as a store would keep it."""
    counted: Outcome | None = None
    since: datetime | None = None
    history = []
    for now, candidate in found:
        standing = settle(counted, since, candidate, now, grace=grace)
        counted = counting(standing)
        since = standing.since if isinstance(standing, Held) else None
        history.append(counted)
    return history


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def dated(schedule: list[tuple[int, Outcome]]) -> list[tuple[datetime, Outcome]]:
    hours, found = 0, []
    for step, outcome in schedule:
        hours += step
        found.append((at(hours), outcome))
    return found


def test_a_failure_counts_once_it_has_lasted() -> None:
    assert run([(at(0), P), (at(1), F), (at(48), F), (at(49), F)]) == [P, P, P, F]


def test_a_pass_in_between_begins_the_grace_anew() -> None:
    assert run([(at(0), P), (at(1), F), (at(40), P), (at(50), F), (at(97), F)]) == [P] * 5


def test_it_says_since_when_and_until_when_a_pass_is_held() -> None:
    held = settle(P, None, F, at(1), grace=GRACE)
    assert held == Held(since=at(1), until=at(49))
    assert settle(P, at(1), F, at(20), grace=GRACE) == held
    assert settle(P, at(1), F, at(49), grace=GRACE) == Settled(outcome=F)


def test_what_was_never_passed_fails_at_once() -> None:
    assert run([(at(0), F)]) == [F]
    assert run([(at(0), U), (at(1), F)]) == [U, F]


@given(schedules)
def test_without_grace_everything_counts_as_found(schedule: list[tuple[int, Outcome]]) -> None:
    found = dated(schedule)
    assert run(found, timedelta(0)) == [outcome for _, outcome in found]


@given(schedules)
def test_only_failures_are_held_and_never_longer_than_the_grace(
    schedule: list[tuple[int, Outcome]],
) -> None:
    found = dated(schedule)
    failing: datetime | None = None
    for (now, outcome), counted in zip(found, run(found), strict=True):
        failing = (failing or now) if outcome is F else None
        if counted is not outcome:
            assert (outcome, counted) == (F, P)
            assert failing is not None
            assert now - failing < GRACE


@given(schedules, st.integers(0, 19))
def test_looking_more_often_changes_nothing(
    schedule: list[tuple[int, Outcome]], where: int
) -> None:
    found = dated(schedule)
    index = where % len(found)
    moment, outcome = found[index]
    again = [*found[: index + 1], (moment, outcome), *found[index + 1 :]]
    assert run(again)[index + 1 :] == run(found)[index:]
