"""Deadlines: what comes to its end, or begins, by itself, with no one asking for it."""

from __future__ import annotations

from portal.db.evaluation import held_passes
from portal.db.people import answers, campaigns, exemptions, standings
from portal.worker.assessment.turning import mark_turned
from portal.worker.tools import Tools
from scorecards.people.campaigns import State


def meet(tools: Tools) -> bool:
    """End what has come to its time; returns whether entities were marked for assessment.

    A look without anything to do only reads. Several processes may look at the same time.
    """
    now = tools.now()
    with tools.database.read() as connection:
        due = (
            exemptions.has_due(connection, now=now)
            or answers.has_due(connection, now=now)
            or held_passes.has_due(connection, now)
            or campaigns.has_due(connection, now=now)
        )
    turned = mark_turned(tools)
    if not due:
        return turned
    with tools.database.write() as connection:
        ended = exemptions.expire(connection, now=now) + answers.expire(connection, now=now)
        ended += held_passes.mark_due(connection, now)
        campaigns.begin(connection, now=now)
    return turned or ended > 0


def keep_days(tools: Tools) -> int:
    """Keep how entities stand in each campaign that runs.

    Returns how many run. The last look of a day is what is kept of it.
    """
    now = tools.now()
    cards = {card.name: card for card in tools.setup.scorecards}
    with tools.database.write() as connection:
        running = campaigns.in_states(connection, [State.ACTIVE], now=now)
        for one in running:
            if (card := cards.get(one.plan.scorecard)) is not None:
                said = standings.progress(connection, card, one.plan).total
                campaigns.keep_day(connection, one.name, now.date(), said)
    return len(running)
