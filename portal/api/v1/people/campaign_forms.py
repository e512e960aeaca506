"""Campaigns as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from portal.api.v1.conventions import Answer, Camel, Paging, Storable
from portal.api.v1.existing import asked_ref
from portal.api.v1.people.exemptions import filter_of, step_form
from portal.api.v1.schemas import time_field
from portal.use_cases.campaigning import Course
from scorecards.people.campaigns import Campaign, Checks, Milestone, Plan, Reach, State, Tally

STATES = [state.value for state in State]


class MilestoneAnswer(Answer):
    """A part of the way."""

    title = fields.String()
    on = fields.Date()
    share = fields.Float()


class CampaignStepAnswer(Answer):
    """What somebody did; an actor that is empty: nobody said who they are, or time did it."""

    state = fields.String(validate=validate.OneOf(STATES))
    actor = fields.String()
    at = time_field("When.")
    reason = fields.String()


class CampaignAnswer(Answer):
    """A campaign with its whole life."""

    name = fields.String()
    title = fields.String()
    description = fields.String(metadata={"description": "Markdown."})
    owner = fields.String()
    scorecard = fields.String()
    checks = fields.List(
        fields.String(), allow_none=True, metadata={"description": "Ids; null: see `level`."}
    )
    level = fields.String(allow_none=True)
    filter = fields.String(metadata={"description": "Empty: whatever the scorecard applies to."})
    starts_on = fields.Date()
    target_on = fields.Date()
    milestones = fields.List(fields.Nested(MilestoneAnswer))
    remind_every_days = fields.Integer(allow_none=True)
    state = fields.String(validate=validate.OneOf(STATES))
    steps = fields.List(fields.Nested(CampaignStepAnswer))


class CampaignPageAnswer(Answer):
    """A page of campaigns, by name."""

    items = fields.List(fields.Nested(CampaignAnswer))
    next_cursor = fields.String(allow_none=True)


class ProgressTallyAnswer(Answer):
    """How many entities stand how; those that are excused do not count."""

    done = fields.Integer()
    open = fields.Integer()
    not_known = fields.Integer(data_key="unknown")
    excused = fields.Integer()
    share = fields.Float(
        allow_none=True, metadata={"description": "Done, of those that count, 0 to 1."}
    )


class OwnerProgressAnswer(ProgressTallyAnswer):
    """How the entities of an owner stand."""

    owner = fields.String(metadata={"description": "Empty: nobody owns them."})


class DayProgressAnswer(ProgressTallyAnswer):
    """How entities stood on a day."""

    day = fields.Date()
    ideal = fields.Float(
        metadata={"description": "Entities that would be left, were the way gone evenly."}
    )


class MilepostAnswer(MilestoneAnswer):
    """A milestone, and whether it was reached."""

    reached_on = fields.Date(allow_none=True)
    late = fields.Boolean()


class ProgressAnswer(Answer):
    """How far a campaign has come."""

    total = fields.Nested(ProgressTallyAnswer)
    owners = fields.List(fields.Nested(OwnerProgressAnswer))
    days = fields.List(
        fields.Nested(DayProgressAnswer),
        metadata={"description": "The burn-down; today is the last."},
    )
    milestones = fields.List(fields.Nested(MilepostAnswer))


class PromotionAnswer(Answer):
    """A scorecard's file with the campaign's checks in it: to be reviewed and merged."""

    file = fields.String()
    text = fields.String(metadata={"description": "The whole file, YAML."})
    diff = fields.String(metadata={"description": "Unified."})


class CampaignList(Paging):
    """Which campaigns."""

    state = fields.List(fields.String(validate=validate.OneOf(STATES)), load_default=[])


class MilestoneBody(Storable):
    """A part of the way."""

    title = fields.String(required=True, validate=validate.Length(1, 200))
    on = fields.Date(required=True)
    share = fields.Float(required=True, validate=validate.Range(0, 1))


class PlanBody(Storable):
    """What a campaign is about."""

    title = fields.String(required=True, validate=validate.Length(1, 200))
    description = fields.String(load_default="", validate=validate.Length(max=10_000))
    owner = fields.String(required=True, metadata={"description": "Ref; by default of a group."})
    scorecard = fields.String(required=True)
    checks = fields.List(
        fields.String(), load_default=None, allow_none=True, validate=validate.Length(1, 200)
    )
    level = fields.String(load_default=None, allow_none=True)
    filter = fields.String(load_default="", validate=validate.Length(max=2000))
    starts_on = fields.Date(required=True)
    target_on = fields.Date(required=True)
    milestones = fields.List(
        fields.Nested(MilestoneBody), load_default=[], validate=validate.Length(max=50)
    )
    remind_every_days = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(1, 365)
    )

    @validates_schema
    def _one_goal(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data.get("checks") is None) == (data.get("level") is None):
            raise ValidationError("Either `checks` or `level` has to be there", "level")


class CampaignBody(PlanBody):
    """A new campaign."""

    name = fields.String(
        required=True,
        validate=[validate.Length(1, 63), validate.Regexp(r"^[a-z0-9]+(-[a-z0-9]+)*\Z")],
    )


class MoveBody(Storable):
    """Why it is done."""

    reason = fields.String(load_default="", validate=validate.Length(max=2000))


class PromotionQuery(Camel):
    """Into which scorecard, and at which of its levels."""

    scorecard = fields.String(required=True)
    level = fields.String(load_default=None, metadata={"description": "By default as it is."})


def form(found: Campaign) -> dict[str, Any]:
    """A campaign as the API shows it."""
    plan, every = found.plan, found.plan.remind_every
    return {
        "name": found.name,
        "title": plan.title,
        "description": plan.description,
        "owner": plan.owner,
        "scorecard": plan.scorecard,
        "checks": list(plan.goal.ids) if isinstance(plan.goal, Checks) else None,
        "level": plan.goal.level if isinstance(plan.goal, Reach) else None,
        "filter": plan.filter,
        "startsOn": plan.starts_on.isoformat(),
        "targetOn": plan.target_on.isoformat(),
        "milestones": [_milestone(one) for one in plan.milestones],
        "remindEveryDays": None if every is None else every.days,
        "state": found.state.value,
        "steps": [step_form(step) for step in found.steps],
    }


def plan_of(asked: Mapping[str, Any]) -> Plan:
    """The plan that was sent. Raises `Refusal` for an owner or a filter that cannot be read."""
    every = asked["remind_every_days"]
    return Plan(
        title=asked["title"],
        description=asked["description"],
        owner=str(asked_ref(asked["owner"], "group")),
        scorecard=asked["scorecard"],
        goal=Reach(level=asked["level"])
        if asked["checks"] is None
        else Checks(ids=tuple(dict.fromkeys(asked["checks"]))),
        filter=filter_of(asked["filter"]) if asked["filter"] else "",
        starts_on=asked["starts_on"],
        target_on=asked["target_on"],
        milestones=tuple(Milestone(**one) for one in asked["milestones"]),
        remind_every=None if every is None else timedelta(days=every),
    )


def _milestone(one: Milestone) -> dict[str, Any]:
    return {"title": one.title, "on": one.on.isoformat(), "share": one.share}


def _tally(said: Tally) -> dict[str, Any]:
    share = said.share
    return {
        "done": said.done,
        "open": said.open,
        "unknown": said.unknown,
        "excused": said.excused,
        "share": None if share is None else round(share, 4),
    }


def progress_form(course: Course) -> dict[str, Any]:
    """How far a campaign has come, as the API shows it."""
    return {
        "total": _tally(course.now.total),
        "owners": [{"owner": owner, **_tally(one)} for owner, one in course.now.by_owner.items()],
        "days": [
            {"day": day.isoformat(), **_tally(one), "ideal": round(course.ideal[day], 2)}
            for day, one in course.days.items()
        ],
        "milestones": [
            {
                **_milestone(post.milestone),
                "reachedOn": post.reached_on.isoformat() if post.reached_on else None,
                "late": post.is_late,
            }
            for post in course.mileposts
        ],
    }
