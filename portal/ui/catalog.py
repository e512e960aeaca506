"""The catalog page: facets, filters, search, sorting and pages, all of them in the URL."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, render_template, request

from catalog.query import All, EntityQuery, Equals, Filter, FullText, Order
from portal.db import entities, results
from portal.db.freshness import freshness
from portal.db.rollups import INSIDE, OWNED, PART, wholes_below
from portal.db.state import Connection
from portal.ui.facet_memory import FacetMemory
from portal.ui.models.catalog import (
    FACETS,
    PER_PAGE,
    SORTS,
    CatalogQuery,
    CatalogRow,
    Chip,
    Facet,
    catalog_row,
    chips,
    facet,
    link_of,
    owner_refs,
    read_query,
    shown_refs,
)
from portal.ui.models.levels import marks
from portal.ui.models.links import EntityLink, kind_plural
from portal.ui.models.paging import Pager, numbered
from portal.ui.models.same import catalog_address
from portal.ui.models.views import query_text, view_links
from portal.ui.own_views import own_views
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

SEARCHED = ("metadata.name", "metadata.title", "metadata.description", "metadata.tags")


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogPage:
    """Everything that the page shows."""

    query: CatalogQuery
    never: bool
    """Nothing was ever read: the catalog is empty without any filter."""
    everything: int
    """Entities without any filter."""
    heading: str
    one_kind: bool
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    rows: tuple[CatalogRow, ...]
    scorecards: tuple[Scorecard, ...]
    """Those that any of the rows has a level on: a column that is always empty is none."""
    pager: Pager
    same: str
    """Address of the same below that of the API; '' where there is none."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/catalog`."""

    memory = FacetMemory()

    @pages.get("/catalog")
    def catalog() -> str:
        query = read_query(request.args.to_dict(flat=False))
        with portal.database.read() as connection:
            page = catalog_page(connection, query, portal.scorecards, memory)
            fresh = freshness(connection)
        views = view_links(portal.settings.views, query)
        own = view_links(own_views(), query)
        return render_template(
            "catalog.html",
            page=page,
            fresh=fresh,
            views=views,
            own=own,
            to_save="" if any(view.chosen for view in views + own) else query_text(query),
        )


def filter_of(
    query: CatalogQuery, scope: Filter | None = None, *, without: str = ""
) -> Filter | None:
    """The filter of a query; `without` leaves one facet out, for the counts of its own values.

    `scope` is what `scope_of` gives for the query.
    """
    parts: tuple[Filter, ...] = tuple(
        Equals(key=FACETS[name][1].lower(), values=tuple(value.lower() for value in values))
        for name, values in query.selected.items()
        if values and name != without
    )
    if scope is not None:
        parts = (*parts, scope)
    return (parts[0] if len(parts) == 1 else All(parts=parts)) if parts else None


def scope_of(connection: Connection, query: CatalogQuery) -> Equals | None:
    """What belongs to the group or domain that the query is within, or to what is below it."""
    if not query.within:
        return None
    below, related = (INSIDE, OWNED) if query.within.startswith("group:") else (PART, PART)
    wholes = wholes_below(connection, query.within, below=below, related=related)
    return Equals(key=f"relations.{related.lower()}", values=wholes)


def catalog_page(
    connection: Connection,
    query: CatalogQuery,
    scorecards: tuple[Scorecard, ...],
    memory: FacetMemory,
) -> CatalogPage:
    """The page that a query asks for, read from the store."""
    kinds = entities.kind_counts(connection)
    if query.selected.get("kind") is None:
        default = ("component",) if kinds.get("component") else ()
        query = replace(query, selected={**query.selected, "kind": default})
    scope = scope_of(connection, query)
    found = entities.by_query(
        connection,
        EntityQuery(
            filter=filter_of(query, scope),
            order=Order(field=SORTS[query.sort], descending=query.descending),
            full_text=FullText(term=query.text.lower(), fields=SEARCHED) if query.text else None,
            limit=PER_PAGE,
            offset=(query.page - 1) * PER_PAGE,
        ),
    )
    counts = _counts(connection, query, scope, memory)
    refs = shown_refs(query, counts) | owner_refs(found.items)
    named = entities.by_refs(connection, refs | {query.within} if query.within else refs)
    links: dict[str, EntityLink] = {ref: link_of(row) for ref, row in named.items()}
    summaries = results.summaries(connection, [row.id for row in found.items])
    rows = tuple(
        catalog_row(row, links, marks(scorecards, summaries.get(row.id, ()))) for row in found.items
    )
    chosen_kinds = query.selected["kind"]
    return CatalogPage(
        query=query,
        never=not kinds,
        everything=sum(kinds.values()),
        heading=kind_plural(chosen_kinds, found.total),
        one_kind=len(chosen_kinds) == 1,
        facets=tuple(facet(query, name, counts[name], links) for name in FACETS),
        chips=chips(query, links),
        rows=rows,
        scorecards=tuple(card for card in scorecards if any(card.name in r.marks for r in rows)),
        pager=numbered(
            query.at(1).params(),
            page=query.page,
            shown=len(rows),
            total=found.total,
            per_page=PER_PAGE,
        ),
        same=catalog_address(query, scope),
    )


def _counts(
    connection: Connection, query: CatalogQuery, scope: Filter | None, memory: FacetMemory
) -> dict[str, list[tuple[str, int]]]:
    """The values of every facet. One that is filtered by counts as if it were not."""
    free = [name for name in FACETS if not query.selected.get(name)]
    by_key = memory.counts(connection, [FACETS[name][1] for name in free], filter_of(query, scope))
    counts = {name: by_key[FACETS[name][1]] for name in free}
    for name in FACETS:
        if name not in counts:
            key = FACETS[name][1]
            tree = filter_of(query, scope, without=name)
            counts[name] = memory.counts(connection, [key], tree)[key]
    return counts
