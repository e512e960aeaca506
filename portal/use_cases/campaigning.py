"""Campaigns planned, moved and looked at: what the API and the pages do alike.

Each function that writes is one transaction. What the sender can mend is a `Problem`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from catalog.problems import Problem
from portal.db.people import campaigns as store
from portal.db.people import standings
from portal.db.people.standings import Progress
from portal.db.state import Connection
from portal.definition_files import all_files
from portal.wiring import Portal
from scorecards.definitions.promotion import Definition, Promotion, promote
from scorecards.people import campaigning
from scorecards.people.campaigning import Changed
from scorecards.people.campaigns import (
    Campaign,
    Milepost,
    Plan,
    State,
    Tally,
    goal_indexes,
    ideal,
    mileposts,
)

TAKEN = "CAMPAIGN_NAME"
"""Code of the problem that there is a campaign of this name."""

Seen = Callable[[Campaign], None]
"""Is called with the campaign as it is; raises where its sender has seen another one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How far a campaign has come."""

    now: Progress
    days: Mapping[date, Tally]
    """The burn-down, the first day first; today is the last while it is active."""
    ideal: Mapping[date, float]
    """Entities that would be left on each of these days, were the way gone evenly."""
    mileposts: tuple[Milepost, ...]


def tag_of(campaign: Campaign) -> str:
    """Changes with every step and every change of the plan."""
    return f"campaign-{campaign.name}-{len(campaign.steps)}-{campaign.edits}"


def find(connection: Connection, portal: Portal, name: str) -> Campaign | None:
    """The campaign as it is now, or None."""
    return store.find(connection, name, now=portal.now()) if "\0" not in name else None


def plan_new(portal: Portal, name: str, plan: Plan, *, actor: str) -> Changed:
    """A new campaign, stored; or what is wrong with it."""
    now = portal.now()
    with portal.database.write() as connection:
        if store.find(connection, name, now=now) is not None:
            message = "there is a campaign of this name"
            return Problem(code=TAKEN, message=message, pointer="/name", found=name)
        made = campaigning.plan(name, plan, portal.cards, actor=actor, now=now)
        if isinstance(made, Campaign):
            store.put(connection, made)
    return made


def move(
    portal: Portal, name: str, to: State, *, actor: str, reason: str, seen: Seen
) -> Changed | None:
    """The campaign in the next state of its life, stored; or why not; None: there is none.

    How its entities stand is kept on the day on which it begins, and on which it ends.
    """
    now = portal.now()
    with portal.database.write() as connection:
        found = find(connection, portal, name)
        if found is None:
            return None
        seen(found)
        done = campaigning.move(found, to, actor=actor, now=now, reason=reason)
        if isinstance(done, Problem):
            return done
        store.put(connection, done)
        card = portal.cards.get(done.plan.scorecard)
        if to in (State.ACTIVE, State.ENDED) and card is not None:
            said = standings.progress(connection, card, done.plan).total
            store.keep_day(connection, name, now.date(), said)
    return done


def course_of(connection: Connection, portal: Portal, campaign: Campaign) -> Course:
    """How far a campaign has come."""
    today, plan = portal.now().date(), campaign.plan
    card = portal.cards.get(plan.scorecard)
    said = Progress(total=Tally(), by_owner={})
    if card is not None:
        said = standings.progress(connection, card, plan)
    days = dict(store.days(connection, campaign.name))
    if campaign.state is State.ACTIVE:
        days[today] = said.total
    first = next(iter(days.values()), said.total)
    return Course(
        now=said,
        days=days,
        ideal={day: ideal(plan, first, day) for day in days},
        mileposts=mileposts(plan, days, today),
    )


def promotion_of(
    portal: Portal, plan: Plan, scorecard: str, *, level: str | None
) -> Promotion | Problem:
    """The file of a scorecard with the checks of a campaign in it, or why there is none."""
    card = portal.cards.get(plan.scorecard)
    source, target = (_definition_of(portal, one) for one in (plan.scorecard, scorecard))
    if card is None or source is None or target is None:
        return Problem(
            code="CAMPAIGN_SCORECARD",
            message="there is no scorecard of this name",
            pointer="/scorecard",
            found=scorecard,
        )
    checks = [card.checks[n].id for n in goal_indexes(plan.goal, card)]
    return promote(checks, source, target, level=level, schemas=portal.schemas)


def _definition_of(portal: Portal, name: str) -> Definition | None:
    """The file that defines a scorecard, as it is now; None where it is no longer there."""
    file = next((card.file for card in portal.scorecards if card.name == name), None)
    files = all_files(portal.settings, portal.plugins, portal.repository_scorecards, [])
    found = (text for named, text in files if named == file)
    return next((Definition(file=file, text=text, name=name) for text in found if file), None)
