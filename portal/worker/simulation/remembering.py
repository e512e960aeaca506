"""Remembering: what is kept of the past of entities, and at which moments it became otherwise."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from portal.db.insights import spans
from portal.db.insights.spans import Bodies, Facts, Span, Stands, Stood
from portal.worker.assessment.asking import Means
from scorecards.collection.stored_facts import MOMENT
from scorecards.definitions.level_facts import collector_of, level_fact
from scorecards.evaluation.lens import Lens
from scorecards.facts import Unknown
from scorecards.scorecard import Scorecard

BODY = ""
"""Stands for the entity itself, where else what facts come from is named."""

Moments = Mapping[int, Sequence[datetime]]
"""By entity, the moments that are looked at, in their order."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is kept of some entities over a time."""

    bodies: Bodies
    facts: Facts
    stands: Stands
    used: Mapping[str, datetime]
    """When each scorecard was first used."""
    cards: Mapping[str, Scorecard]
    """By what its level comes from, each scorecard whose level is looked at."""
    blank: Mapping[str, bytes]
    """By collector, its facts as unknown ones."""
    events: Mapping[int, Sequence[datetime]]
    """By entity, when something about it became otherwise, in order."""
    twice: Mapping[int, Mapping[datetime, frozenset[str]]]
    """By entity and instant, what became otherwise several times at it: in what order with all else is
    not kept. By what facts come from, or `BODY`."""

    def between(self, entity: int, start: datetime, end: datetime) -> Sequence[datetime]:
        """What of an entity's events is after `start`, and not after `end`."""
        times = self.events[entity]
        return times[bisect_right(times, start) : bisect_right(times, end)]

    def stood(self, entity: int, card: str, at: datetime) -> Stood | None:
        """The stored result of a moment."""
        span = spans.at(self.stands.get((entity, card), ()), at)
        return None if span is None else span.what


def remember(
    means: Means,
    ids: Sequence[int],
    cards: Sequence[Scorecard],
    published: Sequence[Scorecard],
    *,
    since: datetime,
) -> Past:
    """All that these scorecards look at, of these entities, at any time since then."""
    facts = frozenset[str]().union(
        *(Lens(card, means.schemas, now=means.now).facts for card in cards)
    )
    looked_at = {one.name: one for one in published if level_fact(one.name) in facts}
    sources = {means.collectors[name] for name in facts & means.collectors.keys()}
    levels = {collector_of(name): card for name, card in looked_at.items()}
    collectors = sorted(sources - levels.keys())
    names = {*looked_at, *(card.name for card in cards)}
    bodies = spans.bodies(means.connection, ids, since=since)
    observed = spans.observed(means.connection, ids, collectors, since=since)
    stands = spans.stands(means.connection, ids, names, since=since)
    return Past(
        bodies=bodies,
        facts=observed,
        stands=stands,
        events=_events(ids, cards, bodies, observed, stands),
        twice=_twice(bodies, observed, stands, {c.name: name for name, c in levels.items()}),
        used=spans.first_used(means.connection, names),
        cards=levels,
        blank={collector: _blank(means, collector) for collector in collectors},
    )


def _blank(means: Means, collector: str) -> bytes:
    names = sorted(name for name, source in means.collectors.items() if source == collector)
    state = {"f": Unknown.NOT_COLLECTED.value, "d": "what it was then is not kept"}
    return orjson.dumps(dict.fromkeys(names, state))


def _events(
    ids: Iterable[int], cards: Sequence[Scorecard], bodies: Bodies, facts: Facts, stands: Stands
) -> dict[int, list[datetime]]:
    """When something about each of these entities became otherwise for the rules, in order."""
    ages = {check.max_age for card in cards for check in card.checks if check.max_age is not None}
    found: dict[int, set[datetime]] = {entity: set() for entity in ids}
    for entity, body in bodies.items():
        found[entity].update(_edges(body))
    for (entity, _), stand in stands.items():
        found[entity].update(_edges(stand))
    for (entity, _), observed in facts.items():
        found[entity].update(_edges(observed))
        for span in observed:
            if span.what is not None:
                ends = [span.what.observed_at + age for age in ages]
                ends += [] if span.what.valid_until is None else [span.what.valid_until]
                found[entity].update(one + MOMENT for one in ends)
    return {entity: sorted(times) for entity, times in found.items()}


def _twice(
    bodies: Bodies, facts: Facts, stands: Stands, levels: Mapping[str, str]
) -> dict[int, dict[datetime, frozenset[str]]]:
    """What has several states at one instant; `levels` is what the level on a scorecard comes from."""
    everything: list[tuple[int, str, Sequence[Span[Any]]]] = [
        *((entity, BODY, of) for entity, of in bodies.items()),
        *((entity, collector, of) for (entity, collector), of in facts.items()),
        *((entity, levels[card], of) for (entity, card), of in stands.items() if card in levels),
    ]
    found: dict[int, dict[datetime, frozenset[str]]] = {}
    for entity, source, of in everything:
        for span in of:
            if span.is_over and span.what is not None and span.end is not None:
                at = found.setdefault(entity, {})
                at[span.end] = at.get(span.end, frozenset()) | {source}
    return found


def _edges(of: Sequence[Span[Any]]) -> list[datetime]:
    return [time for span in of for time in (span.start, span.end) if time is not None]


def moments(
    past: Past,
    ids: Iterable[int],
    *,
    start: datetime,
    end: datetime,
    lives: Sequence[Scorecard],
    sure: bool,
) -> dict[int, list[datetime]]:
    """When each of these entities has to be looked at, to know what counted at `end`.

    `lives` are the scorecards that are relived, each after those at whose levels it looks: a failure
    that does not count at first does at a moment of its own. Where nothing became otherwise since
    `start`, and what was before it is known (`sure`), the end alone is enough.
    """
    graces = [{check.grace for check in card.checks if check.grace} for card in lives]
    found = {}
    for entity in ids:
        times = set(past.between(entity, start, end))
        if times or not sure:
            times.add(start)
            for some in graces:
                later = {time + grace for time in times for grace in some}
                times |= {time for time in later if time <= end}
        found[entity] = sorted(times | {end})
    return found


def replaying_means(means: Means, published: Collection[Scorecard]) -> Means:
    """The means with all levels among the facts, whether a rule looks at them so far or not, and
    with a memory: at every instant most is what it was at the one before."""
    levels = {level_fact(card.name): collector_of(card.name) for card in published}
    return replace(means, collectors={**means.collectors, **levels}, levels={}, memory={})
