"""The page of ownership and risk: the risks with their numbers, and the entities of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.db.catalog.entities import EntityRow
from portal.ui.models.catalog.listing import catalog_row, targets
from portal.ui.models.links import EntityLink
from portal.ui.models.looks import plural
from portal.ui.models.paging import Pager
from portal.use_cases.risks import NEEDED_BY, Count, Risk


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskLine:
    """A risk with how many entities it concerns."""

    name: str
    risk: Risk
    count: Count | None
    """None: it is of no team."""

    @property
    def concerned(self) -> int:
        """How many entities it concerns."""
        return self.count.concerned if self.count else 0


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
    same: str
    """Address of the same below that of the API."""
    same_csv: str


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
