"""The digest of a week, to be read by a leader or a team, and to be printed."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from portal.db.catalog import entities
from portal.db.changes.instants import NotKept
from portal.ui.facet_memory import FacetMemory
from portal.ui.home.page import owning_groups
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.changes.digest import DigestPage, digest_page, neighbors, shown_refs
from portal.ui.models.links import link_to
from portal.use_cases.digest import AHEAD, read_digest
from portal.wiring import Portal
from scorecards.insights.digest import week_at, week_named


def register(pages: Blueprint, portal: Portal) -> None:
    """`/digest`."""
    memory = FacetMemory()
    cards = portal.cards

    @pages.get("/digest")
    def digest() -> str:
        now = portal.now()
        typed = request.args.get("week", "").strip()[:20]
        asked = week_named(typed)
        week = asked or week_at(now)
        link = link_to(request.args.get("team", "").strip()[:300])
        team = link if link.parts is not None and link.parts.kind == "group" else None
        page: DigestPage | None = None
        refused = ""
        with portal.database.read() as connection:
            teams = owning_groups(connection, team, memory)
            if week.start > now:
                refused = "This week has not begun."
            else:
                try:
                    ref = team.ref if team else ""
                    found = read_digest(connection, portal.scorecards, week, team=ref, now=now)
                    named = entities.by_refs(connection, shown_refs(found))
                    links = {ref: link_of(row) for ref, row in named.items()}
                    page = digest_page(found, cards, links)
                except NotKept as error:
                    refused = f"The past is kept since {error.args[0]:%Y-%m-%d %H:%M} UTC."
        before, after = neighbors(week)
        return render_template(
            "digest.html",
            week=week,
            wrong=typed if typed and asked is None else "",
            page=page,
            refused=refused,
            team=team,
            teams=teams,
            team_title=next((one.title for one in teams if one.chosen), ""),
            before=before,
            after=after if week.end <= now else "",
            ahead=AHEAD.days,
        )
