"""Campaigns as they are stored: plans, steps, and how entities stood on each day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from portal.db.bulk import among
from portal.db.engine import time_of
from portal.db.page import Page, page_of
from portal.db.tables import campaign_days, campaign_steps, campaigns
from scorecards.people.campaigns import (
    Campaign,
    Checks,
    Milestone,
    Plan,
    Reach,
    State,
    Step,
    Tally,
    settled,
)


def find(connection: Connection, name: str, *, now: datetime) -> Campaign | None:
    """The campaign as it is at `now`, or None."""
    found = connection.execute(select(campaigns).where(campaigns.c.name == name)).all()
    return next(iter(_read(connection, found, now)), None)


def list_campaigns(
    connection: Connection,
    *,
    states: Collection[State],
    after: str | None,
    limit: int,
    now: datetime,
) -> Page[Campaign]:
    """A page of those that are stored in one of the states, by name."""
    wanted = among(connection, campaigns.c.state, [state.value for state in states])
    found = select(campaigns).where(wanted)
    if after is not None:
        found = found.where(campaigns.c.name > after)
    rows = connection.execute(found.order_by(campaigns.c.name).limit(limit + 1)).all()
    page = page_of(rows, limit, item=lambda row: row, place=lambda row: str(row.name))
    return Page(items=_read(connection, page.items, now), after=page.after)


def in_states(
    connection: Connection, states: Collection[State], *, now: datetime
) -> tuple[Campaign, ...]:
    """Every campaign that is stored in one of the states, by name."""
    wanted = among(connection, campaigns.c.state, [state.value for state in states])
    found = select(campaigns).where(wanted).order_by(campaigns.c.name)
    return _read(connection, connection.execute(found).all(), now)


def put(connection: Connection, campaign: Campaign) -> None:
    """Store a campaign, or what has changed about it."""
    stored = len(
        connection.execute(
            select(campaign_steps.c.number).where(campaign_steps.c.name == campaign.name)
        ).all()
    )
    row = _row(campaign)
    if stored == 0:
        connection.execute(insert(campaigns).values(name=campaign.name, **row))
    else:
        connection.execute(update(campaigns).where(campaigns.c.name == campaign.name).values(row))
    fresh = [
        {
            "name": campaign.name,
            "number": number,
            "state": step.state.value,
            "actor": step.actor,
            "at": step.at,
            "reason": step.reason,
        }
        for number, step in enumerate(campaign.steps)
        if number >= stored
    ]
    if fresh:
        connection.execute(insert(campaign_steps), fresh)


def drop(connection: Connection, name: str) -> None:
    """Forget a campaign with its steps and its days."""
    connection.execute(delete(campaigns).where(campaigns.c.name == name))


def begin(connection: Connection, *, now: datetime) -> int:
    """Let the planned campaigns begin whose day has come; returns how many."""
    due = select(campaigns).where(*_due(now))
    begun = _read(connection, connection.execute(due).all(), now)
    for one in begun:
        put(connection, one)
    return len(begun)


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Whether there is one for `begin`."""
    due = select(campaigns.c.name).where(*_due(now))
    return connection.execute(due.limit(1)).first() is not None


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return campaigns.c.state == State.PLANNED.value, campaigns.c.starts_on <= now.date()


def keep_day(connection: Connection, name: str, day: date, said: Tally) -> None:
    """Keep how entities stand on a day, in the place of an earlier look of the same day."""
    this = (campaign_days.c.name == name, campaign_days.c.day == day)
    connection.execute(delete(campaign_days).where(*this))
    connection.execute(
        insert(campaign_days).values(
            name=name,
            day=day,
            done=said.done,
            open=said.open,
            unknown=said.unknown,
            excused=said.excused,
        )
    )


def days(connection: Connection, name: str) -> Mapping[date, Tally]:
    """How entities stood, by day, the first day first."""
    found = select(campaign_days).where(campaign_days.c.name == name).order_by(campaign_days.c.day)
    return {
        row.day: Tally(done=row.done, open=row.open, unknown=row.unknown, excused=row.excused)
        for row in connection.execute(found)
    }


def last_days(
    connection: Connection, names: Collection[str], *, before: date | None = None
) -> dict[str, tuple[date, Tally]]:
    """The last day that is kept of each of these campaigns, and how entities stood on it.

    With `before` the last one before that day.
    """
    kept = select(campaign_days.c.name, func.max(campaign_days.c.day).label("day")).where(
        among(connection, campaign_days.c.name, list(names))
    )
    if before is not None:
        kept = kept.where(campaign_days.c.day < before)
    last = kept.group_by(campaign_days.c.name).subquery()
    same = and_(campaign_days.c.name == last.c.name, campaign_days.c.day == last.c.day)
    found = select(campaign_days).join(last, same)
    return {
        row.name: (
            row.day,
            Tally(done=row.done, open=row.open, unknown=row.unknown, excused=row.excused),
        )
        for row in (connection.execute(found) if names else ())
    }


def _row(campaign: Campaign) -> dict[str, Any]:
    plan = campaign.plan
    goal = plan.goal
    milestones = [[one.title, one.on.isoformat(), one.share] for one in plan.milestones]
    every = plan.remind_every
    return {
        "title": plan.title,
        "description": plan.description,
        "owner": plan.owner,
        "scorecard": plan.scorecard,
        "checks": orjson.dumps(goal.ids).decode() if isinstance(goal, Checks) else None,
        "level": goal.level if isinstance(goal, Reach) else None,
        "filter": plan.filter,
        "starts_on": plan.starts_on,
        "target_on": plan.target_on,
        "milestones": orjson.dumps(milestones).decode(),
        "remind_every": None if every is None else int(every.total_seconds()),
        "edits": campaign.edits,
        "state": campaign.state.value,
    }


def _read(
    connection: Connection, rows: Collection[Row[*tuple[Any, ...]]], now: datetime
) -> tuple[Campaign, ...]:
    taken = (
        select(campaign_steps)
        .where(among(connection, campaign_steps.c.name, [row.name for row in rows]))
        .order_by(campaign_steps.c.name, campaign_steps.c.number)
    )
    steps: dict[str, tuple[Step, ...]] = {}
    for row in connection.execute(taken) if rows else ():
        step = Step(state=State(row.state), actor=row.actor, at=time_of(row.at), reason=row.reason)
        steps[row.name] = (*steps.get(row.name, ()), step)
    return tuple(settled(_campaign(row, steps[row.name]), now=now) for row in rows)


def _campaign(row: Row[*tuple[Any, ...]], steps: tuple[Step, ...]) -> Campaign:
    every = row.remind_every
    plan = Plan(
        title=row.title,
        description=row.description,
        owner=row.owner,
        scorecard=row.scorecard,
        goal=Reach(level=row.level)
        if row.checks is None
        else Checks(ids=tuple(orjson.loads(row.checks))),
        filter=row.filter,
        starts_on=row.starts_on,
        target_on=row.target_on,
        milestones=tuple(
            Milestone(title=title, on=date.fromisoformat(on), share=share)
            for title, on, share in orjson.loads(row.milestones)
        ),
        remind_every=None if every is None else timedelta(seconds=every),
    )
    return Campaign(name=row.name, plan=plan, steps=steps, edits=row.edits)
