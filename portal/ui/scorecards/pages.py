"""The list of scorecards, and the page of each."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.db.evaluation import results, unanswerable
from portal.db.insights.unfresh import unfresh
from portal.db.sources.freshness import freshness
from portal.db.state import Connection
from portal.ui.frame import not_found
from portal.ui.models.paging import Params
from portal.ui.models.scorecards.page import EntityFilter, ScorecardPage, scorecard_page
from portal.ui.models.scorecards.standing import scorecard_line
from portal.ui.paging import pager_of, read_page
from portal.use_cases.packs import states
from portal.use_cases.stopping import stopped_rules
from portal.wiring import Portal
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

PER_PAGE = 50
FIRST = 10
"""Entities that are listed while none were asked for: what else the page says stays in sight."""
NEARLY_ALL = 15
"""So many are listed at once: nobody turns a page for a few."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/scorecards` and `/scorecards/<name>`."""

    @pages.get("/scorecards")
    def scorecards() -> str:
        with portal.database.read() as connection:
            cards = [
                scorecard_line(card, results.distribution(connection, card.name, len(card.levels)))
                for card in portal.scorecards
            ]
            fresh = freshness(connection)
            stopped = stopped_rules(portal, connection)
        return render_template(
            "scorecards.html",
            cards=cards,
            problems=portal.scorecard_problems,
            stopped=stopped,
            packs=tuple(states(portal)),
            fresh=fresh,
        )

    @pages.get("/scorecards/<name>")
    def scorecard(name: str) -> ResponseReturnValue:
        card = portal.cards.get(name)
        if card is None:
            return not_found(f"There is no scorecard named {name}.")
        with portal.database.read() as connection:
            page = _page(connection, card)
        return render_template("scorecard.html", page=page)


def read_filter(card: Scorecard) -> EntityFilter:
    """The filter in the URL; what the scorecard does not have is left out."""
    level = request.args.get("level", "")
    check = request.args.get("check", "")
    outcome = request.args.get("outcome")
    known = {one.value for one in Outcome}
    return EntityFilter(
        level=next((rank for rank in range(len(card.levels)) if level == str(rank)), None),
        check=check if any(one.id == check for one in card.checks) else "",
        # Whoever comes by a check alone looks for those that fail it; a form that says nothing means any.
        outcome=Outcome(outcome) if outcome in known else None if outcome == "" else Outcome.FAIL,
    )


def _page(connection: Connection, card: Scorecard) -> ScorecardPage:
    chosen = read_filter(card)
    counted = results.distribution(connection, card.name, len(card.levels))
    asked = chosen.active or request.args.get("after")
    index = next((i for i, one in enumerate(card.checks) if one.id == chosen.check), None)
    found = read_page(
        lambda after: results.entities(
            connection,
            card.name,
            level=chosen.level,
            check=index,
            letter=LETTERS[chosen.outcome] if index is not None and chosen.outcome else None,
            after=after,
            limit=PER_PAGE if asked or counted.total <= NEARLY_ALL else FIRST,
        )
    )
    params: Params = {"_anchor": "entities"}
    if chosen.level is not None:
        params["level"] = str(chosen.level)
    if chosen.check:
        params |= {"check": chosen.check, "outcome": chosen.said or ""}
    return scorecard_page(
        card,
        counted,
        results.check_counts(connection, card.name, len(card.checks)),
        chosen=chosen,
        shown=request.args.get("show", ""),
        unfresh=unfresh(connection, card.name),
        entities=found.items,
        unanswered=unanswerable.about_all(connection, [row.id for row, _ in found.items]),
        pager=pager_of(params, found, total=None if chosen.active else counted.total),
    )
