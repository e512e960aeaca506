"""Ownership and risk: what nobody answers for, counted among what could be, and one of the lists."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request

from portal.db.catalog import entities
from portal.db.state import Connection, catalog_state_of
from portal.ui.facet_memory import FacetMemory
from portal.ui.home.page import owning_groups
from portal.ui.models.catalog.listing import link_of, owner_refs
from portal.ui.models.catalog.same import address
from portal.ui.models.insights.risks import RiskLine, RiskPage, risk_row
from portal.ui.models.links import link_to
from portal.ui.models.paging import Params, numbered, start_of
from portal.ui.state_memory import StateMemory
from portal.use_cases.risks import Count, Risk, count, query_of, risks
from portal.wiring import Portal

PER_PAGE = 50

Counted = tuple[Mapping[str, Risk], Mapping[str, Count | None]]
"""The risks by their words in the URL, and what each concerns."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/risks`."""
    owners = FacetMemory()

    def counted_of(connection: Connection, team: str) -> Counted:
        known = risks(connection, team)
        return known, {name: count(connection, risk) for name, risk in known.items()}

    memory = StateMemory[str, Counted](
        database=portal.database, now=portal.now, make=counted_of, state=catalog_state_of
    )

    @pages.get("/risks", endpoint="risks")
    def overview() -> str:
        link = link_to(request.args.get("team", "").strip()[:300])
        team = link if link.parts is not None and link.parts.kind == "group" else None
        ref = team.ref if team else ""
        with portal.database.read() as connection:
            counted = memory.get(connection, ref)
            page = risk_page(
                connection, *counted.value, team=ref, asked=request.args.get("show", "")
            )
            teams = owning_groups(connection, team, owners)
        return render_template(
            "risks.html",
            page=page,
            behind=counted.behind,
            team=team,
            teams=teams,
            team_title=next((one.title for one in teams if one.chosen), ""),
        )


def risk_page(
    connection: Connection,
    known: Mapping[str, Risk],
    counts: Mapping[str, Count | None],
    *,
    team: str,
    asked: str,
) -> RiskPage:
    """The page with the list that is asked for, else with the first that has anything."""
    lines = {
        name: RiskLine(name=name, risk=risk, count=counts[name]) for name, risk in known.items()
    }
    first = next((name for name, line in lines.items() if line.concerned), next(iter(known)))
    name = asked if asked in known else first
    number = max(1, start_of(request.args.get("page")))
    query = query_of(known[name], limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    found = entities.by_query(connection, query)
    named = entities.by_refs(connection, owner_refs(found.items))
    links = {ref: link_of(row) for ref, row in named.items()}
    params: Params = {"show": name, **({"team": team} if team else {}), "_anchor": "entities"}
    return RiskPage(
        lines=tuple(lines.values()),
        chosen=lines[name],
        rows=tuple(risk_row(row, links) for row in found.items),
        pager=numbered(
            params, page=number, shown=len(found.items), total=found.total, per_page=PER_PAGE
        ),
        same=address("risks", name, "entities", team=team),
        same_csv=address("risks", name, "entities", team=team, format="csv"),
    )
