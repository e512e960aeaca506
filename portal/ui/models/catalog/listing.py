"""The catalog page: the facets beside the list, the filters that are on, and the rows of the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from catalog.problems import JsonValue
from portal.db.catalog.entities import EntityRow
from portal.ui.models.catalog.query import FACETS, CatalogQuery
from portal.ui.models.levels import LevelMark
from portal.ui.models.links import EntityLink, kind_label, link_to, text_at, texts_at
from portal.ui.models.paging import Params

PER_PAGE = 50
MOST_VALUES = 15
"""Values that a facet lists; the number of the others is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One value of a facet."""

    label: str
    count: int
    chosen: bool
    params: Params


@dataclass(frozen=True, kw_only=True, slots=True)
class Facet:
    """One list of choices."""

    title: str
    choices: tuple[Choice, ...]
    hidden: int
    chosen: int


Counts = Sequence[tuple[str, int]]


def facet(query: CatalogQuery, name: str, counts: Counts, links: Mapping[str, EntityLink]) -> Facet:
    """The choices of a facet: the chosen ones, then the most frequent."""
    ordered = _ordered(query, name, counts)
    chosen = {value.lower() for value in query.selected.get(name, ())}
    shown = ordered[: max(MOST_VALUES, len(chosen))]
    return Facet(
        title=FACETS[name][0],
        choices=tuple(
            Choice(
                label=value_label(name, value, links),
                count=count,
                chosen=value.lower() in chosen,
                params=query.toggled(name, value).params(),
            )
            for value, count in shown
        ),
        hidden=len(ordered) - len(shown),
        chosen=len(chosen),
    )


def _ordered(query: CatalogQuery, name: str, counts: Counts) -> list[tuple[str, int]]:
    """The values of a facet in the order in which they are listed."""
    chosen = {value.lower(): value for value in query.selected.get(name, ())}
    if name == "system":  # an entity can be part of other things too
        counts = [(value, n) for value, n in counts if value.startswith("system:")]
    by_count = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    first = [pair for pair in by_count if pair[0].lower() in chosen]
    there = {value.lower() for value, _ in first}
    absent = [(value, 0) for low, value in chosen.items() if low not in there]
    return first + absent + [pair for pair in by_count if pair[0].lower() not in chosen]


def shown_refs(query: CatalogQuery, counts: Mapping[str, Counts]) -> set[str]:
    """Owners and systems that the facets list: what their titles are looked up for."""
    return {
        value.lower()
        for name in ("owner", "system")
        for value, _ in _ordered(query, name, counts[name])[:MOST_VALUES]
    }


def value_label(name: str, value: str, links: Mapping[str, EntityLink]) -> str:
    """A facet's value for people: references by title or name, the rest as it is."""
    if name in ("owner", "system"):
        return (links.get(value.lower()) or link_to(value)).title
    return kind_label(value) if name == "kind" else value


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A filter that is on, and the parameters that take it off."""

    title: str
    label: str
    params: Params


def chips(query: CatalogQuery, links: Mapping[str, EntityLink]) -> tuple[Chip, ...]:
    """What the list is filtered by, the search text included."""
    found = [
        Chip(
            title=FACETS[name][0],
            label=value_label(name, value, links),
            params=query.toggled(name, value).params(),
        )
        for name, values in query.selected.items()
        for value in values
    ]
    if query.within:
        link = links.get(query.within) or link_to(query.within, exists=False)
        params = replace(query, within="", page=1).params()
        found.append(Chip(title="Within", label=link.title, params=params))
    if query.text:
        params = replace(query, text="", page=1).params()
        found.append(Chip(title="Search", label=query.text, params=params))
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogRow:
    """One entity of the list."""

    link: EntityLink
    kind: str
    """As it is written in the descriptor: `Component`."""
    description: str
    type: str
    lifecycle: str
    owner: EntityLink | None
    system: EntityLink | None
    tags: tuple[str, ...]
    marks: Mapping[str, LevelMark]

    @property
    def failing(self) -> int:
        """Failing checks of every scorecard."""
        return sum(mark.failing for mark in self.marks.values())

    @property
    def total(self) -> int:
        """Checks that apply, of every scorecard."""
        return sum(mark.total for mark in self.marks.values())


def link_of(row: EntityRow, body: JsonValue | None = None) -> EntityLink:
    """The link to a stored entity, under its title."""
    data = orjson.loads(row.body) if body is None else body
    return link_to(row.ref, title=text_at(data, "metadata", "title"))


def targets(relations: bytes, kind: str) -> list[str]:
    """Refs that the stored relations of an entity lead to by one type."""
    listed = orjson.loads(relations or b"[]")
    return [text_at(one, "targetRef") for one in listed if text_at(one, "type") == kind]


def owner_refs(rows: Iterable[EntityRow]) -> set[str]:
    """Owners and systems of these entities: what their titles are looked up for."""
    return {
        ref
        for row in rows
        for kind in ("ownedBy", "partOf")
        for ref in targets(row.relations, kind)
    }


def catalog_row(
    row: EntityRow, links: Mapping[str, EntityLink], marks: Mapping[str, LevelMark]
) -> CatalogRow:
    """The row of an entity; `links` has the owners and systems that exist."""
    body = orjson.loads(row.body)
    owner = first_link(targets(row.relations, "ownedBy"), links)
    systems = [ref for ref in targets(row.relations, "partOf") if ref.startswith("system:")]
    return CatalogRow(
        link=link_of(row, body),
        kind=text_at(body, "kind"),
        description=text_at(body, "metadata", "description"),
        type=text_at(body, "spec", "type"),
        lifecycle=text_at(body, "spec", "lifecycle"),
        owner=owner,
        system=first_link(systems, links),
        tags=texts_at(body, "metadata", "tags"),
        marks=marks,
    )


def first_link(refs: Sequence[str], links: Mapping[str, EntityLink]) -> EntityLink | None:
    """The link to the first ref, dangling where it is not among the existing ones."""
    return (links.get(refs[0]) or link_to(refs[0], exists=False)) if refs else None
