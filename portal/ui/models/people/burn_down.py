"""What is left of a campaign: by day, beside the way it should go, and the milestones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from portal.ui.models.charts import plots
from portal.ui.models.charts.plots import Dot, Mark, Plot
from portal.use_cases.campaigning import Course
from scorecards.people.campaigns import Campaign, Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class DayRow:
    """How entities stood on a day."""

    day: datetime
    tally: Tally
    ideal: str


def day_rows(course: Course) -> tuple[DayRow, ...]:
    """The days of the picture, as the rows of a table."""
    return tuple(
        DayRow(day=midnight(day), tally=one, ideal=f"{course.ideal[day]:,.1f}")
        for day, one in course.days.items()
    )


def burn_down(found: Campaign, course: Course, today: date) -> Plot:
    """What is left by day, the way it should go, and the milestones."""
    plan, days = found.plan, course.days
    start = midnight(min([plan.starts_on, *days]))
    end = midnight(max([plan.target_on, today, *days]))
    left = {day: said.counted - said.done for day, said in days.items()}
    first = next(iter(days.values()), course.now.total)
    begin = first.counted - first.done
    top, grid = plots.count_grid(max([begin, *left.values()], default=1))

    def at(day: date, n: float) -> str:
        return f"{plots.place(midnight(day), start, end)},{plots.height_of(n / top)}"

    return Plot(
        grid=grid,
        labels=tuple(
            (plots.place(midnight(day), start, end), f"{day.day} {day:%b %Y}")
            for day in sorted({plan.starts_on, plan.target_on})
        ),
        lines=(" ".join(at(day, n) for day, n in left.items()),) if left else (),
        dashes=(f"{at(plan.starts_on, begin)} {at(plan.target_on, 0)}",),
        dots=tuple(
            Dot(
                x=plots.place(midnight(day), start, end),
                y=plots.height_of(n / top),
                title=f"{day.day} {day:%b %Y}: {n:,} left of {days[day].counted:,}",
            )
            for day, n in left.items()
        ),
        marks=tuple(
            Mark(
                x=plots.place(midnight(post.milestone.on), start, end),
                label=str(number),
                title=f"{post.milestone.title}: {post.milestone.share:.0%} by {post.milestone.on}",
            )
            for number, post in enumerate(course.mileposts, start=1)
        ),
    )


def midnight(day: date) -> datetime:
    """The beginning of a day, in UTC."""
    return datetime.combine(day, time(), UTC)
