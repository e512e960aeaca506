"""Saving: what children said of entities, put under what people decided, and stored.

Children send packed results: here they are only written. The few that an exemption or an answer
concerns are unpacked for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from portal.db import answers, exemptions, layouts, results
from portal.db.state import Connection
from portal.worker.jobs import Tools
from portal.worker.tasks import Assessed
from scorecards.decisions import NO_DECISIONS, Decisions, decided_packed
from scorecards.packing import PackedResult
from scorecards.store import Asked


def decisions_of(
    connection: Connection, ids: Sequence[int], now: datetime
) -> Mapping[int, Decisions]:
    """What people decided about these entities; of most there is nothing."""
    granted = exemptions.grants(connection, ids, now=now)
    answered = answers.latest(connection, ids)
    return {
        entity: Decisions(grants=granted.get(entity, ()), answers=answered.get(entity, ()))
        for entity in granted.keys() | answered.keys()
    }


def save(
    tools: Tools,
    connection: Connection,
    said: Mapping[int, Sequence[PackedResult]],
    assessed: Assessed,
    *,
    decisions: Mapping[int, Decisions],
    asked: Asked,
    cards: frozenset[str] | None = None,
) -> None:
    """Store what was said of entities, by id; `assessed` is what it was said in.

    `cards` are the only scorecards that were asked; None: all. The connection is in a write
    transaction.
    """
    layouts.keep(connection, assessed.layouts)
    found = dict(said)
    known = layouts.read(connection, assessed.layouts) if decisions else {}
    by_name = {card.name: card for card in tools.setup.scorecards}
    for entity in decisions.keys() & found.keys():
        decided = decisions.get(entity, NO_DECISIONS)
        found[entity] = [
            decided_packed(by_name[one.scorecard], one, decided, known, now=asked.at)
            for one in found[entity]
        ]
    results.save(connection, found, at=asked.at, asked=asked, cards=cards)
