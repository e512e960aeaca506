"""Campaigns: planning them, running them, and how far they have come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g

from catalog.problems import Problem
from portal.api.errors import Refusal
from portal.api.v1.conventions import Resource, after, answer, page
from portal.api.v1.people.campaign_forms import (
    CampaignAnswer,
    CampaignBody,
    CampaignList,
    CampaignPageAnswer,
    MoveBody,
    PlanBody,
    ProgressAnswer,
    PromotionAnswer,
    PromotionQuery,
    form,
    plan_of,
    progress_form,
)
from portal.api.v1.preconditions import IF_MATCH, check_match, refusal_of, tagged
from portal.auth import actor_of
from portal.db.people import campaigns as store
from portal.db.state import Connection
from portal.use_cases.campaigning import (
    TAKEN,
    course_of,
    find,
    move,
    plan_new,
    promotion_of,
    tag_of,
)
from portal.wiring import Portal
from scorecards.people import campaigning
from scorecards.people.campaigns import NEXT, Campaign, State

NO_SUCH = "There is no campaign of this name"
ONE = "/<name>"


def resource(portal: Portal) -> Resource:
    """`/api/v1/campaigns`."""
    views = Resource(
        "campaigns",
        __name__,
        url_prefix="/api/v1/campaigns",
        description="Checks that many services are to pass by a day.",
    )
    _add_plans(views, portal)
    _add_changes(views, portal)
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
        made = plan_new(portal, asked["name"], plan_of(asked), actor=actor_of(g.caller))
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


def _add_changes(views: Resource, portal: Portal) -> None:
    @views.operation("PUT", ONE, body=PlanBody, answer=CampaignAnswer, headers=[IF_MATCH])
    def change_campaign(_: dict[str, Any], asked: dict[str, Any], name: str) -> Response:
        """Give a campaign another plan, as long as it has not ended."""
        with portal.database.write() as connection:
            found = _found(connection, portal, name)
            check_match(tag_of(found))
            done = campaigning.change(found, plan_of(asked), portal.cards)
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
        return answer(progress_form(course))

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


def _found(connection: Connection, portal: Portal, name: str) -> Campaign:
    found = find(connection, portal, name)
    if found is None:
        raise Refusal("NOT_FOUND", NO_SUCH)
    return found
