"""Unfresh: of which entities a scorecard has no result so far, or one from before, counted and listed.

Whether it applies to those without a result is not known before they are assessed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select, tuple_

from portal.db.bulk import among
from portal.db.catalog.entity_rows import EntityRow, by_ids
from portal.db.catalog.graph import type_ids
from portal.db.catalog.keys import storable
from portal.db.evaluation.unanswerable import Unanswered, about_all
from portal.db.insights.trends import Related
from portal.db.page import Page, number, page_of
from portal.db.tables import edges, entities, results, unanswerable, unassessed
from portal.db.work.marks import ALL_CARDS, LOOK


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfresh:
    """How many entities have no result of a scorecard, or none that is fresh."""

    before: int
    """Those that could not be assessed, and whose result of it is from before."""
    never: int
    """Those that could not be assessed, and that no scorecard has a result of."""
    waiting: int
    """Others without a result of it that wait for it to be asked about them."""


def unfresh(connection: Connection, scorecard: str, groups: Sequence[Related] = ()) -> Unfresh:
    """How many there are as of now; with groups, of the entities that are related as each says."""
    lost = select(unanswerable.c.entity_id)
    wanted = [_is_related(connection, group) for group in groups]

    def count(*conditions: ColumnElement[bool]) -> int:
        found = select(func.count()).select_from(entities).where(*conditions, *wanted)
        return connection.execute(found).scalar_one()

    return Unfresh(
        before=count(entities.c.id.in_(lost), _has_result(scorecard)),
        never=count(_is_never_answered()),
        waiting=count(_waits(scorecard), not_(_is_never_answered())),
    )


def mark_of(connection: Connection, scorecard: str) -> str:
    """What is another text where others wait for the scorecard: no state of results tells that."""
    found = select(func.count(), func.sum(unassessed.c.entity_id)).where(_concerns(scorecard))
    return "/".join(map(str, connection.execute(found).one()))


def without_result(
    connection: Connection, scorecard: str, *, after: str | None, limit: int
) -> Page[tuple[EntityRow, Unanswered | None]]:
    """The entities that have no result of the scorecard, and may get one, by name.

    Each with why it could not be assessed; None: it waits for that. Raises `QueryError` for an
    `after` that no page has given.
    """
    wanted: Select[tuple[int, str]] = select(entities.c.id, entities.c.name).where(
        or_(_is_never_answered(), _waits(scorecard))
    )
    if after:
        last, _, name = after.partition("-")
        place = (storable([name]) or [""])[0]
        wanted = wanted.where(tuple_(entities.c.name, entities.c.id) > (place, number(last)))
    ordered = wanted.order_by(entities.c.name, entities.c.id).limit(limit + 1)
    page = page_of(
        connection.execute(ordered).all(),
        limit,
        item=lambda row: int(row.id),
        place=lambda row: f"{row.id}-{row.name}",
    )
    why = about_all(connection, page.items)
    rows = tuple((row, why.get(row.id)) for row in by_ids(connection, page.items))
    return Page(items=rows, after=page.after)


def _waits(scorecard: str) -> ColumnElement[bool]:
    marked = select(unassessed.c.entity_id).where(_concerns(scorecard))
    return and_(entities.c.id.in_(marked), not_(_has_result(scorecard)))


def _concerns(scorecard: str) -> ColumnElement[bool]:
    """Of a mark: the scorecard is asked."""
    scope = unassessed.c.scope
    return or_(scope.in_([LOOK, ALL_CARDS]), scope.contains(f'"{scorecard}"', autoescape=True))


def _is_never_answered() -> ColumnElement[bool]:
    anyones = select(results.c.entity_id).where(results.c.entity_id == entities.c.id)
    return and_(entities.c.id.in_(select(unanswerable.c.entity_id)), not_(anyones.exists()))


def _has_result(scorecard: str) -> ColumnElement[bool]:
    stored = select(results.c.entity_id).where(
        results.c.entity_id == entities.c.id, results.c.scorecard == scorecard
    )
    return stored.exists()


def _is_related(connection: Connection, group: Related) -> ColumnElement[bool]:
    targets: Collection[int] = group.targets
    return entities.c.id.in_(
        select(edges.c.source_id).where(
            among(connection, edges.c.target_id, targets),
            among(connection, edges.c.type_id, list(type_ids(connection, [group.type]))),
        )
    )
