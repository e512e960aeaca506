"""Refusing: expressions that turn out to be hostile are stored as such, and results say so.

While a round goes on, the others' results come first: nothing is marked. At the beginning of the next
one all entities are marked for the scorecards with such an expression, so that it is an error
everywhere, and not only where it was looked at later.
"""

from __future__ import annotations

import logging

from catalog.problems import quote
from portal.db.evaluation import quarantine
from portal.db.state import Connection
from portal.db.work import marks
from portal.version import EDITION
from portal.worker.children.retrying import MOST_OF_A_PROPOSAL, Refusals
from portal.worker.children.watching import Care
from portal.worker.tools import Tools
from scorecards.scorecard import Scorecard, is_asked_by

log = logging.getLogger(__name__)


def care_of(connection: Connection) -> Care:
    """What every task is told: what is in the quarantine."""
    return Refusals(_known(connection), pardons=quarantine.pardons(connection)).care()


def refusals_of(tools: Tools) -> Refusals:
    """What is in the quarantine; what is found besides goes there."""

    def keep(expression: str, why: str) -> None:
        log.warning("the rule `%s` %s", quote(expression), why)
        with tools.database.write() as connection:
            quarantine.put(connection, expression, why, edition=EDITION, now=tools.now())

    with tools.database.read() as connection:
        return Refusals(
            _known(connection),
            pardons=quarantine.pardons(connection),
            keep=keep,
            cards=tools.setup.scorecards,
        )


def refusals_for(connection: Connection, proposal: Scorecard) -> Refusals:
    """What is in the quarantine; what is found besides, of a proposed scorecard, is not kept."""
    return Refusals(
        _known(connection),
        pardons=quarantine.pardons(connection),
        cards=[proposal],
        most=MOST_OF_A_PROPOSAL,
    )


def _known(connection: Connection) -> dict[str, str]:
    return quarantine.refused(connection, EDITION)


def spread(tools: Tools) -> None:
    """Mark whomever an expression concerns that was refused meanwhile."""
    with tools.database.read() as connection:
        if not quarantine.unspread(connection, EDITION):
            return
    with tools.database.write() as connection:
        found = quarantine.unspread(connection, EDITION)
        cards = {c.name for c in tools.setup.scorecards if any(is_asked_by(c, e) for e in found)}
        if cards:
            marks.mark_all(connection, cards)
        quarantine.spread(connection, found, EDITION)
