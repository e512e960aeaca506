"""Ownership and risk: what nobody answers for, counted, and one of the lists."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from catalog.query import EntityQuery, Order
from portal.db import entities
from portal.db.state import Connection, catalog_state_of
from portal.ui.facet_memory import FacetMemory
from portal.ui.models.catalog import link_of, owner_refs
from portal.ui.models.paging import numbered, start_of
from portal.ui.models.risks import Risk, RiskLine, RiskPage, risk_row, risks
from portal.ui.state_memory import StateMemory
from portal.wiring import Portal

PER_PAGE = 50
MOST_GONE = 500
"""Owners that are not in the catalog, of which entities are looked for."""

Counted = tuple[tuple[str, ...], dict[str, int]]
"""The owners that are not in the catalog, and how many entities each risk concerns."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/risks`."""
    owners = FacetMemory()

    def count(connection: Connection, _: str) -> Counted:
        gone = _gone(connection, owners)
        counts = {
            name: _page(connection, risk, limit=0).total for name, risk in risks(gone).items()
        }
        return gone, counts

    memory = StateMemory[str, Counted](
        database=portal.database, now=portal.now, make=count, state=catalog_state_of
    )

    @pages.get("/risks", endpoint="risks")
    def overview() -> str:
        with portal.database.read() as connection:
            counted = memory.get(connection, "all")
            page = risk_page(connection, *counted.value, asked=request.args.get("show", ""))
        return render_template("risks.html", page=page, behind=counted.behind)


def risk_page(
    connection: Connection, gone: tuple[str, ...], counts: dict[str, int], *, asked: str
) -> RiskPage:
    """The page with the list that is asked for, else with the first that has anything."""
    known = risks(gone)
    first = next((name for name in known if counts[name]), next(iter(known)))
    name = asked if asked in known else first
    number = max(1, start_of(request.args.get("page")))
    found = _page(connection, known[name], limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    named = entities.by_refs(connection, owner_refs(found.items))
    links = {ref: link_of(row) for ref, row in named.items()}
    lines = tuple(
        RiskLine(name=one, risk=risk, count=counts[one], chosen=one == name)
        for one, risk in known.items()
    )
    return RiskPage(
        lines=lines,
        chosen=next(line for line in lines if line.chosen),
        rows=tuple(risk_row(row, links) for row in found.items),
        pager=numbered(
            {"show": name, "_anchor": "entities"},
            page=number,
            shown=len(found.items),
            total=found.total,
            per_page=PER_PAGE,
        ),
    )


def _gone(connection: Connection, memory: FacetMemory) -> tuple[str, ...]:
    """The owners that are named and not in the catalog, those of most entities first."""
    key = "relations.ownedBy"
    named = [ref for ref, _ in memory.counts(connection, [key], None)[key]]
    known = entities.by_refs(connection, named)
    return tuple(ref for ref in named if ref not in known)[:MOST_GONE]


def _page(
    connection: Connection, risk: Risk, *, limit: int, offset: int = 0
) -> entities.EntityPage:
    query = EntityQuery(
        filter=risk.filter, order=Order(field="metadata.name"), limit=limit, offset=offset
    )
    return entities.by_query(connection, query)
