"""The catalog page: facets, filters, search, columns, sorting and pages, all of them in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, render_template, request

from catalog.queries.query import All, EntityQuery, Equals, Filter, FullText, Order
from portal.config.views import NAME_ALONE
from portal.db.catalog import entities
from portal.db.evaluation import results
from portal.db.insights.rollups import INSIDE, OWNED, PART, wholes_below
from portal.db.sources.freshness import freshness
from portal.db.state import Connection
from portal.ui.catalog.own_views import own_views
from portal.ui.facet_memory import FacetMemory
from portal.ui.models.catalog.columns import Column, columns_of
from portal.ui.models.catalog.level_facets import level_chips, level_facet, level_filters
from portal.ui.models.catalog.listing import (
    PER_PAGE,
    CatalogRow,
    Chip,
    Facet,
    catalog_row,
    chips,
    facet,
    link_of,
    owner_refs,
    shown_refs,
)
from portal.ui.models.catalog.query import FACETS, SORTS, CatalogQuery, read_query
from portal.ui.models.catalog.same import catalog_address
from portal.ui.models.catalog.views import query_text, view_links
from portal.ui.models.levels import marks
from portal.ui.models.links import EntityLink, kind_plural
from portal.ui.models.paging import Pager, numbered
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
    level_facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    rows: tuple[CatalogRow, ...]
    columns: tuple[Column, ...]
    """Every one beside the name, in order."""
    pager: Pager
    same: str
    """Address of the same below that of the API; '' where there is none."""
    same_csv: str
    """With the columns that were chosen."""

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns that are shown."""
        return tuple(column for column in self.columns if column.chosen)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A query, and what is needed to say which entities match it."""

    query: CatalogQuery
    scorecards: tuple[Scorecard, ...]
    scope: Equals | None
    """What `scope_of` gives for the query."""

    def filter(self, *, without: str = "", unleveled: str = "") -> Filter | None:
        """What matches; one facet or the levels on one scorecard can be left out, for the counts of
        its own values."""
        parts: tuple[Filter, ...] = tuple(
            Equals(key=FACETS[name][1].lower(), values=tuple(value.lower() for value in values))
            for name, values in self.query.selected.items()
            if values and name != without
        )
        parts += level_filters(self.query, self.scorecards, without=unleveled)
        if self.scope is not None:
            parts += (self.scope,)
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
    asked = _Asked(query=query, scorecards=scorecards, scope=scope)
    found = _listed(connection, asked)
    counts = _counts(connection, asked, memory)
    refs = shown_refs(query, counts) | owner_refs(found.items)
    named = entities.by_refs(connection, refs | {query.within} if query.within else refs)
    links: dict[str, EntityLink] = {ref: link_of(row) for ref, row in named.items()}
    summaries = results.summaries(connection, [row.id for row in found.items])
    rows = tuple(
        catalog_row(row, links, marks(scorecards, summaries.get(row.id, ()))) for row in found.items
    )
    columns = columns_of(query, scorecards, {name for row in rows for name in row.marks})
    chosen_kinds = query.selected["kind"]
    return CatalogPage(
        query=query,
        never=not kinds,
        everything=sum(kinds.values()),
        heading=kind_plural(chosen_kinds, found.total),
        one_kind=len(chosen_kinds) == 1,
        facets=tuple(facet(query, name, counts[name], links) for name in FACETS),
        level_facets=_level_facets(connection, asked, memory, found.total),
        chips=(*chips(query, links), *level_chips(query, scorecards)),
        rows=rows,
        columns=columns,
        pager=numbered(
            query.at(1).params(),
            page=query.page,
            shown=len(rows),
            total=found.total,
            per_page=PER_PAGE,
        ),
        same=catalog_address(query, scope),
        same_csv=catalog_address(query, scope, column=_asked_for(query, columns), format="csv"),
    )


def _listed(connection: Connection, asked: _Asked) -> entities.EntityPage:
    query = asked.query
    return entities.by_query(
        connection,
        EntityQuery(
            filter=asked.filter(),
            order=Order(field=SORTS[query.sort], descending=query.descending),
            full_text=FullText(term=query.text.lower(), fields=SEARCHED) if query.text else None,
            limit=PER_PAGE,
            offset=(query.page - 1) * PER_PAGE,
        ),
    )


def _counts(
    connection: Connection, asked: _Asked, memory: FacetMemory
) -> dict[str, list[tuple[str, int]]]:
    """The values of every facet. One that is filtered by counts as if it were not."""
    free = [name for name in FACETS if not asked.query.selected.get(name)]
    by_key = memory.counts(connection, [FACETS[name][1] for name in free], asked.filter())
    counts = {name: by_key[FACETS[name][1]] for name in free}
    for name in FACETS:
        if name not in counts:
            key = FACETS[name][1]
            counts[name] = memory.counts(connection, [key], asked.filter(without=name))[key]
    return counts


def _level_facets(
    connection: Connection, asked: _Asked, memory: FacetMemory, total: int
) -> tuple[Facet, ...]:
    """The levels on every scorecard that has any; one that is filtered by counts as if it were not.

    As other facets they disregard the search text, so that `total` is of use only without one.
    """
    laddered = {card.name: len(card.levels) for card in asked.scorecards if len(card.levels) > 1}
    free = {name: levels for name, levels in laddered.items() if not asked.query.on(name)}
    known = None if asked.query.text else total
    counts = memory.levels(connection, free, asked.filter(), total=known)
    for name in laddered.keys() - free.keys():
        tree = asked.filter(unleveled=name)
        counts |= memory.levels(connection, {name: laddered[name]}, tree)
    found = (
        level_facet(asked.query, card, counts[card.name])
        for card in asked.scorecards
        if card.name in counts
    )
    return tuple(one for one in found if one is not None)


def _asked_for(query: CatalogQuery, columns: Sequence[Column]) -> list[str]:
    """The columns of the CSV: those that were chosen; without a choice it has every one."""
    if query.columns is None:
        return []
    return [column.name for column in columns if column.chosen] or [NAME_ALONE]
