"""What is typed into the search with a word before a colon: `owner:checkout tag:java basket`.

That is a question to the catalog, whose page has an address for it, with counts and further filters.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog.errors import RefError
from catalog.refs import parse_ref
from portal.ui.models.catalog.query import ALL_KINDS, FACETS
from portal.ui.models.paging import Params
from scorecards.scorecard import Scorecard

LEVEL = "level"
REFS = {"owner": "group", "system": "system"}
"""Facets whose values are references, and of which kind a bare name is."""


def catalog_params(wanted: str) -> Params | None:
    """The parameters of the catalog page for what was typed; None where nothing is said of a facet.

    Words of the same facet are alternatives, as they are there; what is left is searched for.
    """
    chosen: dict[str, list[str]] = {}
    rest: list[str] = []
    for word in wanted.split():
        name, colon, value = word.partition(":")
        said = _value(name.lower(), value) if colon else ""
        if said:
            chosen.setdefault(name.lower(), []).append(said)
        else:
            rest.append(word)
    if not chosen:
        return None
    params: Params = {"kind": ALL_KINDS, **chosen}
    if rest:
        params["q"] = " ".join(rest)
    return params


def _value(facet: str, value: str) -> str:
    """The value of a facet; '' where it is none."""
    if facet not in FACETS or not value:
        return ""
    if facet == "system" and "/" in value:
        return ""  # the reference of a system, which is looked for itself
    if facet not in REFS:
        return value
    try:
        return str(parse_ref(value, default_kind=REFS[facet]))
    except RefError:
        return ""


def level_named(wanted: str, scorecards: Sequence[Scorecard]) -> tuple[Scorecard, int] | None:
    """The first scorecard with the level that `level:` names, and its rank."""
    name, colon, value = wanted.partition(":")
    if not colon or name.lower() != LEVEL:
        return None
    low = value.strip().lower()
    return next(
        (
            (card, rank)
            for card in scorecards
            for rank, level in enumerate(card.levels)
            if level.name.lower() == low
        ),
        None,
    )
