"""Rules that are not run any more: what people are told of them, and letting them run again."""

from __future__ import annotations

from catalog.problems import Problem
from portal.db.evaluation import quarantine
from portal.db.state import Connection
from portal.db.work import marks
from portal.version import EDITION
from portal.wiring import Portal
from scorecards.evaluation.stopping import stopped
from scorecards.scorecard import Scorecard, expressions, is_asked_by, observations


def stopped_rules(portal: Portal, connection: Connection) -> tuple[Problem, ...]:
    """A problem for each, at its place in its scorecard's file."""
    return stopped(portal.scorecards, quarantine.refused(connection, EDITION))


def pardon(portal: Portal, connection: Connection, card: Scorecard) -> list[str]:
    """Let the expressions of a scorecard run again, and mark whom they concern; returns which.

    The connection is in a write transaction.
    """
    of_card = {*expressions(card), *observations(card)}
    pardoned = quarantine.pardon(connection, sorted(of_card), EDITION)
    if pardoned:
        asking = {c.name for c in portal.scorecards if any(is_asked_by(c, e) for e in pardoned)}
        marks.mark_all(connection, asking)
    return pardoned
