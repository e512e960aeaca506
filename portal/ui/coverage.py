"""Coverage: what is not known, and what would make most of it known."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template, request

from catalog.errors import RefError
from catalog.refs import parse_ref
from portal.covering import Mentions, coverage_of
from portal.ui.facet_memory import FacetMemory
from portal.ui.home import owning_groups
from portal.ui.models.coverage import CoveragePage, coverage_page
from portal.ui.models.links import link_to
from portal.ui.state_memory import StateMemory
from portal.wiring import Portal

Key = tuple[str, str, datetime]


def register(pages: Blueprint, portal: Portal) -> None:
    """`/coverage`."""
    teams_memory = FacetMemory()
    memory: StateMemory[Key, CoveragePage] = StateMemory()
    mentions = Mentions(portal)
    cards = {card.name: card for card in portal.scorecards}

    @pages.get("/coverage", endpoint="coverage")
    def overview() -> str:
        owner = chosen_owner(request.args.get("owner", ""))
        wanted = request.args.get("scorecard", "")
        chosen = [cards[wanted]] if wanted in cards else list(cards.values())
        # Facts become too old while nothing changes: an answer is good for the minute.
        minute = portal.now().replace(second=0, microsecond=0)
        with portal.database.read() as connection:
            page = memory.get(
                connection,
                (owner, wanted if wanted in cards else "", minute),
                lambda: coverage_page(
                    coverage_of(
                        connection, portal, chosen, mentions, owners=[owner] if owner else []
                    ),
                    cards,
                ),
            )
            teams = owning_groups(connection, link_to(owner) if owner else None, teams_memory)
        return render_template(
            "coverage.html",
            page=page,
            teams=teams,
            owner=owner,
            scorecard=wanted,
            cards=portal.scorecards,
        )


def chosen_owner(text: str) -> str:
    """The canonical ref of the owner in the URL; '' where it says nothing sensible."""
    try:
        return str(parse_ref(text.strip()[:500], default_kind="group")) if text.strip() else ""
    except RefError:
        return ""
