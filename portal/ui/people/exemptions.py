"""Exemptions: the queue, one with its history and what can be decided, and asking for one."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import Problem
from portal.db.catalog import entities
from portal.db.people import exemptions as store
from portal.db.people.exemption_lists import Phase, Wanted, count_phases, list_exemptions
from portal.db.state import Connection
from portal.ui.facet_memory import FacetMemory
from portal.ui.frame import not_found, not_permitted
from portal.ui.home.page import owning_groups
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.links import link_to
from portal.ui.models.paging import Params
from portal.ui.models.people import exemption_form
from portal.ui.models.people import exemptions as model
from portal.ui.paging import pager_of, read_page
from portal.use_cases.exempting import NOT_THEIRS, Decision, acting, ask_for, decide, tag_of
from portal.wiring import Portal
from scorecards.people.exemptions import Exemption, OneEntity

PER_PAGE = 50
NO_SUCH = "There is no exemption with this number."
ONE = "/exemptions/<int(max=9223372036854775807):number>"


class _Changed(Exception):
    """Somebody else was faster."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/exemptions`, `/exemptions/new`, `/exemptions/<number>`, and what is decided there."""
    memory = FacetMemory()

    @pages.get("/exemptions", endpoint="exemptions")
    def queue() -> str:
        owner = request.args.get("owner", "").strip().lower()[:500]
        with portal.database.read() as connection:
            page = _queue(portal, connection, chosen_phase(connection, portal, owner), owner)
            teams = owning_groups(connection, link_to(owner) if owner else None, memory)
        return render_template("exemptions.html", page=page, teams=teams)

    @pages.route("/exemptions/new", methods=["GET", "POST"])
    def new_exemption() -> ResponseReturnValue:
        policy = portal.settings.exemptions
        if request.method == "GET":
            form = exemption_form.read_form(request.args)
            return _form(portal, exemption_form.proposed(form, portal.now(), policy))
        form = exemption_form.read_form(request.form)
        wanted = exemption_form.request_of(form)
        if isinstance(wanted, exemption_form.RequestForm):
            return _form(portal, wanted, 422)
        made = ask_for(
            portal,
            wanted.scope,
            reason=wanted.reason,
            expires_at=wanted.expires_at,
            actor=acting(g.caller),
        )
        if isinstance(made, Problem):
            return _form(portal, exemption_form.with_problem(form, made, policy), 422)
        return redirect(url_for("pages.exemption", number=made.id, asked=1), 303)

    @pages.get(ONE)
    def exemption(number: int) -> ResponseReturnValue:
        return _one(portal, number, None)

    @pages.post(f"{ONE}/<any(approve, deny, revoke, withdraw):decision>")
    def decide_exemption(number: int, decision: str) -> ResponseReturnValue:
        return _decide(portal, number, Decision(decision))


def chosen_phase(connection: Connection, portal: Portal, owner: str) -> Phase:
    """The part of the queue in the URL; without one the first that has any."""
    text = request.args.get("state", "")
    if text in set(Phase):
        return Phase(text)
    counts = count_phases(connection, now=portal.now(), owner=owner or None)
    return next((phase for phase in Phase if counts[phase]), Phase.REQUESTED)


def _queue(portal: Portal, connection: Connection, phase: Phase, owner: str) -> model.QueuePage:
    now = portal.now()
    counts = count_phases(connection, now=now, owner=owner or None)
    wanted = Wanted(phase=phase, now=now, owner=owner or None)
    found = read_page(
        lambda after: list_exemptions(connection, wanted, after=after, limit=PER_PAGE)
    )
    params: Params = {"state": phase.value}
    if owner:
        params["owner"] = owner
    return model.QueuePage(
        phase=phase,
        owner=owner,
        tabs=tuple(
            model.Tab(phase=one, title=title, count=counts[one])
            for one, title in model.PHASES.items()
        ),
        rows=_lines(portal, connection, found.items),
        pager=pager_of(params, found, total=counts[phase]),
    )


def _lines(
    portal: Portal, connection: Connection, found: tuple[Exemption, ...]
) -> tuple[model.ExemptionLine, ...]:
    refs = [one.scope.whom.ref for one in found if isinstance(one.scope.whom, OneEntity)]
    links = {ref: link_of(row) for ref, row in entities.by_refs(connection, refs).items()}
    cards = portal.cards
    return tuple(model.exemption_line(one, cards, links, portal.now()) for one in found)


def _one(
    portal: Portal, number: int, typed: model.Typed | None, status: int = 200
) -> ResponseReturnValue:
    now = portal.now()
    with portal.database.read() as connection:
        found = store.find(connection, number, now=now)
        if found is None:
            return not_found(NO_SUCH)
        (line,) = _lines(portal, connection, (found,))
        covered = len(store.covered(connection, found.scope))
    page = model.ExemptionPage(
        line=line,
        tag=tag_of(found),
        steps=model.step_lines(found, now),
        covered=covered,
        choices=model.decision_choices(
            found, actor=acting(g.caller), policy=portal.settings.exemptions, now=now
        ),
        typed=typed,
        asked="asked" in request.args,
    )
    return make_response(render_template("exemption.html", page=page), status)


def _decide(portal: Portal, number: int, decision: Decision) -> ResponseReturnValue:
    note = request.form.get("note", "").strip()[: model.LONGEST_TEXT]
    tag = request.form.get("seen", "")

    def seen(found: Exemption) -> None:
        if tag_of(found) != tag:
            raise _Changed

    if decision in model.NEEDS_NOTE and not note:
        fault = "Say why: whoever asked for it will read this."
        return _one(portal, number, model.Typed(decision=decision, note="", fault=fault), 422)
    try:
        done = decide(portal, number, decision, actor=acting(g.caller), reason=note, seen=seen)
    except _Changed:
        typed = model.Typed(decision=decision, note=note, fault="", stale=True)
        return _one(portal, number, typed, 409)
    if done is None:
        return not_found(NO_SUCH)
    if isinstance(done, Problem):
        if done.code in NOT_THEIRS:
            back = url_for("pages.exemption", number=number)
            return not_permitted(model.sentence(done), whom=_approvers(portal), back=back)
        typed = model.Typed(decision=decision, note=note, fault=model.sentence(done))
        return _one(portal, number, typed, 422)
    return redirect(url_for("pages.exemption", number=number), 303)


def _approvers(portal: Portal) -> str:
    """Whom to ask."""
    named = portal.settings.exemptions.approvers
    if not named:
        return "Anybody else who may use this portal can decide on it."
    return f"Those who decide on exemptions are {', '.join(named)}."


def _form(portal: Portal, form: exemption_form.RequestForm, status: int = 200) -> Response:
    link = link_to(form.ref) if form.ref else None
    if link is not None:
        with portal.database.read() as connection:
            row = entities.by_ref(connection, link.ref)
        link = link_of(row) if row else link_to(form.ref, exists=False)
    text = render_template(
        "exemption_form.html",
        form=form,
        link=link,
        cards=portal.scorecards,
        card=portal.cards.get(form.scorecard),
        check=exemption_form.chosen_check(portal.scorecards, form),
        grounds=model.GROUNDS,
        policy=portal.settings.exemptions,
        first=portal.now().date() + timedelta(days=1),
        last=(portal.now() + portal.settings.exemptions.longest).date(),
        longest=model.LONGEST_TEXT,
    )
    return make_response(text, status)
