"""Insights: maturity by scorecard, by group, and the checks that are failed most."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from portal.db.catalog import entities
from portal.db.evaluation.results import Distribution
from portal.db.insights.rollups import By, side_by_side
from portal.db.sources.freshness import freshness
from portal.db.state import Connection
from portal.ui.changed import has_just_changed
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.catalog.same import of_each
from portal.ui.models.insights import heat
from portal.ui.models.insights import page as insights
from portal.ui.models.paging import Params, numbered, start_of
from portal.ui.state_memory import StateMemory
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

PER_PAGE = 25


Memory = StateMemory[By, heat.HeatTable]


def memory_of(portal: Portal) -> Memory:
    """What is counted of all scorecards, by each grouping."""
    return StateMemory(
        database=portal.database,
        now=portal.now,
        make=lambda connection, by: heat.heat_table(
            side_by_side(connection, portal.scorecards, by)
        ),
    )


def register(pages: Blueprint, portal: Portal) -> None:
    """`/insights`."""
    memory = memory_of(portal)

    @pages.get("/insights", endpoint="insights")
    def overview() -> str:
        by = chosen_grouping(request.args.get("by", ""))
        with portal.database.read() as connection:
            counted = memory.get(connection, by, exact=has_just_changed())
            page = insights_page(
                connection, portal.scorecards, by, counted.value, page=_page_number()
            )
            fresh = freshness(connection)
        return render_template(
            "insights.html",
            page=page,
            fresh=fresh,
            behind=counted.behind,
            groupings=heat.GROUPINGS,
            few=heat.FEW,
        )


def chosen_grouping(text: str) -> By:
    """What the URL groups by; by owner where it says nothing sensible."""
    return By(text) if text in {by.value for by in heat.GROUPINGS} else By.OWNER


def _page_number() -> int:
    return max(1, start_of(request.args.get("page")))


def insights_page(
    connection: Connection,
    scorecards: tuple[Scorecard, ...],
    by: By,
    table: heat.HeatTable,
    *,
    page: int,
) -> insights.InsightsPage:
    """The page with the groups that stand on its `page`, counted from 1."""
    wholes = [one.whole for one in table.scorecards]
    counted = [
        Distribution(proven=one.proven, possible=one.possible, total=one.total) for one in wholes
    ]
    shown = table.keys[(page - 1) * PER_PAGE : page * PER_PAGE]
    named = entities.by_refs(connection, shown) if by in heat.OF_ENTITIES else {}
    links = {ref: link_of(row) for ref, row in named.items()}
    failed = insights.most_failed(scorecards, [one.checks for one in wholes])
    params: Params = {"_anchor": "groups"}
    if by is not By.OWNER:
        params["by"] = by.value
    return insights.InsightsPage(
        empty=not any(one.total for one in counted),
        ladders=tuple(map(insights.maturity_ladder, scorecards, counted)),
        by=by,
        scorecards=scorecards,
        rows=tuple(heat.heat_row(table, by, key, links) for key in shown),
        rest=heat.rest_row(table),
        every=heat.every_row(table),
        pager=numbered(
            params, page=page, shown=len(shown), total=len(table.keys), per_page=PER_PAGE
        ),
        failed=tuple(failed[: insights.MOST_FAILED]),
        failing_checks=len(failed),
        same=of_each(scorecards, "rollup", by=by.value),
    )
