"""Campaigns as pages show them: the list, and one with its burn-down and what is left, by team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from portal.ui.models.charts.plots import Plot
from portal.ui.models.charts.shares import Segment, stacked
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.looks import Look, plural
from portal.ui.models.paging import Params
from portal.ui.models.people.burn_down import DayRow, burn_down, day_rows, midnight
from portal.ui.models.people.steps import StepLine
from portal.use_cases.campaigning import Course
from scorecards.people.campaigns import NEXT, Campaign, Reach, State, Tally, goal_indexes
from scorecards.scorecard import Check, Scorecard

STATES = {
    State.PLANNED: Look(name="na", word="Planned"),
    State.ACTIVE: Look(name="running", word="Active"),
    State.ENDED: Look(name="na", word="Ended"),
    State.ARCHIVED: Look(name="na", word="Archived"),
    State.CANCELLED: Look(name="na", word="Cancelled"),
}
OVERDUE = Look(name="warn", word="Overdue")

TABS: Mapping[str, tuple[str, tuple[State, ...]]] = {
    "current": ("Current", (State.PLANNED, State.ACTIVE)),
    "ended": ("Ended", (State.ENDED,)),
    "past": ("Archived and cancelled", (State.ARCHIVED, State.CANCELLED)),
}
"""Parts of the list, by the value in the URL."""

MOVES = {
    "start": (State.ACTIVE, "Start"),
    "end": (State.ENDED, "End"),
    "archive": (State.ARCHIVED, "Archive"),
    "cancel": (State.CANCELLED, "Cancel the campaign"),
}
"""What can be done, by the word in the URL: where it leads, and the button."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignLine:
    """One campaign as the list shows it."""

    name: str
    title: str
    look: Look
    owner: EntityLink
    scorecard_title: str
    goal: str
    starts_on: datetime
    target_on: datetime
    progress: Tally | None
    """None: nothing is kept of it yet."""
    seen_on: datetime | None
    bar: tuple[Segment, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamRow:
    """How the entities of an owner stand."""

    owner: EntityLink | None
    """None: nobody owns them."""
    tally: Tally
    params: Params | None
    """Of the catalog page of what it owns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneRow:
    """A milestone, and how it stands."""

    title: str
    on: datetime
    share: str
    look: Look
    reached_on: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A move that was not made, with what was typed."""

    note: str
    fault: str
    stale: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignPage:
    """One campaign."""

    line: CampaignLine
    campaign: Campaign
    tag: str
    scorecard: Scorecard | None
    checks: tuple[Check, ...]
    finding: str
    due: str
    bar: tuple[Segment, ...]
    plot: Plot
    days: tuple[DayRow, ...]
    teams: tuple[TeamRow, ...]
    milestones: tuple[MilestoneRow, ...]
    steps: tuple[StepLine, ...]
    moves: tuple[tuple[str, str], ...]
    """Word of the URL and text of the button of each thing that can be done."""
    typed: Typed | None


def campaign_line(
    found: Campaign,
    cards: Mapping[str, Scorecard],
    links: Mapping[str, EntityLink],
    kept: tuple[date, Tally] | None,
    now: datetime,
) -> CampaignLine:
    """The line of a campaign; `kept` is the last look at it."""
    plan, card = found.plan, cards.get(found.plan.scorecard)
    overdue = found.state is State.ACTIVE and now.date() > plan.target_on
    return CampaignLine(
        name=found.name,
        title=plan.title,
        look=OVERDUE if overdue else STATES[found.state],
        owner=links.get(plan.owner) or link_to(plan.owner, exists=False),
        scorecard_title=card.title if card else plan.scorecard,
        goal=goal_words(found),
        starts_on=midnight(plan.starts_on),
        target_on=midnight(plan.target_on),
        progress=kept[1] if kept else None,
        seen_on=midnight(kept[0]) if kept else None,
        bar=progress_bar(kept[1]) if kept else (),
    )


def goal_words(found: Campaign) -> str:
    """The goal in a few words."""
    goal = found.plan.goal
    return f"level {goal.level}" if isinstance(goal, Reach) else plural(len(goal.ids), "check")


def progress_bar(said: Tally) -> tuple[Segment, ...]:
    """How entities stand, as shares of those that are not excused and those that are."""
    return stacked(
        (
            ("Done", said.done, "pass"),
            ("Open", said.open, "warn"),
            ("Excused", said.excused, "exempt"),
            ("No data", said.unknown, "none"),
        )
    )


def campaign_page(
    found: Campaign,
    course: Course,
    line: CampaignLine,
    card: Scorecard | None,
    links: Mapping[str, EntityLink],
    *,
    tag: str,
    now: datetime,
    typed: Typed | None,
) -> CampaignPage:
    """The page of a campaign."""
    said = course.now.total
    return CampaignPage(
        line=line,
        campaign=found,
        tag=tag,
        scorecard=card,
        checks=tuple(card.checks[n] for n in goal_indexes(found.plan.goal, card)) if card else (),
        finding=_finding(said),
        due=_due(found, now),
        bar=progress_bar(said),
        plot=burn_down(found, course, now.date()),
        days=day_rows(course),
        teams=_teams(course, links),
        milestones=_milestones(course),
        steps=tuple(
            StepLine(look=STATES[step.state], actor=step.actor, at=step.at, reason=step.reason)
            for step in reversed(found.steps)
        ),
        moves=tuple((word, text) for word, (to, text) in MOVES.items() if to in NEXT[found.state]),
        typed=typed,
    )


def _finding(said: Tally) -> str:
    if not said.counted:
        return "No entity counts: none is assessed, or all are excused"
    rest = f", {said.unknown:,} without data" if said.unknown else ""
    return f"{said.done:,} of {plural(said.counted, 'entity', 'entities')} done{rest}"


def _due(found: Campaign, now: datetime) -> str:
    days = (found.plan.target_on - now.date()).days
    match found.state:
        case State.PLANNED:
            begins = (found.plan.starts_on - now.date()).days
            return f"begins in {plural(begins, 'day')}"
        case State.ACTIVE if days > 0:
            return f"due in {plural(days, 'day')}"
        case State.ACTIVE:
            return f"{plural(-days, 'day')} overdue" if days else "due today"
        case _:
            return ""


def _teams(course: Course, links: Mapping[str, EntityLink]) -> tuple[TeamRow, ...]:
    """The owners, the most that is left first."""
    rows = [
        TeamRow(
            owner=(links.get(ref) or link_to(ref, exists=False)) if ref else None,
            tally=said,
            params={"kind": "all", "owner": ref} if ref else None,
        )
        for ref, said in course.now.by_owner.items()
    ]
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                -row.tally.open,
                -row.tally.unknown,
                row.owner.ref if row.owner else "",
            ),
        )
    )


def _milestones(course: Course) -> tuple[MilestoneRow, ...]:
    found = []
    for post in course.mileposts:
        reached = post.reached_on is not None
        word = "Reached" if reached else "Missed" if post.is_late else "Ahead"
        if reached and post.is_late:
            word = "Reached late"
        look = Look(name="pass" if reached else "warn" if post.is_late else "na", word=word)
        found.append(
            MilestoneRow(
                title=post.milestone.title,
                on=midnight(post.milestone.on),
                share=f"{100 * post.milestone.share:.0f} %",
                look=look,
                reached_on=midnight(post.reached_on) if post.reached_on else None,
            )
        )
    return tuple(found)
