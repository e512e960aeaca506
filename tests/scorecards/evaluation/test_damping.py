"""Damping: a pass fails only when the failure lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate, product

from hypothesis import given
from hypothesis import strategies as st

from scorecards.collection.serialization import evidence_from_json, evidence_to_json
from scorecards.evaluation.damping import (
    HELD,
    UNSURE,
    Settled,
    counting,
    damped,
    places,
    relived,
    settle,
)
from scorecards.evaluation.decisions import Decisions, Grant, decided
from scorecards.evaluation.transitions import OUTCOMES
from scorecards.results import Held, Outcome, ScorecardResult
from tests.scorecards.scorecard_samples import assess, check, scorecard, subject

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


CARD = scorecard(
    check("repo.readme.bytes > 0", grace="48h"), check("repo.ci.runs_tests", level="Defined")
)


def said(bytes_: int, hours: int, before: ScorecardResult | None = None) -> ScorecardResult:
    """What is stored some hours after the start, where `before` was."""
    facts = {"repo.readme.bytes": bytes_, "repo.ci.runs_tests": True}
    result = assess(CARD, subject(facts), now=at(hours))
    assert result is not None
    return damped(CARD, result, {} if before is None else {r.check: r for r in before.results})


def test_a_held_pass_counts_for_levels_and_says_until_when() -> None:
    held = said(0, 1, said(5, 0))
    assert places(CARD) == (0,)
    assert held.proven == held.possible == 3
    assert held.results[0].held == Held(since=at(1), until=at(49))
    assert held.results[0].leaves[0][1] is F
    assert said(0, 30, held).results[0].held == held.results[0].held
    assert evidence_from_json(evidence_to_json(held)) == held.results
    settled = said(0, 49, held)
    assert (settled.results[0].outcome, settled.proven) == (F, 0)


def test_what_an_exemption_hid_is_what_was_before() -> None:
    grants = Decisions(
        grants=(Grant(exemption=1, scorecard="sample", check="check-0", until=at(2)),)
    )
    exempt = decided(CARD, said(5, 0), grants)
    assert exempt.results[0].outcome is Outcome.EXEMPT
    assert said(0, 3, exempt).results[0].held == Held(since=at(3), until=at(51))
    held = decided(CARD, said(0, 1, exempt), grants)
    assert said(0, 3, held).results[0].held == Held(since=at(1), until=at(49))


found_letters = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["p", "f", "f", "u", ""])))
unsure_letters = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("pfffu??")), max_size=7)


def lettered(schedule: list[tuple[int, str]]) -> list[tuple[datetime, str]]:
    hours = accumulate(step for step, _ in schedule)
    return [(at(hour), letter) for hour, (_, letter) in zip(hours, schedule, strict=True)]


def lived(found: list[tuple[datetime, str]], was: str = "") -> list[str]:
    """What counts after each finding, in letters; `was` counted before the first."""
    counted, since, history = OUTCOMES.get(was), None, []
    for now, letter in found:
        outcome = OUTCOMES.get(letter)
        standing = None if outcome is None else settle(counted, since, outcome, now, grace=GRACE)
        counted = None if standing is None else counting(standing)
        since = standing.since if isinstance(standing, Held) else None
        history.append(HELD if since else letter)
    return history


@given(found_letters)
def test_a_past_that_is_known_is_relived_as_it_was(schedule: list[tuple[int, str]]) -> None:
    found = lettered(schedule)
    assert relived(found, grace=GRACE) == lived(found)


@given(unsure_letters, st.booleans())
def test_what_is_told_of_a_past_that_is_not_known_holds_whatever_it_was(
    schedule: list[tuple[int, str]], sure: bool
) -> None:
    found = lettered(schedule)
    told = relived(found, grace=GRACE, sure=sure)
    unsure = [place for place, (_, letter) in enumerate(found) if letter == UNSURE]
    for letters in product("pfu", repeat=len(unsure)):
        filled = dict(zip(unsure, letters, strict=True))
        real = [(now, filled.get(n, letter)) for n, (now, letter) in enumerate(found)]
        for was in ("",) if sure else ("", "p", "f"):
            each = zip(told, lived(real, was), strict=True)
            assert all(said in (UNSURE, is_) for said, is_ in each), (real, was)


def test_a_failure_that_lasts_is_one_whatever_was_before() -> None:
    found = [(at(0), "?"), (at(1), "f"), (at(48), "f"), (at(49), "f"), (at(50), "p"), (at(51), "f")]
    assert relived(found, grace=GRACE) == ["?", "?", "?", "f", "p", "h"]
    assert relived(found[1:], grace=GRACE, sure=False) == ["?", "?", "f", "p", "h"]
