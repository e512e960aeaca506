"""The columns of the catalog page: which there are, which are shown, and the same for its CSV."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from portal.config.views import COLUMNS, ON_LEVEL
from portal.ui.models.catalog.query import CatalogQuery
from scorecards.scorecard import Scorecard

TITLES = {
    "type": "Type",
    "lifecycle": "Lifecycle",
    "owner": "Owner",
    "system": "System",
    "tags": "Tags",
    "failing": "Failing",
}
UNUSUAL = frozenset({"tags"})
"""What is shown only where somebody asks for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column that can be shown."""

    name: str
    """In the URL."""
    title: str
    chosen: bool
    scorecard: Scorecard | None = None
    """Whose levels it has."""


def columns_of(
    query: CatalogQuery, scorecards: Sequence[Scorecard], assessed: Collection[str]
) -> tuple[Column, ...]:
    """Every column beside the name, in order, and whether it is shown.

    `assessed` are the scorecards that any of the rows has a level on: without a choice a column that
    is always empty is none.
    """

    def chosen(name: str, usual: bool) -> bool:
        return usual if query.columns is None else name in query.columns

    *first, failing = (
        Column(
            name=name,
            title=TITLES[name],
            chosen=chosen(name, name not in UNUSUAL and (name != "failing" or bool(assessed))),
        )
        for name in COLUMNS
    )
    levels = (
        Column(
            name=ON_LEVEL + card.name,
            title=card.title,
            chosen=chosen(ON_LEVEL + card.name, card.name in assessed),
            scorecard=card,
        )
        for card in scorecards
    )
    return (*first, *levels, failing)
