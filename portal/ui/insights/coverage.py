"""Coverage: what is not known, and what would make most of it known."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from catalog.errors import RefError
from catalog.refs import parse_ref
from portal.db.evaluation import unanswerable
from portal.db.state import Connection, state_of
from portal.ui.changed import has_just_changed
from portal.ui.facet_memory import FacetMemory
from portal.ui.home.page import owning_groups
from portal.ui.models.insights.coverage import MOST_NOT_ASSESSED, CoveragePage, coverage_page
from portal.ui.models.links import link_to
from portal.ui.state_memory import StateMemory
from portal.use_cases.covering import Mentions, coverage_of
from portal.wiring import Portal

Key = tuple[str, str]
"""Owner and scorecard; '' for all."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/coverage`."""
    teams_memory = FacetMemory()
    memory = memory_of(portal)
    names = {card.name for card in portal.scorecards}

    @pages.get("/coverage", endpoint="coverage")
    def overview() -> str:
        owner = chosen_owner(request.args.get("owner", ""))
        wanted = request.args.get("scorecard", "")
        key = (owner, wanted if wanted in names else "")
        with portal.database.read() as connection:
            counted = memory.get(connection, key, exact=has_just_changed())
            teams = owning_groups(connection, link_to(owner) if owner else None, teams_memory)
        return render_template(
            "coverage.html",
            page=counted.value,
            behind=counted.behind,
            teams=teams,
            owner=owner,
            scorecard=wanted,
            cards=portal.scorecards,
        )


def memory_of(portal: Portal) -> StateMemory[Key, CoveragePage]:
    """The page of each owner and scorecard."""
    mentions = Mentions(portal)
    cards = portal.cards

    def make(connection: Connection, key: Key) -> CoveragePage:
        owner, name = key
        chosen = [cards[name]] if name else list(cards.values())
        owners = [owner] if owner else []
        names = [name] if name else None
        named = unanswerable.listed(
            connection, owners=owners, scorecards=names, limit=MOST_NOT_ASSESSED
        )
        number = unanswerable.count(connection, owners=owners, scorecards=names)
        return coverage_page(
            coverage_of(connection, portal, chosen, mentions, owners=owners),
            cards,
            not_assessed=named,
            more_not_assessed=number - len(named),
        )

    def state(connection: Connection) -> str:
        # Facts become too old while nothing changes: an answer is good for the minute.
        return f"{state_of(connection)}/{portal.now():%Y-%m-%dT%H:%M}"

    return StateMemory(database=portal.database, now=portal.now, make=make, state=state)


def chosen_owner(text: str) -> str:
    """The canonical ref of the owner in the URL; '' where it says nothing sensible."""
    try:
        return str(parse_ref(text.strip()[:500], default_kind="group")) if text.strip() else ""
    except RefError:
        return ""
