"""Campaigns: planning them, running them, and how far they have come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import Response, g
from marshmallow import ValidationError, fields, validate, validates_schema

from catalog.errors import RefError
from catalog.problems import Problem
from catalog.refs import parse_ref
from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Camel, Paging, Resource, Storable, after, answer, page
from portal.api.v1.exemptions import filter_of
from portal.api.v1.preconditions import IF_MATCH, check_match, refusal_of, tagged
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.auth import actor_of
from portal.campaigning import (
    TAKEN,
    Course,
    cards_of,
    course_of,
    find,
    move,
    plan_new,
    promotion_of,
    tag_of,
)
from portal.db import campaigns as store
from portal.db.state import Connection
from portal.wiring import Portal
from scorecards import campaigns
from scorecards.campaigns import NEXT, Campaign, Checks, Milestone, Plan, Reach, State, Tally

STATES = [state.value for state in State]
NO_SUCH = "There is no campaign of this name"
ONE = "/<name>"


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


def resource(portal: Portal) -> Resource:
    """`/api/v1/campaigns`."""
    views = Resource(
        "campaigns",
        __name__,
        url_prefix="/api/v1/campaigns",
        description="Checks that many services are to pass by a day.",
    )
    _add_plans(views, portal)
    _add_moves(views, portal)
    _add_progress(views, portal)
    return views


def _add_plans(views: Resource, portal: Portal) -> None:
    @views.operation("GET", "", query=CampaignList, answer=CampaignPageAnswer)
    def list_campaigns(asked: dict[str, Any]) -> Response:
        """List campaigns, by name."""
        with portal.database.read() as connection:
            found = store.list_campaigns(
                connection,
                states=[State(state) for state in asked["state"]] or list(State),
                after=after(asked),
                limit=asked["limit"],
                now=portal.now(),
            )
        return answer(page([form(one) for one in found.items], found.after))

    @views.operation("POST", "", body=CampaignBody, answer=CampaignAnswer, status=201)
    def plan_campaign(_: dict[str, Any], asked: dict[str, Any]) -> Response:
        """Plan a campaign; it begins by itself on its day, or when it is started."""
        made = plan_new(portal, asked["name"], _plan(asked), actor=actor_of(g.caller))
        if isinstance(made, Problem):
            if made.code == TAKEN:
                raise Refusal("CONFLICT", "There is a campaign of this name")
            raise refusal_of(made, "INVALID_VALUE")
        return tagged(form(made), tag_of(made), status=201)

    @views.operation("GET", ONE, answer=CampaignAnswer)
    def get_campaign(_: dict[str, Any], name: str) -> Response:
        """Get a campaign: its plan, and all that was done about it."""
        with portal.database.read() as connection:
            found = _found(connection, portal, name)
        return tagged(form(found), tag_of(found))

    @views.operation("PUT", ONE, body=PlanBody, answer=CampaignAnswer, headers=[IF_MATCH])
    def change_campaign(_: dict[str, Any], asked: dict[str, Any], name: str) -> Response:
        """Give a campaign another plan, as long as it has not ended."""
        with portal.database.write() as connection:
            found = _found(connection, portal, name)
            check_match(tag_of(found))
            done = campaigns.change(found, _plan(asked), cards_of(portal))
            if isinstance(done, Problem):
                code = "INVALID_VALUE" if done.code == "CAMPAIGN_PLAN" else "CONFLICT"
                raise refusal_of(done, code)
            store.put(connection, done)
        return tagged(form(done), tag_of(done))

    @views.operation("DELETE", ONE, answer=CampaignAnswer, headers=[IF_MATCH])
    def delete_campaign(_: dict[str, Any], name: str) -> Response:
        """Forget a campaign with its history; only one that is over, or has not begun."""
        with portal.database.write() as connection:
            found = _found(connection, portal, name)
            check_match(tag_of(found))
            if NEXT[found.state] and found.state is not State.PLANNED:
                raise Refusal("CONFLICT", f"The campaign is {found.state}: archive it first")
            store.drop(connection, name)
        return answer(form(found))


def _add_moves(views: Resource, portal: Portal) -> None:
    def take(name: str, to: State, reason: str) -> Response:
        """Take a campaign to the next state of its life."""
        done = move(
            portal,
            name,
            to,
            actor=actor_of(g.caller),
            reason=reason,
            seen=lambda found: check_match(tag_of(found)),
        )
        if done is None:
            raise Refusal("NOT_FOUND", NO_SUCH)
        if isinstance(done, Problem):
            raise refusal_of(done)
        return tagged(form(done), tag_of(done))

    def add(word: str, to: State, summary: str) -> None:
        def view(_: dict[str, Any], asked: dict[str, Any], name: str) -> Response:
            return take(name, to, asked["reason"])

        view.__name__, view.__doc__ = f"{word}_campaign", summary
        serve: Callable[[Any], Any] = views.operation(
            "POST", f"{ONE}/{word}", body=MoveBody, answer=CampaignAnswer, headers=[IF_MATCH]
        )
        serve(view)

    add("start", State.ACTIVE, "Start a campaign before its day.")
    add("end", State.ENDED, "End a campaign: how it stands now is how it ended.")
    add("archive", State.ARCHIVED, "Put a campaign that has ended away.")
    add("cancel", State.CANCELLED, "Give a campaign up.")


def _add_progress(views: Resource, portal: Portal) -> None:
    @views.operation("GET", f"{ONE}/progress", answer=ProgressAnswer)
    def get_progress(_: dict[str, Any], name: str) -> Response:
        """Say how far a campaign has come: in all, by owner, day by day."""
        with portal.database.read() as connection:
            course = course_of(connection, portal, _found(connection, portal, name))
        return answer(_progress(course))

    @views.operation("GET", f"{ONE}/promotion", query=PromotionQuery, answer=PromotionAnswer)
    def get_promotion(asked: dict[str, Any], name: str) -> Response:
        """Get a scorecard's file with the campaign's checks in it, and the difference."""
        with portal.database.read() as connection:
            plan = _found(connection, portal, name).plan
        done = promotion_of(portal, plan, asked["scorecard"], level=asked["level"])
        if isinstance(done, Problem):
            if done.code == "CAMPAIGN_SCORECARD":
                raise Refusal("INVALID_VALUE", "There is no scorecard of this name")
            raise refusal_of(done)
        return answer({"file": done.file, "text": done.text, "diff": done.diff})


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
        "steps": [
            {
                "state": step.state.value,
                "actor": step.actor,
                "at": rfc3339(step.at),
                "reason": step.reason,
            }
            for step in found.steps
        ],
    }


def _found(connection: Connection, portal: Portal, name: str) -> Campaign:
    found = find(connection, portal, name)
    if found is None:
        raise Refusal("NOT_FOUND", NO_SUCH)
    return found


def _plan(asked: Mapping[str, Any]) -> Plan:
    try:
        owner = str(parse_ref(asked["owner"], default_kind="group"))
    except RefError as error:
        raise Refusal("INVALID_VALUE", str(error)) from None
    every = asked["remind_every_days"]
    return Plan(
        title=asked["title"],
        description=asked["description"],
        owner=owner,
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


def _progress(course: Course) -> dict[str, Any]:
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
