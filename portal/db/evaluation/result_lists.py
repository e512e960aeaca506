"""Results of many entities: summaries, rates, and lists to look at. Evidence is never read here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, or_, select, tuple_

from portal.db.bulk import among
from portal.db.catalog.entity_rows import EntityRow, by_ids
from portal.db.catalog.keys import storable
from portal.db.engine import time_of
from portal.db.evaluation.result_patterns import owned_by
from portal.db.page import Page, number, page_of
from portal.db.tables import entities, results
from scorecards.insights.rollup import letters_by_check

COLUMNS = (
    results.c.entity_id,
    results.c.scorecard,
    results.c.version,
    results.c.proven,
    results.c.possible,
    results.c.passes,
    results.c.fails,
    results.c.unknowns,
    results.c.outcomes,
    results.c.evaluated_at,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A scorecard's result for an entity in numbers."""

    scorecard: str
    version: str
    """Digest of the definition it was made with."""
    proven: int
    """Index of a level."""
    possible: int
    passes: int
    fails: int
    unknowns: int
    """Unknown outcomes and errors: what is not known either way."""
    outcomes: str
    """One of `scorecards.results.LETTERS` for each check, in order."""
    evaluated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """How many entities are on each level of a scorecard, by index of the level."""

    proven: tuple[int, ...]
    possible: tuple[int, ...]
    total: int


def summaries(
    connection: Connection, entity_ids: Collection[int]
) -> dict[int, tuple[Summary, ...]]:
    """For each of these entities its results by scorecard; an entity without any is not there."""
    found = (
        select(*COLUMNS)
        .where(among(connection, results.c.entity_id, entity_ids))
        .order_by(results.c.entity_id, results.c.scorecard)
    )
    gathered: dict[int, tuple[Summary, ...]] = {}
    for row in connection.execute(found):
        gathered[row.entity_id] = (*gathered.get(row.entity_id, ()), _summary(row))
    return gathered


def distribution(connection: Connection, scorecard: str, levels: int) -> Distribution:
    """Entities on each of the scorecard's levels; one beyond the last counts as on the last."""
    # A condition for each level takes half the time of a GROUP BY, which would sort.
    on_level = [
        func.count().filter(column == level)
        for column in (results.c.proven, results.c.possible)
        for level in range(levels - 1)
    ]
    found = select(func.count(), *on_level).where(results.c.scorecard == scorecard)
    total, *counts = connection.execute(found).one()
    proven, possible = counts[: levels - 1], counts[levels - 1 :]
    return Distribution(
        proven=(*proven, total - sum(proven)),
        possible=(*possible, total - sum(possible)),
        total=total,
    )


def check_counts(
    connection: Connection, scorecard: str, checks: int, *, owners: Sequence[str] = ()
) -> tuple[Mapping[str, int], ...]:
    """For each of the scorecard's checks, how many entities have each outcome, by letter.

    Of the entities of these owners (canonical refs; none: of anyone). Results made with another
    number of checks are left out: the next assessment replaces them.
    """
    found = select(func.aggregate_strings(results.c.outcomes, "")).where(
        results.c.scorecard == scorecard, func.length(results.c.outcomes) == checks
    )
    if owners:
        found = found.where(owned_by(connection, owners))
    return letters_by_check(connection.execute(found).scalar_one() or "", checks)


def entities_of(
    connection: Connection,
    scorecard: str,
    *,
    level: int | None = None,
    check: int | None = None,
    letter: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[tuple[EntityRow, Summary]]:
    """The entities with a result of this scorecard, by name, for which all that is given holds.

    `level` is the index of the proven level; `check` (index from 0) has the outcome `letter`.
    Raises `QueryError` for an `after` that no page has given.
    """
    wanted = [results.c.scorecard == scorecard]
    if level is not None:
        wanted.append(results.c.proven == level)
    if check is not None and letter is not None:
        wanted.append(func.substr(results.c.outcomes, check + 1, 1) == letter)
    if len(wanted) == 1:  # most entities have a result: walk them by name
        having: ColumnElement[bool] = exists().where(results.c.entity_id == entities.c.id, *wanted)
    else:
        having = entities.c.id.in_(select(results.c.entity_id).where(*wanted))
    found = select(entities.c.id, entities.c.name).where(having)
    if after:
        last, _, name = after.partition("-")
        place = (storable([name]) or [""])[0]
        found = found.where(tuple_(entities.c.name, entities.c.id) > (place, number(last)))
    rows = connection.execute(found.order_by(entities.c.name, entities.c.id).limit(limit + 1)).all()
    page = page_of(
        rows, limit, item=lambda row: int(row.id), place=lambda row: f"{row.id}-{row.name}"
    )
    return Page(items=_with_entities(connection, scorecard, page.items), after=page.after)


def attention(
    connection: Connection, owners: Sequence[str], scorecard: str, limit: int
) -> list[tuple[EntityRow, Summary]]:
    """Entities of these owners (canonical refs; none: of anyone) that a check does not pass.

    The most failing checks first, then the most unknown ones.
    """
    found = select(results.c.entity_id).where(
        results.c.scorecard == scorecard, or_(results.c.fails > 0, results.c.unknowns > 0)
    )
    if owners:
        found = found.where(owned_by(connection, owners))
    worst = (results.c.fails.desc(), results.c.unknowns.desc(), results.c.entity_id)
    ids = connection.execute(found.order_by(*worst).limit(limit)).scalars().all()
    return list(_with_entities(connection, scorecard, ids))


def _with_entities(
    connection: Connection, scorecard: str, ids: Sequence[int]
) -> tuple[tuple[EntityRow, Summary], ...]:
    """The entities with their summaries of one scorecard, in the order of `ids`."""
    found = select(*COLUMNS).where(
        results.c.scorecard == scorecard, among(connection, results.c.entity_id, ids)
    )
    numbers = {row.entity_id: _summary(row) for row in connection.execute(found)}
    return tuple((row, numbers[row.id]) for row in by_ids(connection, ids) if row.id in numbers)


def _summary(row: Row[*tuple[Any, ...]]) -> Summary:
    return Summary(
        scorecard=row.scorecard,
        version=row.version,
        proven=row.proven,
        possible=row.possible,
        passes=row.passes,
        fails=row.fails,
        unknowns=row.unknowns,
        outcomes=row.outcomes,
        evaluated_at=time_of(row.evaluated_at),
    )
