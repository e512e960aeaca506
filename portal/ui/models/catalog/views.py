"""Views of the catalog: queries with a name, of the configuration for everybody, or somebody's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from marshmallow import ValidationError

from portal.config.views import View, read_parameters
from portal.ui.models.catalog.query import CatalogQuery, read_query
from portal.ui.models.paging import Params


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewLink:
    """A view as the page offers it."""

    title: str
    params: Params
    chosen: bool
    """Whether the page shows it, sorted however and at whichever page."""


def view_links(views: Iterable[View], query: CatalogQuery) -> tuple[ViewLink, ...]:
    """The links to the views, in order; `query` is what the URL asks for."""
    shown = _chosen(query)
    found = []
    for view in views:
        args: dict[str, list[str]] = {}
        for name, value in view.parameters:
            args.setdefault(name, []).append(value)
        asked = read_query(args)
        chosen = _chosen(asked) == shown
        found.append(ViewLink(title=view.title, params=asked.params(), chosen=chosen))
    return tuple(found)


def query_text(query: CatalogQuery) -> str:
    """What stands in the address of a query that a view can be of; '' where it can be of none."""
    text = urlencode(query.at(1).params(), doseq=True)
    try:
        read_parameters(text)
    except ValidationError:
        return ""
    return text


def _chosen(query: CatalogQuery) -> tuple[object, ...]:
    """What of a query says which entities there are, and what of them."""
    selected = {name: frozenset(map(str.lower, of)) for name, of in query.selected.items()}
    # Without a kind there are components, and an empty one is every kind: they are not the same.
    return (
        {k: v for k, v in selected.items() if v or k == "kind"},
        frozenset((name, level.lower()) for name, level in query.levels),
        None if query.columns is None else frozenset(query.columns),
        query.within,
        query.text,
    )
