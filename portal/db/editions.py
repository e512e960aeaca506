"""Editions: with which collectors and scorecards all was assessed, and whom another one concerns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import Connection

from portal.db import marks, values
from scorecards.scorecard import Scorecard

COLLECTED = "collected_with"
"""Key of the stored value that says what all facts were collected with."""

ASSESSED = "assessed_with"
"""Key of the stored value that has the versions of the scorecards that were asked, by name."""


def mark_changed(
    connection: Connection, *, scorecards: Iterable[Scorecard], observed: Sequence[str]
) -> None:
    """Mark every entity where anything is another one than the last time.

    `observed` is all that facts depend on, in words. Where nothing but scorecards changed, facts
    hold, and the changed scorecards alone are asked.
    """
    edition = hashlib.sha256("\n".join(observed).encode()).hexdigest()
    versions = {card.name: card.version for card in scorecards}
    before = orjson.loads(values.get(connection, ASSESSED) or "{}")
    changed = {
        name for name in versions.keys() | before.keys() if versions.get(name) != before.get(name)
    }
    if values.get(connection, COLLECTED) != edition:
        marks.mark_all(connection)
    elif changed:
        marks.mark_all(connection, changed)
    values.put(connection, COLLECTED, edition)
    values.put(connection, ASSESSED, orjson.dumps(versions, option=orjson.OPT_SORT_KEYS).decode())
