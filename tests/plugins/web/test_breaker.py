"""When a host that keeps failing is left alone, and when it is tried again."""

from __future__ import annotations

import pytest

from plugins.web.breaker import Breaker


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(10):
        assert breaker.wait("a") == 0
        breaker.note("a", failed=True)
    return breaker


def test_it_opens_at_half_of_ten_calls(clock: Clock) -> None:
    breaker = Breaker(clock)
    for n in range(9):
        breaker.note("a", failed=n % 2 == 0)
        assert breaker.wait("a") == 0
    breaker.note("a", failed=True)
    assert breaker.wait("a") == 30


def test_one_host_is_no_reason_to_leave_another_alone(clock: Clock) -> None:
    breaker = opened(clock)
    assert breaker.wait("b") == 0


def test_failures_of_more_than_a_minute_ago_do_not_count(clock: Clock) -> None:
    breaker = Breaker(clock)
    for _ in range(9):
        breaker.note("a", failed=True)
    clock.now += 60
    breaker.note("a", failed=True)
    assert breaker.wait("a") == 0


def test_one_call_tries_and_its_success_closes_it(clock: Clock) -> None:
    breaker = opened(clock)
    clock.now += 30
    assert breaker.wait("a") == 0
    assert breaker.wait("a") == 30
    breaker.note("a", failed=False)
    assert breaker.wait("a") == 0


def test_each_trial_that_fails_doubles_the_pause_up_to_ten_minutes(clock: Clock) -> None:
    breaker = opened(clock)
    pauses = []
    for _ in range(6):
        clock.now += breaker.wait("a")
        assert breaker.wait("a") == 0
        breaker.note("a", failed=True)
        pauses.append(breaker.wait("a"))
    assert pauses == [60, 120, 240, 480, 600, 600]


def test_calls_that_were_under_way_when_it_opened_change_nothing(clock: Clock) -> None:
    breaker = opened(clock)
    breaker.note("a", failed=True)
    breaker.note("a", failed=False)
    assert breaker.wait("a") == 30


def test_it_forgets_hosts_rather_than_grow_without_end(clock: Clock) -> None:
    breaker = opened(clock)
    for n in range(1000):
        breaker.note(n, failed=False)
    assert breaker.wait("a") == 0
