"""Turning: checks whose day has come make results anew, though nobody changed anything.

A preview counts from a day on, and a retiring check goes after one. Results say whether each check
counted, so that they are only right until then. A rule that looks at `now` may say something else at
any time; when, only asking it would tell, so that it is asked every day.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC

from portal.db import values
from portal.db.work import marks
from portal.worker.tools import Tools
from scorecards.lifecycle import ACTIVE, stage
from scorecards.scorecard import expressions, observations

STAGES = "stages"
"""Key of the stored value that says in which stages the checks were when all was last marked."""

_NOW = re.compile(r"\bnow\b")


def mark_turned(tools: Tools) -> bool:
    """Mark every entity where a check is in another stage than at the last look, or asks for the day.

    Scorecards whose checks have such days are asked, of what is stored. Days are of UTC.
    """
    now = tools.now()
    dated = [
        (card.name, f"{check.id} {stage(check.lifecycle, now)}")
        for card in tools.setup.scorecards
        for check in card.checks
        if check.lifecycle != ACTIVE
    ] + [
        (card.name, f"now {now.astimezone(UTC).date()}")
        for card in tools.setup.scorecards
        if any(_NOW.search(text) for text in (*expressions(card), *observations(card)))
    ]
    found = hashlib.sha256("\n".join(map(" ".join, dated)).encode()).hexdigest()
    with tools.database.read() as connection:
        if values.get(connection, STAGES) == found:
            return False
    with tools.database.write() as connection:
        first = values.get(connection, STAGES) is None
        values.put(connection, STAGES, found)
        if dated and not first:
            marks.mark_all(connection, {card for card, _ in dated})
    return not first
