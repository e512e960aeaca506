"""Spending: how much of the budgets for exemptions is used, and what one more would add."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from portal.db.bulk import among
from portal.db.people.exemptions import active, covered
from portal.db.tables import edges, refs, relation_types, results
from scorecards.people.exempting import Spending
from scorecards.people.exemptions import Budget, Exemption, Policy

_UNLIMITED = Budget()


def spendings(
    connection: Connection, exemption: Exemption, policy: Policy, *, now: datetime
) -> tuple[Spending, ...]:
    """What approving an exemption would come to, for its scorecard and each owner it concerns."""
    if policy.per_scorecard == policy.per_owner == _UNLIMITED:
        return ()
    added = covered(connection, exemption.scope)
    holding = [
        (one.scope.scorecard, covered(connection, one.scope))
        for one in active(connection, now=now)
        if one.id != exemption.id
    ]
    found = []
    if policy.per_scorecard != _UNLIMITED:
        card = exemption.scope.scorecard
        population = select(func.count()).where(results.c.scorecard == card)
        found.append(
            Spending(
                whose=card,
                budget=policy.per_scorecard,
                used=sum(len(ids) for name, ids in holding if name == card),
                added=len(added),
                population=connection.execute(population).scalar_one(),
            )
        )
    if policy.per_owner != _UNLIMITED:
        found += _of_owners(connection, policy.per_owner, [ids for _, ids in holding], added)
    return tuple(found)


def _of_owners(
    connection: Connection, budget: Budget, holding: list[list[int]], added: list[int]
) -> list[Spending]:
    owners = owners_of(connection, {*added, *(number for ids in holding for number in ids)})
    used = Counter(owner for ids in holding for n in ids for owner in owners.get(n, ()))
    more = Counter(owner for n in added for owner in owners.get(n, ()))
    populations = _populations(connection, sorted(more))
    return [
        Spending(
            whose=owner,
            budget=budget,
            used=used[owner],
            added=count,
            population=populations.get(owner, 0),
        )
        for owner, count in sorted(more.items())
    ]


def owners_of(connection: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The refs of the owners of each of these entities, sorted; without any it is not there."""
    found = (
        select(edges.c.source_id, refs.c.ref)
        .join(refs, refs.c.id == edges.c.target_id)
        .join(relation_types, relation_types.c.id == edges.c.type_id)
        .where(relation_types.c.name == "ownedBy", among(connection, edges.c.source_id, ids))
        .distinct()
        .order_by(edges.c.source_id, refs.c.ref)
    )
    owners: dict[int, tuple[str, ...]] = {}
    for entity, owner in connection.execute(found):
        owners[entity] = (*owners.get(entity, ()), owner)
    return owners


def _populations(connection: Connection, owners: list[str]) -> dict[str, int]:
    """How many entities with a result each of the owners has."""
    counted = (
        select(refs.c.ref, func.count(edges.c.source_id.distinct()))
        .join(refs, refs.c.id == edges.c.target_id)
        .join(relation_types, relation_types.c.id == edges.c.type_id)
        .where(
            relation_types.c.name == "ownedBy",
            among(connection, refs.c.ref, owners),
            edges.c.source_id.in_(select(results.c.entity_id)),
        )
        .group_by(refs.c.ref)
    )
    return {row[0]: row[1] for row in connection.execute(counted)}
