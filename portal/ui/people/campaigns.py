"""Campaigns: the list, one with its burn-down and what can be done, planning one, and its checks."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import Problem
from portal.auth import actor_of
from portal.db.catalog import entities
from portal.db.people import campaigns as store
from portal.ui.facet_memory import FacetMemory
from portal.ui.frame import not_found
from portal.ui.home.page import owning_groups
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.people import campaigns as model
from portal.ui.models.people.campaign_form import (
    CampaignForm,
    plan_of,
    proposed,
    read_form,
    with_problem,
)
from portal.ui.paging import pager_of, read_page
from portal.use_cases.campaigning import (
    course_of,
    find,
    move,
    plan_new,
    promotion_of,
    tag_of,
)
from portal.wiring import Portal
from scorecards.people.campaigns import Campaign

PER_PAGE = 50
LONGEST_NOTE = 2000
NO_SUCH = "There is no campaign of this name."


class _Changed(Exception):
    """Somebody else was faster."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/campaigns`, `/campaigns/new`, `/campaigns/<name>`, what is done there, and its checks."""
    memory = FacetMemory()

    @pages.get("/campaigns", endpoint="campaigns")
    def listing() -> str:
        return _list(portal)

    @pages.route("/campaigns/new", methods=["GET", "POST"])
    def new_campaign() -> ResponseReturnValue:
        if request.method == "GET":
            form = read_form(request.args.to_dict(flat=False))
            return _form(portal, proposed(form, portal.now()), memory)
        form = read_form(request.form.to_dict(flat=False))
        plan = plan_of(form)
        if isinstance(plan, CampaignForm):
            return _form(portal, plan, memory, 422)
        made = plan_new(portal, form.name, plan, actor=actor_of(g.caller))
        if isinstance(made, Problem):
            return _form(portal, with_problem(form, made), memory, 422)
        return redirect(url_for("pages.campaign", name=made.name), 303)

    @pages.get("/campaigns/<name>")
    def campaign(name: str) -> ResponseReturnValue:
        return _one(portal, name, None)

    @pages.post("/campaigns/<name>/<any(start, end, archive, cancel):word>")
    def move_campaign(name: str, word: str) -> ResponseReturnValue:
        return _move(portal, name, word)

    @pages.get("/campaigns/<name>/promotion")
    def promotion(name: str) -> ResponseReturnValue:
        return _promotion(portal, name)


def _list(portal: Portal) -> str:
    chosen = request.args.get("state", "current")
    chosen = chosen if chosen in model.TABS else "current"
    now, cards = portal.now(), portal.cards
    with portal.database.read() as connection:
        found = read_page(
            lambda after: store.list_campaigns(
                connection,
                states=model.TABS[chosen][1],
                after=after,
                limit=PER_PAGE,
                now=now,
            )
        )
        kept = store.last_days(connection, [one.name for one in found.items])
        owners = entities.by_refs(connection, {one.plan.owner for one in found.items})
    links = {ref: link_of(row) for ref, row in owners.items()}
    return render_template(
        "campaigns.html",
        chosen=chosen,
        tabs=model.TABS,
        rows=[
            model.campaign_line(one, cards, links, kept.get(one.name), now) for one in found.items
        ],
        pager=pager_of({"state": chosen}, found),
    )


def _one(
    portal: Portal, name: str, typed: model.Typed | None, status: int = 200
) -> ResponseReturnValue:
    now, cards = portal.now(), portal.cards
    with portal.database.read() as connection:
        found = find(connection, portal, name)
        if found is None:
            return not_found(NO_SUCH)
        course = course_of(connection, portal, found)
        refs = {found.plan.owner, *(ref for ref in course.now.by_owner if ref)}
        links = {ref: link_of(row) for ref, row in entities.by_refs(connection, refs).items()}
    page = model.campaign_page(
        found,
        course,
        model.campaign_line(found, cards, links, None, now),
        cards.get(found.plan.scorecard),
        links,
        tag=tag_of(found),
        now=now,
        typed=typed,
    )
    text = render_template("campaign.html", page=page, cards=portal.scorecards)
    return make_response(text, status)


def _move(portal: Portal, name: str, word: str) -> ResponseReturnValue:
    note = request.form.get("note", "").strip()[:LONGEST_NOTE]
    tag = request.form.get("seen", "")

    def seen(found: Campaign) -> None:
        if tag_of(found) != tag:
            raise _Changed

    try:
        done = move(
            portal,
            name,
            model.MOVES[word][0],
            actor=actor_of(g.caller),
            reason=note,
            seen=seen,
        )
    except _Changed:
        return _one(portal, name, model.Typed(note=note, fault="", stale=True), 409)
    if done is None:
        return not_found(NO_SUCH)
    if isinstance(done, Problem):
        fault = f"{done.message[:1].upper()}{done.message[1:]}. {done.hint}."
        return _one(portal, name, model.Typed(note=note, fault=fault), 422)
    return redirect(url_for("pages.campaign", name=name), 303)


def _promotion(portal: Portal, name: str) -> ResponseReturnValue:
    with portal.database.read() as connection:
        found = find(connection, portal, name)
    if found is None:
        return not_found(NO_SUCH)
    into = portal.cards.get(request.args.get("scorecard", ""))
    level = request.args.get("level", "")
    done = None
    if into is not None:
        known = level in [one.name for one in into.levels]
        done = promotion_of(portal, found.plan, into.name, level=level if known else None)
    return render_template(
        "promotion.html",
        campaign=found,
        cards=portal.scorecards,
        into=into,
        level=level,
        problem=done if isinstance(done, Problem) else None,
        done=None if isinstance(done, Problem) else done,
    )


def _form(portal: Portal, form: CampaignForm, memory: FacetMemory, status: int = 200) -> Response:
    cards = portal.scorecards
    with portal.database.read() as connection:
        teams = owning_groups(connection, None, memory)
    text = render_template(
        "campaign_form.html",
        form=form,
        cards=cards,
        card=next(
            (one for one in cards if one.name == form.scorecard), cards[0] if cards else None
        ),
        teams=teams,
    )
    return make_response(text, status)
