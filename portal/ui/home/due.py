"""Due: until when active campaigns want checks of these services to pass."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from catalog.queries.query import All, EntityQuery, Filter, parse_filters
from portal.db.catalog import entities
from portal.db.people import campaigns
from portal.db.state import Connection
from portal.ui.models.home.attention import Due, Dues
from portal.ui.models.people.burn_down import midnight
from portal.wiring import Portal
from scorecards.people.campaigns import Plan, State, goal_indexes


def dues_of(
    portal: Portal, connection: Connection, owned: Filter, refs: Sequence[str], *, most: int
) -> Dues:
    """For each check of a service that an active campaign asks for, the first day it is due.

    `refs` are the first `most` entities that `owned` matches. One whose day has passed is still due.
    """
    cards = portal.cards
    found: dict[tuple[str, str, str], Due] = {}
    # One whose day has come is active, whether that was written down or not.
    stored = [State.PLANNED, State.ACTIVE]
    for one in campaigns.in_states(connection, stored, now=portal.now()):
        card = cards.get(one.plan.scorecard)
        if card is None or one.state is not State.ACTIVE:
            continue
        due = Due(on=midnight(one.plan.target_on), name=one.name, title=one.plan.title)
        concerned = _concerned(connection, one.plan, owned, refs, most)
        for check in (card.checks[n].id for n in goal_indexes(one.plan.goal, card)):
            for ref in concerned:
                key = (ref, card.name, check)
                found[key] = min(found.get(key, due), due, key=lambda due: due.on)
    return found


def _concerned(
    connection: Connection, plan: Plan, owned: Filter, refs: Sequence[str], most: int
) -> Collection[str]:
    """Which of the services a campaign is about."""
    tree = parse_filters([plan.filter])
    if tree is None:
        return refs
    query = EntityQuery(filter=All(parts=(owned, tree)), limit=most, count=False)
    return {row.ref for row in entities.by_query(connection, query).items}
