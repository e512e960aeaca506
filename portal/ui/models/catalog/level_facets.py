"""Levels as facets of the catalog page: for each scorecard its levels, and what is not assessed."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.queries.query import AnyOf, Filter
from portal.db.insights.levels import NOT_ASSESSED, OnLevels, on_named
from portal.ui.models.catalog.listing import Chip, Choice, Facet
from portal.ui.models.catalog.query import CatalogQuery
from scorecards.scorecard import Scorecard


def level_filters(
    query: CatalogQuery, scorecards: Sequence[Scorecard], *, without: str = ""
) -> tuple[Filter, ...]:
    """What the levels that are asked for say: on each scorecard one of those on it.

    A scorecard or a level that is unheard of has nothing on it. `without` leaves a scorecard out.
    """
    known = {card.name: card for card in scorecards}
    named = dict.fromkeys(name for name, _ in query.levels)
    return tuple(
        on_named(known[name], query.on(name)) if name in known else AnyOf(parts=())
        for name in named
        if name != without
    )


def level_facet(query: CatalogQuery, card: Scorecard, counts: OnLevels) -> Facet | None:
    """The levels of a scorecard from the floor up, then what is not assessed.

    None where nothing of what is listed is on any, and nobody asks for one.
    """
    asked = query.on(card.name)
    if not asked and not any(counts.proven):
        return None
    values = [
        (level.name, level.name, count)
        for level, count in zip(card.levels, counts.proven, strict=True)
    ]
    known = {level.name.lower() for level in card.levels} | {NOT_ASSESSED}
    values += [(level, level, 0) for level in sorted(asked - known)]
    values.append((NOT_ASSESSED, "Not assessed", counts.unassessed))
    choices = tuple(
        Choice(
            label=label,
            count=count,
            chosen=value.lower() in asked,
            params=query.toggled_level((card.name, value)).params(),
        )
        for value, label, count in values
        if count or value.lower() in asked
    )
    return Facet(title=card.title, choices=choices, hidden=0, chosen=len(asked))


def level_chips(query: CatalogQuery, scorecards: Sequence[Scorecard]) -> tuple[Chip, ...]:
    """The levels that the list is filtered by."""
    titles = {card.name: card.title for card in scorecards}
    return tuple(
        Chip(
            title=titles.get(name, name),
            label="Not assessed" if level.lower() == NOT_ASSESSED else level,
            params=query.toggled_level((name, level)).params(),
        )
        for name, level in query.levels
    )
