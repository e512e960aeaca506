"""Ownership and risk: what nobody answers for, and what others rely on although it is to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.query import All, AnyOf, Equals, Filter, Has, HasPrefix, Not
from portal.db.entities import EntityRow
from portal.ui.models.catalog import catalog_row, targets
from portal.ui.models.links import EntityLink
from portal.ui.models.looks import plural
from portal.ui.models.paging import Pager

OWNED_KINDS = ("component", "api", "resource", "system", "domain", "template")
"""Kinds of which somebody has to be the owner."""
NEEDED_BY = ("dependencyOf", "apiConsumedBy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Risk:
    """Something that may go wrong, and how the entities are found for which it may."""

    title: str
    why: str
    """Why it matters, and what to do."""
    filter: Filter


def risks(gone: Sequence[str]) -> Mapping[str, Risk]:
    """The risks by the word in the URL; `gone` are owners that are named and not in the catalog."""
    owned = Equals(key="kind", values=OWNED_KINDS)
    return {
        "unowned": Risk(
            title="Nobody owns it",
            why="Whoever finds a fault has nobody to tell. Name a group under `spec.owner`.",
            filter=All(parts=(owned, Not(part=Has(key="relations.ownedby")))),
        ),
        "gone": Risk(
            title="Its owner is not in the catalog",
            why="A team that was renamed or dissolved owns nothing. Name the one that took it over.",
            filter=Equals(key="relations.ownedby", values=tuple(gone)),
        ),
        "person": Risk(
            title="One person owns it",
            why="It is left alone when they are. Name the group that they work in.",
            filter=All(parts=(owned, HasPrefix(key="relations.ownedby", prefix="user:"))),
        ),
        "empty": Risk(
            title="A team without members owns something",
            why="Nobody is told of what fails. Name the members, or give what it owns to others.",
            filter=All(
                parts=(
                    Equals(key="kind", values=("group",)),
                    Has(key="relations.ownerof"),
                    Not(part=Has(key="relations.hasmember")),
                )
            ),
        ),
        "deprecated": Risk(
            title="It is deprecated, and others need it",
            why="It cannot go before they do without it. Tell them until when, and what to use.",
            filter=All(
                parts=(
                    Equals(key="spec.lifecycle", values=("deprecated",)),
                    AnyOf(parts=tuple(Has(key=f"relations.{one.lower()}") for one in NEEDED_BY)),
                )
            ),
        ),
        "orphan": Risk(
            title="No file declares it any more",
            why="Nobody keeps it up. Remove it, or declare it where its code is.",
            filter=Equals(key="metadata.annotations.backstage.io/orphan", values=("true",)),
        ),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskLine:
    """A risk with how many entities it concerns."""

    name: str
    risk: Risk
    count: int
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskRow:
    """An entity of the chosen risk."""

    link: EntityLink
    kind: str
    lifecycle: str
    owner: EntityLink | None
    more: str
    """What makes it worse, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskPage:
    """Everything that the page shows."""

    lines: tuple[RiskLine, ...]
    chosen: RiskLine
    rows: tuple[RiskRow, ...]
    pager: Pager


def risk_row(row: EntityRow, links: Mapping[str, EntityLink]) -> RiskRow:
    """The row of an entity; `links` has the owners that exist."""
    shown = catalog_row(row, links, {})
    kinds = [f"{shown.kind}: {shown.type}" if shown.type else shown.kind]
    return RiskRow(
        link=shown.link,
        kind=kinds[0],
        lifecycle=shown.lifecycle,
        owner=shown.owner,
        more=_more(row),
    )


def _more(row: EntityRow) -> str:
    needed = sum(len(targets(row.relations, kind)) for kind in NEEDED_BY)
    owns = len(targets(row.relations, "ownerOf"))
    said = [f"{plural(needed, 'entity', 'entities')} need it"] if needed > 1 else []
    said += ["1 entity needs it"] if needed == 1 else []
    said += [f"owns {plural(owns, 'entity', 'entities')}"] if owns else []
    return ", ".join(said)
