"""Deadlines: what comes to its end, or begins, by itself, with no one asking for it."""

from __future__ import annotations

from portal.db import answers, campaigns, exemptions, standings
from portal.worker.tools import Tools
from scorecards.campaigns import State


def meet(tools: Tools) -> bool:
    """End what has come to its time; returns whether entities were marked for assessment.

    A look without anything to do only reads. Several processes may look at the same time.
    """
    now = tools.now()
    with tools.database.read() as connection:
        due = exemptions.has_due(connection, now=now) or answers.has_due(connection, now=now)
    if not due:
        return False
    with tools.database.write() as connection:
        ended = exemptions.expire(connection, now=now) + answers.expire(connection, now=now)
    return ended > 0


def keep_days(tools: Tools) -> int:
    """Begin the campaigns whose day has come, and keep how entities stand in each that runs.

    Returns how many run. The last look of a day is what is kept of it.
    """
    now = tools.now()
    cards = {card.name: card for card in tools.setup.scorecards}
    with tools.database.write() as connection:
        campaigns.begin(connection, now=now)
        running = campaigns.in_states(connection, [State.ACTIVE], now=now)
        for one in running:
            if (card := cards.get(one.plan.scorecard)) is not None:
                said = standings.progress(connection, card, one.plan).total
                campaigns.keep_day(connection, one.name, now.date(), said)
    return len(running)
