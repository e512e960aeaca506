"""The same from the API: the address that answers with what a page shows, for machines and scripts."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from catalog.queries.query import Equals
from portal.ui.models.catalog.query import FACETS, CatalogQuery
from scorecards.scorecard import Scorecard

MOST_WHOLES = 40
"""Groups or systems that an address can name; with more it is longer than servers take."""

Value = str | int | Sequence[str] | None


def address(*segments: str, **params: Value) -> str:
    """The address below that of the API; parameters without a value are left out."""
    said = {name: value for name, value in params.items() if value not in (None, "", (), [])}
    query = urlencode(said, doseq=True)
    path = "/".join(quote(segment, safe="") for segment in segments)
    return f"/{path}?{query}" if query else f"/{path}"


def of_each(
    scorecards: Sequence[Scorecard], last: str, **params: Value
) -> tuple[tuple[str, str], ...]:
    """For a page about several scorecards: the title of each, and the address of what it shows of it."""
    return tuple(
        (card.title, address("scorecards", card.name, last, **params)) for card in scorecards
    )


def catalog_address(query: CatalogQuery, scope: Equals | None, **more: Value) -> str:
    """The entities that the catalog page lists; '' where no address can say that.

    `scope` is what the query is within, `more` is said besides.
    """
    wholes = scope.values if scope else ()
    if len(wholes) > MOST_WHOLES:
        return ""
    chosen: dict[str, Value] = {name: query.selected.get(name, ()) for name in FACETS}
    return address(
        "entities",
        **chosen,
        level=[":".join(standing) for standing in query.levels],
        filter=",".join(f"{scope.key}={ref}" for ref in wholes) if scope else "",
        q=query.text,
        sort=f"-{query.sort}" if query.descending else "" if query.sort == "name" else query.sort,
        **more,
    )
