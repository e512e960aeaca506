"""Periods: instants at midnights of UTC, between the two ends."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.periods import Period, instants

times = st.datetimes(datetime(2020, 1, 1), datetime(2022, 1, 1), timezones=st.just(UTC))


@given(times, times, st.sampled_from(Period))
def test_instants_go_from_one_end_to_the_other(one: datetime, other: datetime, by: Period) -> None:
    start, end = sorted((one, other))
    found = list(instants(start, end, by))
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (start, end)
    for at in found[1:-1]:
        assert (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("by", "days"),
    [
        (Period.DAY, ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]),
        (Period.WEEK, ["2026-01-30", "2026-02-02"]),
        (Period.MONTH, ["2026-01-30", "2026-02-01"]),
    ],
)
def test_periods_begin_where_the_calendar_says(by: Period, days: list[str]) -> None:
    start, end = datetime(2026, 1, 30, 9, tzinfo=UTC), datetime(2026, 2, 2, 9, tzinfo=UTC)
    *found, last = instants(start, end, by)
    assert [at.date().isoformat() for at in found] == days
    assert last == end


def test_periods_are_of_utc_wherever_the_start_was_written() -> None:
    start = datetime(2026, 3, 1, 22, tzinfo=timezone(timedelta(hours=-5)))
    found = list(instants(start, datetime(2026, 3, 4, tzinfo=UTC), Period.DAY))
    assert found[1:] == [datetime(2026, 3, day, tzinfo=UTC) for day in (3, 4)]


@pytest.mark.parametrize("by", Period)
def test_periods_end_with_the_calendar(by: Period) -> None:
    start, end = datetime(9999, 12, 31, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert list(instants(start, end, by)) == [start, end]
