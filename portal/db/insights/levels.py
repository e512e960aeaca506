"""Levels: what stands where on a scorecard, as a part of a filter, and how much that is.

Counted from the covering index `results_in_numbers`, which has no evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, not_, select

from catalog.queries.query import All, AnyOf, Equals, Filter, Has, Not
from portal.db.catalog.filters import Way
from portal.db.catalog.keys import LEVEL
from portal.db.catalog.questions import Question, ask
from portal.db.tables import entities, results
from scorecards.scorecard import Scorecard

MOST_LEVELS = 10
"""Of a scorecard (`scorecards/scorecard.schema.json`)."""


NOT_ASSESSED = "not-assessed"
"""As the name of a level: for what has no result."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OnLevels:
    """How many entities are on each level of a scorecard."""

    proven: tuple[int, ...]
    """By index of the level; one beyond the last counts as on the last."""
    unassessed: int
    """Without a result: the scorecard does not apply, or has not looked yet."""


def on_levels(scorecard: str, levels: int, chosen: Collection[int | None]) -> Filter:
    """The filter for what is proven to be on one of the chosen levels; None: for what has no result.

    `levels` is how many the scorecard has.
    """
    last = levels - 1
    ranks = {n for n in chosen if n is not None}
    if last in ranks:
        ranks.update(range(last, MOST_LEVELS))
    key = LEVEL + scorecard
    there = Equals(key=key, values=tuple(map(str, sorted(ranks))))
    if None not in chosen:
        return there
    return AnyOf(parts=(there, Not(part=Has(key=key)))) if ranks else Not(part=Has(key=key))


def on_named(scorecard: Scorecard, names: Collection[str]) -> Filter:
    """The same for levels by their names in lower case, and `NOT_ASSESSED`; nothing has another one."""
    ranks: set[int | None] = {
        rank for rank, level in enumerate(scorecard.levels) if level.name.lower() in names
    }
    if NOT_ASSESSED in names:
        ranks.add(None)
    return on_levels(scorecard.name, len(scorecard.levels), ranks)


def follows_results(tree: Filter | None) -> bool:
    """Whether what matches is another thing when results change."""
    match tree:
        case None:
            return False
        case All(parts=parts) | AnyOf(parts=parts):
            return any(map(follows_results, parts))
        case Not(part=part):
            return follows_results(part)
    return tree.key.startswith(LEVEL)


def level_counts(
    connection: Connection,
    scorecards: Mapping[str, int],
    tree: Filter | None,
    *,
    total: int | None = None,
) -> dict[str, OnLevels]:
    """For each of these scorecards, with how many levels it has, where what matches stands on it.

    `total` is how many match, where that is known already.
    """
    asked, levels = ask(connection, tree), max(scorecards.values(), default=1)
    everything = ask(connection, None).exact or 0
    total = _total(connection, asked) if total is None else total
    if total == everything:
        counted = _counted(connection, scorecards, levels)
    elif asked.exact is not None and 2 * total > everything:
        # A kind that most are of: the others are few, and are looked up one by one.
        others = _counted(
            connection, scorecards, levels, entities_that=not_(asked.condition()), few=True
        )
        none = (0,) * (levels + 1)
        counted = {
            name: tuple(a - b for a, b in zip(all_, others.get(name, none), strict=True))
            for name, all_ in _counted(connection, scorecards, levels).items()
        }
    else:
        few = asked.way is Way.FEW
        condition = asked.condition(Way.FEW if few else Way.SETS)
        counted = _counted(connection, scorecards, levels, entities_that=condition, few=few)
    return {
        name: _on_levels(counted.get(name, ()), most, total) for name, most in scorecards.items()
    }


def _total(connection: Connection, asked: Question) -> int:
    if asked.exact is not None:
        return asked.exact
    way = Way.FEW if asked.way is Way.FEW else Way.SETS
    found = select(func.count()).select_from(entities).where(asked.condition(way))
    return connection.execute(found).scalar_one()


def _counted(
    connection: Connection,
    scorecards: Collection[str],
    levels: int,
    *,
    entities_that: ColumnElement[bool] | None = None,
    few: bool = False,
) -> dict[str, tuple[int, ...]]:
    """By each of these scorecards how many results there are, and how many on each of so many levels."""
    on = (func.count().filter(results.c.proven == level) for level in range(levels))
    found = (
        select(results.c.scorecard, func.count(), *on)
        .where(results.c.scorecard.in_(scorecards))
        .group_by(results.c.scorecard)
    )
    if entities_that is not None:
        matching = select(entities.c.id).where(entities_that)
        # An expression is not found in an index: where many match, all results are walked instead.
        one = results.c.entity_id if few else results.c.entity_id + 0
        found = found.where(one.in_(matching))
    return {name: tuple(counts) for name, *counts in connection.execute(found)}


def _on_levels(counted: Sequence[int], levels: int, total: int) -> OnLevels:
    assessed, *proven = counted or (0, *(0 for _ in range(levels)))
    below = proven[: levels - 1]
    return OnLevels(proven=(*below, assessed - sum(below)), unassessed=total - assessed)
