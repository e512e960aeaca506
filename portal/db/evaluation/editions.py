"""Editions: with which collectors and scorecards all was assessed, and whom another one concerns."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

import orjson
from sqlalchemy import Connection

from portal.db import values
from portal.db.collection import facts
from portal.db.work import marks
from scorecards.definitions.level_facts import collector_of, level_fact, told
from scorecards.scorecard import Scorecard

COLLECTED = "collected_with"
"""Key of the stored value that says what all facts were collected with."""

ASSESSED = "assessed_with"
"""Key of the stored value that has the versions of the scorecards that were asked, by name."""

TELLING = "+level"
"""Follows the version of a scorecard whose level is kept as a fact."""


def mark_changed(
    connection: Connection,
    *,
    scorecards: Sequence[Scorecard],
    readers: Mapping[str, frozenset[str]],
    observed: Sequence[str],
) -> None:
    """Mark every entity where anything is another one than the last time.

    `observed` is all that facts depend on, in words. Where nothing but scorecards changed, facts hold,
    and the changed scorecards alone are asked. `readers` are the scorecards that look at each fact: one
    whose level is newly looked at is asked again, so that it says its level; what one said that does
    so no more is forgotten.
    """
    edition = hashlib.sha256("\n".join(observed).encode()).hexdigest()
    telling = {card.name for card in told(scorecards, readers)}
    versions = {
        card.name: _edition(card) + (TELLING if card.name in telling else "") for card in scorecards
    }
    before = orjson.loads(values.get(connection, ASSESSED) or "{}")
    changed = {
        name for name in versions.keys() | before.keys() if versions.get(name) != before.get(name)
    }
    if values.get(connection, COLLECTED) != edition:
        marks.mark_all(connection)
    elif changed:
        marks.mark_all(connection, changed)
    _forget_levels(
        connection, {name for name in before if before[name].endswith(TELLING)} - telling, readers
    )
    values.put(connection, COLLECTED, edition)
    values.put(connection, ASSESSED, orjson.dumps(versions, option=orjson.OPT_SORT_KEYS).decode())


def _edition(card: Scorecard) -> str:
    """The version and the checks in force: another scorecard, or a fact that went, can take one out."""
    # Results that were made before their instants were kept do not say when a fact becomes too old.
    ids = "\n".join(
        check.id if check.max_age is None else f"{check.id} {check.max_age}"
        for check in card.checks
    )
    return f"{card.version}-{hashlib.sha256(ids.encode()).hexdigest()[:12]}"


def _forget_levels(
    connection: Connection, cards: Collection[str], readers: Mapping[str, frozenset[str]]
) -> None:
    """Forget the levels on these scorecards: rules that still look at them do not know them."""
    for card in sorted(cards):
        concerned = facts.forget(connection, [collector_of(card)])
        if asking := readers.get(level_fact(card)):
            marks.mark(connection, concerned, asking)
