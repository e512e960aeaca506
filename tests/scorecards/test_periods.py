"""Periods: instants at midnights of UTC, between the two ends."""

from datetime import UTC, datetime

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
