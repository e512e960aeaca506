"""The trend of a scorecard, as the API and the pages tell it: points, what changed, new versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from portal.db.insights.trends import Edition, Related, course_of, editions
from portal.db.insights.unfresh import Unfresh, unfresh
from portal.db.state import Connection
from scorecards.insights.trends import Counts, Split, snapshots, split
from scorecards.periods import Period, instants

MOST_POINTS = 400
"""Instants of one trend: a year of days."""


class TooManyPoints(Exception):
    """The time has more periods than a trend has points."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """How entities stood over time."""

    points: tuple[tuple[datetime, Counts], ...]
    """At the first instant, at each beginning of a period, and at the last instant."""
    split: Split
    """From the first point to the last."""
    editions: tuple[Edition, ...]
    """Versions of the scorecard that came into use after the first point."""
    lacking: Unfresh | None
    """What the last point lacks; None: it is of the past, of which that is not kept."""


def points_between(start: datetime, end: datetime, by: Period) -> list[datetime]:
    """The instants of a trend. Raises `TooManyPoints`."""
    found = list(islice(instants(start, end, by), MOST_POINTS + 1))
    if len(found) > MOST_POINTS:
        raise TooManyPoints
    return found


def read_trend(
    connection: Connection,
    scorecard: str,
    points: Sequence[datetime],
    groups: Sequence[Related] = (),
    *,
    is_up_to_now: bool = False,
) -> Trend:
    """The trend at these points; with groups, only of the entities that are related to each."""
    start, end = points[0], points[-1]
    base, courses = course_of(connection, scorecard, start, end, *groups)
    counts = snapshots(base, courses, points)
    return Trend(
        points=tuple(zip(points, counts, strict=True)),
        split=split(base, courses),
        editions=tuple(
            one for one in editions(connection, scorecard) if start < one.first_at <= end
        ),
        lacking=unfresh(connection, scorecard, groups) if is_up_to_now else None,
    )
