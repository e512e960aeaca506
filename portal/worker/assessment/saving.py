"""Saving: what children said of entities, put under what people decided, and stored.

Children send packed results: here they are only written. The few are unpacked that an exemption or an
answer concerns, or a failure that does not count yet. What is to be looked at again by itself is kept
with its instant.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from portal.db.catalog import entities
from portal.db.collection import pushed
from portal.db.evaluation import held_passes, layouts, results, unanswerable
from portal.db.evaluation.results import Key
from portal.db.people import answers, exemptions
from portal.db.state import Connection
from portal.db.work import marks
from portal.worker.children.tasks import Assessed
from portal.worker.tools import Tools
from scorecards.collection.pushed import Verdict
from scorecards.collection.store import Asked
from scorecards.definitions import level_facts
from scorecards.evaluation import damping
from scorecards.evaluation.decisions import Decisions, decided_packed
from scorecards.evaluation.layouts import Layout
from scorecards.evaluation.packing import PackedResult, pack, unpack
from scorecards.levels import Reached
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

log = logging.getLogger(__name__)

FAIL = LETTERS[Outcome.FAIL]
PASSED = (LETTERS[Outcome.PASS], LETTERS[Outcome.EXEMPT])
"""What a check may say that passed: an exemption hides what it would have said."""


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
    by_name = {card.name: card for card in tools.setup.scorecards}
    known = _Known(by_name, layouts.read(connection, assessed.layouts), asked.at)
    found = {entity: list(one) for entity, one in said.items()}
    until = _damp(connection, found, known, cards)
    for entity, packed in said.items():
        for one in packed:
            if one.until is not None:
                key = (entity, one.scorecard)
                until[key] = min(one.until, until.get(key, one.until))
    for entity in decisions.keys() & found.keys():
        decided = decisions[entity]
        found[entity] = [
            decided_packed(known.cards[one.scorecard], one, decided, known.layouts, now=known.now)
            for one in found[entity]
        ]
    kept = _tell_levels(tools, connection, found, at=asked.at, cards=cards)
    until = {key: time for key, time in until.items() if key not in kept}
    held_passes.keep(connection, list(found), _holding(known.cards, cards), until, kept=kept)
    results.save(connection, found, at=asked.at, asked=asked, cards=cards, kept=kept)
    unanswerable.answered(connection, found)


def _tell_levels(
    tools: Tools,
    connection: Connection,
    found: Mapping[int, Sequence[PackedResult]],
    *,
    at: datetime,
    cards: frozenset[str] | None,
) -> set[Key]:
    """Keep levels as facts where a rule looks at them.

    Whoever looked at one that is another now saw what has changed beside what has not: of these, which
    are returned, nothing is to be stored. They are marked, and asked again.
    """
    telling = [
        one
        for one in level_facts.telling(tools.setup.scorecards, tools.readers)
        if cards is None or one.card.name in cards
    ]
    again: dict[int, set[str]] = defaultdict(set)
    refs = entities.refs_by_id(connection, found) if telling else {}
    for card, followers in ((one.card, one.followers) for one in telling):
        asked = {entity: ref for entity, ref in refs.items() if card.name not in again[entity]}
        for entity in _tell_level(tools, connection, card, asked, found, at=at):
            again[entity].update(followers if cards is None else followers & cards)
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for entity, names in again.items():
        alike[frozenset(names)].append(entity)
    for scope, ids in alike.items():
        if scope:
            marks.mark(connection, ids, scope)
    return {(entity, name) for entity, names in again.items() for name in names}


def _tell_level(
    tools: Tools,
    connection: Connection,
    card: Scorecard,
    refs: Mapping[int, str],
    found: Mapping[int, Sequence[PackedResult]],
    *,
    at: datetime,
) -> list[int]:
    """Keep the levels on a scorecard; returns the entities of which it is another one than before."""
    records = []
    for entity, ref in refs.items():
        on = (one for one in found[entity] if one.scorecard == card.name)
        reached = next((Reached(one.proven, one.possible) for one in on), None)
        records.append(level_facts.level_record(ref, card, reached, at=at))
    # Nobody asks how old a level is.
    said = pushed.push(connection, records, tools.readers, again=False)
    key = level_facts.collector_of(card.name)
    return [entity for entity, ref in refs.items() if said.get((ref, key)) is Verdict.STORED]


def give_up(tools: Tools, connection: Connection, ids: Sequence[int], why: str) -> None:
    """What is known of these entities stays: children are lost over them, nobody can tell why."""
    log.error("%d entities cannot be assessed: %s", len(ids), why)
    unanswerable.give_up(connection, dict.fromkeys(ids, why), now=tools.now())


class _Known(NamedTuple):
    """What it takes to unpack results of a moment."""

    cards: Mapping[str, Scorecard]
    layouts: Mapping[str, Layout]
    now: datetime


def _holding(known: Mapping[str, Scorecard], cards: frozenset[str] | None) -> list[str]:
    """The names of those that were asked whose results may hold for a while only."""
    return [
        name
        for name, card in known.items()
        if (cards is None or name in cards)
        and any(check.grace or check.max_age is not None for check in card.checks)
    ]


def _damp(
    connection: Connection,
    found: dict[int, list[PackedResult]],
    known: _Known,
    cards: frozenset[str] | None,
) -> dict[Key, datetime]:
    """Let passes count that are to outlast a failure for a while; returns until when."""
    graces = {
        name: places
        for name, card in known.cards.items()
        if (cards is None or name in cards) and (places := damping.places(card))
    }
    if not graces:
        return {}
    falling = _falling(connection, found, graces)
    stored = results.for_entities(connection, {entity for entity, _ in falling})
    until: dict[Key, datetime] = {}
    for entity, place in falling:
        one = found[entity][place]
        before = {
            said.check: said
            for kept in stored[entity]
            if kept.result.scorecard == one.scorecard
            for said in kept.result.results
        }
        result = unpack(one, known.layouts, ref="", evaluated_at=known.now)
        after = damping.damped(known.cards[one.scorecard], result, before)
        if after is not result:
            found[entity][place] = pack(after)
            times = [said.held.until for said in after.results if said.held is not None]
            until[entity, one.scorecard] = min(times)
    return until


def _falling(
    connection: Connection,
    found: Mapping[int, Sequence[PackedResult]],
    graces: Mapping[str, Sequence[int]],
) -> list[tuple[int, int]]:
    """Results, by entity and place, of which a damped check fails that perhaps passed before."""
    failing = [
        (entity, place, one, checks)
        for entity, of_entity in found.items()
        for place, one in enumerate(of_entity)
        if (checks := [n for n in graces.get(one.scorecard, ()) if one.letters[n] == FAIL])
    ]
    stored = {
        (entity, one.scorecard): one
        for entity, summaries in results.summaries(connection, {e for e, *_ in failing}).items()
        for one in summaries
    }
    return [
        (entity, place)
        for entity, place, one, checks in failing
        if (before := stored.get((entity, one.scorecard))) is not None
        # Those of another version are in another order, perhaps.
        if before.version != one.version or any(before.outcomes[n] in PASSED for n in checks)
    ]
