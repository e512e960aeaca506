"""Campaigning: campaigns planned, changed, and moved to the next state of their life.

Each function gives the campaign as it is then, or the `Problem` that keeps it from being so. What a
campaign is, and how far it has come, is in `scorecards.people.campaigns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from catalog.problems import Problem
from scorecards.people.campaigns import NEXT, Campaign, Checks, Plan, Reach, State, Step
from scorecards.scorecard import Scorecard

Changed: TypeAlias = Campaign | Problem


def plan(
    name: str, wanted: Plan, scorecards: Mapping[str, Scorecard], *, actor: str, now: datetime
) -> Changed:
    """A new campaign, or what is wrong with its plan."""
    if fault := _plan_fault(wanted, scorecards):
        return fault
    step = Step(state=State.PLANNED, actor=actor, at=now)
    return Campaign(name=name, plan=wanted, steps=(step,))


def change(campaign: Campaign, wanted: Plan, scorecards: Mapping[str, Scorecard]) -> Changed:
    """The campaign with another plan, or why not: what has ended stays as it was."""
    if not NEXT[campaign.state] & {State.ACTIVE, State.ENDED}:
        return _state_fault(campaign.state, "changed")
    if fault := _plan_fault(wanted, scorecards):
        return fault
    return replace(campaign, plan=wanted, edits=campaign.edits + 1)


def move(campaign: Campaign, to: State, *, actor: str, now: datetime, reason: str = "") -> Changed:
    """The campaign in the next state of its life, or why it cannot be."""
    if to not in NEXT[campaign.state]:
        return _state_fault(campaign.state, to.value)
    step = Step(state=to, actor=actor, at=now, reason=reason)
    return replace(campaign, steps=(*campaign.steps, step))


def _plan_fault(wanted: Plan, scorecards: Mapping[str, Scorecard]) -> Problem | None:
    card = scorecards.get(wanted.scorecard)
    if card is None:
        return _fault("/scorecard", "there is no scorecard of this name", wanted.scorecard)
    match wanted.goal:
        case Checks(ids=ids):
            missing = [one for one in ids if one not in {check.id for check in card.checks}]
            if missing:
                return _fault("/checks", "the scorecard has no such check", missing[0])
        case Reach(level=level):
            if level not in [one.name for one in card.levels[1:]]:
                return _fault("/level", "the scorecard has no such level above its floor", level)
    if wanted.target_on <= wanted.starts_on:
        return _fault("/targetOn", "the target is not after the start", str(wanted.target_on))
    for number, milestone in enumerate(wanted.milestones):
        if not wanted.starts_on <= milestone.on <= wanted.target_on:
            where = f"/milestones/{number}/on"
            return _fault(where, "the milestone is not between start and target", str(milestone.on))
    return None


def _fault(pointer: str, message: str, found: str) -> Problem:
    return Problem(code="CAMPAIGN_PLAN", message=message, pointer=pointer, found=found)


def _state_fault(state: State, wanted: str) -> Problem:
    hint = (
        f"From here it can be {' or '.join(sorted(NEXT[state]))}"
        if NEXT[state]
        else "Plan another one"
    )
    return Problem(
        code="CAMPAIGN_STATE",
        message=f"a campaign that is {state} cannot be {wanted}",
        found=state.value,
        hint=hint,
    )
