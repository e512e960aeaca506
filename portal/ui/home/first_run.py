"""The first run: from nothing to the first scorecard, with the form that names what to read."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.auth import actor_of
from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.db.sources import locations, problems
from portal.db.state import Connection
from portal.db.work import marks, pending
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.home import first_run as model
from portal.ui.models.links import EntityLink
from portal.use_cases import registering
from portal.wiring import Portal

THEIRS = "The configuration or the command line names this already; it is among the locations."


def register(pages: Blueprint, portal: Portal) -> None:
    """`/start`."""

    @pages.get("/start")
    def start() -> ResponseReturnValue:
        return first_run_page(portal)

    @pages.post("/start")
    def add_location() -> ResponseReturnValue:
        target = request.form.get("target", "").strip()
        if portal.settings.readonly:
            return first_run_page(portal, target=target, status=403)
        if fault := model.target_fault(target):
            return first_run_page(portal, target=target, fault=fault, status=422)
        if problem := registering.foreseen(portal, target):
            told = f"{problem.message} {problem.hint}"
            return first_run_page(portal, target=target, fault=told, status=422)
        made = registering.register(portal, type="url", target=target, actor=actor_of(g.caller))
        if made is None:
            return first_run_page(portal, target=target, fault=THEIRS, status=409)
        registering.read_now(portal, made.location)
        return redirect(url_for("pages.start", _anchor="progress"), 303)


def first_run_page(
    portal: Portal, *, target: str = "", fault: str = "", status: int = 200
) -> ResponseReturnValue:
    """The page as it stands, with what was typed."""
    with portal.database.read() as connection:
        page = _state(portal, connection)
    text = render_template(
        "start.html",
        page=page,
        target=target[: model.LONGEST_TARGET],
        fault=fault,
        readonly=portal.settings.readonly,
        scorecards=portal.scorecards,
    )
    return make_response(text, status)


def _state(portal: Portal, connection: Connection) -> model.FirstRun:
    kinds = entities.kind_counts(connection)
    counts = problems.problem_counts(connection)
    tallied = [
        results.distribution(connection, card.name, len(card.levels)).total
        for card in portal.scorecards
    ]
    return model.FirstRun(
        locations=model.named(locations.list_locations(connection)),
        entities=sum(count for kind, count in kinds.items() if kind.lower() != "location"),
        errors=counts["error"],
        warnings=counts["warning"],
        waiting=marks.count_marks(connection),
        assessed=sum(tallied),
        card=_first_card(portal, connection),
        pending=sum(one.waiting + one.working for one in pending.tallies(connection)),
    )


def _first_card(portal: Portal, connection: Connection) -> EntityLink | None:
    """The entity with the most to do: the card that says most."""
    for card in portal.scorecards:
        for row, _ in results.attention(connection, (), card.name, 1):
            return link_of(row)
    return None
