"""The query of the catalog page: what is asked for, as it stands in the URL.

The URL is the state: facets, columns, sort, page and search are parameters, and every link on the page
is this query with one thing changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from portal.config.views import NAME_ALONE, is_column
from portal.ui.models.paging import Params

FACETS = {
    "kind": ("Kind", "kind"),
    "type": ("Type", "spec.type"),
    "lifecycle": ("Lifecycle", "spec.lifecycle"),
    "owner": ("Owner", "relations.ownedBy"),
    "system": ("System", "relations.partOf"),
    "tag": ("Tag", "metadata.tags"),
}
"""By URL parameter: title, and the key of the filter language."""

ALL_KINDS = "all"
"""Value of `kind` in the URL that asks for every kind; without any, components are shown."""

Standing: TypeAlias = tuple[str, str]
"""Name of a scorecard, and of a level on it, as `level` says them in the URL with a colon between."""

SORTS = {
    "name": "metadata.name",
    "type": "spec.type",
    "lifecycle": "spec.lifecycle",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogQuery:
    """What the URL asks for."""

    selected: Mapping[str, tuple[str, ...]]
    """By facet; values of one facet are alternatives, compared without their case.

    A `kind` that is missing is the default; an empty one means every kind.
    """
    within: str = ""
    """Ref of a group or a domain: what belongs to it, or to what is below it."""
    levels: tuple[Standing, ...] = ()
    """Scorecards with levels on them; those on the same scorecard are alternatives."""
    columns: tuple[str, ...] | None = None
    """Beside the name, as `portal.config.views` names them; None: the usual ones."""
    text: str = ""
    sort: str = "name"
    descending: bool = False
    page: int = 1

    def params(self) -> Params:
        """The parameters that give this query; what is default is left out."""
        found: Params = {key: list(values) for key, values in self.selected.items() if values}
        if self.selected.get("kind") == ():
            found["kind"] = ALL_KINDS
        if self.levels:
            found["level"] = [":".join(standing) for standing in self.levels]
        if self.columns is not None:
            found["column"] = list(self.columns) or NAME_ALONE
        if self.within:
            found["within"] = self.within
        if self.text:
            found["q"] = self.text
        if self.sort != "name" or self.descending:
            found["sort"] = ("-" if self.descending else "") + self.sort
        if self.page > 1:
            found["page"] = str(self.page)
        return found

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form has to send along so that searching keeps the other filters."""
        return _hidden(replace(self, text="", page=1))

    @property
    def kept_beside_columns(self) -> list[tuple[str, str]]:
        """What a form has to send along so that choosing columns keeps all the rest."""
        return _hidden(replace(self, columns=None))

    def toggled(self, facet: str, value: str) -> CatalogQuery:
        """The query with a value chosen, or no longer chosen; always at the first page."""
        now = self.selected.get(facet, ())
        chosen = [v for v in now if v.lower() == value.lower()]
        values = tuple(v for v in now if v not in chosen) if chosen else (*now, value)
        if facet == "kind" and not chosen:
            values = (value,)  # one kind at a time: the columns and the other facets depend on it
        return replace(self, selected={**self.selected, facet: values}, page=1)

    def narrowed(self, facet: str, value: str) -> CatalogQuery:
        """The query with a value chosen, if it is not; always at the first page."""
        chosen = value.lower() in (one.lower() for one in self.selected.get(facet, ()))
        return replace(self, page=1) if chosen else self.toggled(facet, value)

    def usual(self) -> CatalogQuery:
        """The query with the columns that nobody chose."""
        return replace(self, columns=None)

    def toggled_level(self, standing: Standing) -> CatalogQuery:
        """The query with a level chosen, or no longer chosen; always at the first page."""
        others = tuple(one for one in self.levels if not _same(one, standing))
        if len(others) == len(self.levels):
            others = (*others, standing)
        return replace(self, levels=others, page=1)

    def on(self, scorecard: str) -> frozenset[str]:
        """The levels on a scorecard that are asked for, in lower case."""
        return frozenset(level.lower() for name, level in self.levels if name == scorecard)

    def sorted_by(self, column: str) -> CatalogQuery:
        """The query sorted by a column, the other way round where it is already."""
        turn = self.sort == column and not self.descending
        return replace(self, sort=column, descending=turn, page=1)

    def at(self, page: int) -> CatalogQuery:
        """The query at another page."""
        return replace(self, page=page)


def read_query(args: Mapping[str, Sequence[str]]) -> CatalogQuery:
    """The query that URL parameters ask for; what makes no sense is taken for the default."""
    sort = (args.get("sort") or ["name"])[0]
    page = (args.get("page") or ["1"])[0]
    selected = {
        facet: tuple(dict.fromkeys(v for v in args.get(facet, ()) if v)) for facet in FACETS
    }
    if not selected["kind"]:
        del selected["kind"]
    elif selected["kind"] == (ALL_KINDS,):
        selected["kind"] = ()
    return CatalogQuery(
        selected=selected,
        levels=_levels(args.get("level", ())),
        columns=_columns(args.get("column", ())),
        within=(args.get("within") or [""])[0].strip().lower()[:500],
        text=(args.get("q") or [""])[0].strip()[:200],
        sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "name",
        descending=sort.startswith("-"),
        page=int(page) if page.isdecimal() and 0 < int(page[:9]) < 1_000_000 else 1,
    )


def _levels(said: Sequence[str]) -> tuple[Standing, ...]:
    pairs = (one[:300].partition(":")[::2] for one in said)
    return tuple(dict.fromkeys((name.strip().lower(), level) for name, level in pairs if level))


def _columns(said: Sequence[str]) -> tuple[str, ...] | None:
    found = tuple(dict.fromkeys(one for one in said if is_column(one)))
    return tuple(one for one in found if one != NAME_ALONE) if found else None


def _same(one: Standing, other: Standing) -> bool:
    return one[0] == other[0] and one[1].lower() == other[1].lower()


def _hidden(query: CatalogQuery) -> list[tuple[str, str]]:
    """The parameters of a query as fields of a form."""
    return [
        (key, value)
        for key, values in query.params().items()
        for value in ([values] if isinstance(values, str) else values)
    ]
