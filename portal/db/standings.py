"""Standings: how the entities of a campaign stand, counted by the database from stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from catalog.query import parse_filters
from portal.db.filters import ask
from portal.db.tables import edges, entities, refs, relation_types, results
from scorecards.campaigns import Plan, Tally, goal_indexes, standing
from scorecards.scorecard import Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How a campaign's entities stand at present."""

    total: Tally
    by_owner: Mapping[str, Tally]
    """By ref, sorted; '' for what nobody owns. What two own counts for both."""


def progress(connection: Connection, card: Scorecard, plan: Plan) -> Progress:
    """How the entities stand that the plan is about.

    Results that were made with another number of checks are left out until they are made anew.
    """
    indexes = goal_indexes(plan.goal, card)
    wanted = [results.c.scorecard == card.name, func.length(results.c.outcomes) == len(card.checks)]
    if (tree := parse_filters([plan.filter])) is not None:
        matching = select(entities.c.id).where(ask(connection, tree).condition())
        wanted.append(results.c.entity_id.in_(matching))
    return Progress(
        total=_total(connection, wanted, indexes),
        by_owner=_by_owner(connection, wanted, indexes),
    )


def _total(
    connection: Connection, wanted: Sequence[ColumnElement[bool]], indexes: Sequence[int]
) -> Tally:
    alike = select(results.c.outcomes, func.count()).where(*wanted).group_by(results.c.outcomes)
    found = Tally()
    for letters, n in connection.execute(alike):
        found += Tally(**{standing(letters, indexes).value: n})
    return found


def _by_owner(
    connection: Connection, wanted: Sequence[ColumnElement[bool]], indexes: Sequence[int]
) -> Mapping[str, Tally]:
    owned = (
        select(edges.c.source_id, refs.c.ref)
        .join(refs, refs.c.id == edges.c.target_id)
        .join(relation_types, relation_types.c.id == edges.c.type_id)
        .where(relation_types.c.name == "ownedBy")
        .distinct()
        .subquery()
    )
    alike = (
        select(owned.c.ref, results.c.outcomes, func.count())
        .select_from(results)
        .outerjoin(owned, owned.c.source_id == results.c.entity_id)
        .where(*wanted)
        .group_by(owned.c.ref, results.c.outcomes)
    )
    found: dict[str, Tally] = {}
    for owner, letters, n in connection.execute(alike):
        one = Tally(**{standing(letters, indexes).value: n})
        found[owner or ""] = found.get(owner or "", Tally()) + one
    return dict(sorted(found.items()))
