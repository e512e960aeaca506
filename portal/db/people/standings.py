"""Standings: how the entities of a campaign stand, or stood, counted from stored results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from catalog.queries.query import parse_filters
from portal.db.bulk import pick
from portal.db.catalog.questions import ask
from portal.db.changes.instants import seq_at
from portal.db.insights.past_matching import matching_at
from portal.db.insights.rollups import MARKED, OWNED, as_texts, targets
from portal.db.insights.trends import Related, stands_at
from portal.db.tables import entities, refs, results
from scorecards.people.campaigns import Plan, Tally, goal_indexes, standing, tally
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
    ids, outcomes = as_texts(connection, select(results.c.entity_id, MARKED).where(*wanted))
    said = {letters: standing(letters, indexes) for letters in set(outcomes)}
    owners = targets(connection, OWNED)
    alike = Counter(
        zip(map(owners.get, map(int, ids)), map(said.__getitem__, outcomes), strict=True)
    )
    found = [(of, Tally(**{one.value: n})) for (of, one), n in alike.items()]
    return Progress(
        total=sum((counted for _, counted in found), Tally()),
        by_owner=_by_owner(connection, found),
    )


def tally_at(
    connection: Connection, card: Scorecard, plan: Plan, owners: Collection[int], instant: datetime
) -> Tally:
    """How the entities stood at an instant that the plan is about and that one of the owners owned then.

    `owners` are ids of refs. The goal is that of today's definition, by the ids of its checks. Raises
    `NotKept`.
    """
    stood = stands_at(connection, card.name, instant, Related(type=OWNED, targets=owners))
    if (tree := parse_filters([plan.filter])) is not None:
        good = matching_at(connection, stood.keys(), tree, seq_at(connection, instant))
        stood = {number: stand for number, stand in stood.items() if number in good}
    goal = {card.checks[place].id for place in goal_indexes(plan.goal, card)}
    return tally(
        standing("".join(said.values()), [n for n, check in enumerate(said) if check in goal])
        for said in (stand.outcomes for stand in stood.values())
    )


def _by_owner(
    connection: Connection, found: Sequence[tuple[Sequence[int] | None, Tally]]
) -> Mapping[str, Tally]:
    every = {number for of, _ in found for number in of or ()}
    name = {row.id: row.ref for row in pick(connection, (refs.c.id, refs.c.ref), refs.c.id, every)}
    tallies: dict[str, Tally] = {}
    for of, counted in found:
        for owner in [name[number] for number in of] if of else [""]:
            tallies[owner] = tallies.get(owner, Tally()) + counted
    return dict(sorted(tallies.items()))
