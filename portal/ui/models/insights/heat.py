"""The heat map: groups by scorecard, with the pass rate, and all that it is a rate of, in each cell.

One hue from light to dark, never green to red; a cell where nothing passes or fails is hatched, and
one without any entity is empty. The cells are those of a table, so there is none beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.db.insights.rollups import By, Overview
from portal.ui.models.charts.shares import Tally, tally
from portal.ui.models.levels import DARKEST
from portal.ui.models.links import EntityLink, kind_label, link_to
from portal.ui.models.looks import plural
from portal.ui.models.paging import Params
from scorecards.insights.rollup import Tallied

FEW = 5
"""Entities: a rate of fewer is marked, since one of them moves it far."""

GROUPINGS = {
    By.OWNER: "Group",
    By.SYSTEM: "System",
    By.DOMAIN: "Domain",
    By.TYPE: "Type",
    By.LIFECYCLE: "Lifecycle",
}
"""What the rows can be, by the value in the URL."""

OF_ENTITIES = frozenset({By.OWNER, By.SYSTEM, By.DOMAIN})
"""Groupings whose rows are entities themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatCell:
    """One group on one scorecard."""

    entities: int
    tally: Tally

    @property
    def shade(self) -> int | None:
        """Index of the color, 0 for nothing passed to 5 for all; None: there is no rate."""
        rate = self.tally.rate
        return None if rate is None else round(DARKEST * rate)

    @property
    def few(self) -> bool:
        """Whether the rate is of so few entities that one of them moves it far."""
        return 0 < self.entities < FEW

    @property
    def words(self) -> str:
        """The whole cell in a sentence."""
        t = self.tally
        counted = [
            f"{t.passes:,} passed",
            f"{t.fails:,} failed",
            f"{t.unknown + t.errors:,} without data",
            f"{t.exempt:,} exempt",
        ]
        return f"{plural(self.entities, 'entity', 'entities')}; checks: {', '.join(counted)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatRow:
    """One group on every scorecard."""

    title: str
    link: EntityLink | None
    """None: it is no entity."""
    params: Params | None
    """Of the catalog page that lists what it counts; None: no page can."""
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatTable:
    """What is known of every group, before any page of it is shown."""

    keys: tuple[str, ...]
    """The groups, the largest first."""
    scorecards: tuple[Overview, ...]
    """The columns."""


def heat_table(scorecards: Sequence[Overview]) -> HeatTable:
    """The overviews of several scorecards by the same thing, side by side."""
    groups = [one.groups for one in scorecards]
    keys = {key for found in groups for key in found}

    def size(key: str) -> int:
        return max(found[key].total for found in groups if key in found)

    return HeatTable(
        keys=tuple(sorted(keys, key=lambda key: (-size(key), key))),
        scorecards=tuple(scorecards),
    )


def heat_row(table: HeatTable, by: By, key: str, links: Mapping[str, EntityLink]) -> HeatRow:
    """The row of a group; `links` are those of the entities that exist."""
    link = None
    if by in OF_ENTITIES:
        link = links.get(key) or link_to(key, exists=False)
    return HeatRow(
        title=link.title if link else kind_label(key) if by is By.KIND else key,
        link=link,
        params=catalog_params(by, key),
        cells=tuple(_cell(one.groups.get(key)) for one in table.scorecards),
    )


def rest_row(table: HeatTable) -> HeatRow | None:
    """The row of what is in no group; None: everything is in one."""
    if not any(one.rest.total for one in table.scorecards):
        return None
    cells = tuple(_cell(one.rest) for one in table.scorecards)
    return HeatRow(title="In none", link=None, params=None, cells=cells)


def every_row(table: HeatTable) -> HeatRow:
    """The row of everything."""
    wholes = [one.whole for one in table.scorecards]
    cells = tuple(_cell(Tallied(total=one.total, letters=one.letters)) for one in wholes)
    return HeatRow(title="Everything", link=None, params={"kind": "all"}, cells=cells)


def catalog_params(by: By, key: str) -> Params:
    """The parameters of the catalog page that lists what a group counts."""
    match by:
        case By.OWNER | By.DOMAIN:
            return {"kind": "all", "within": key}
        case _:
            return {"kind": "all", by.value: key}


def _cell(group: Tallied | None) -> HeatCell:
    if group is None:
        return HeatCell(entities=0, tally=tally({}))
    return HeatCell(entities=group.total, tally=tally(group.letters))
