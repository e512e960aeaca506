"""Known then: the facts of an entity as they were at a moment, and what of them is not kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from portal.db.insights import spans
from portal.worker.simulation.lived import Lives, NotKept
from portal.worker.simulation.remembering import Past
from scorecards.collection.serialization import facts_to_json
from scorecards.definitions.level_facts import level_record
from scorecards.levels import Reached
from scorecards.scorecard import Scorecard

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Lacks(NamedTuple):
    """What is not known of a moment."""

    collectors: dict[str, NotKept]
    """Those whose facts are not known, each with what is not kept."""
    ages: dict[str, timedelta]
    """Those of which it is not kept how old their facts were, each with how old they were at most."""


@dataclass(frozen=True, kw_only=True)
class KnownThen:
    """What is kept of a time, as rules ask for it."""

    past: Past
    told: Mapping[str, Lives]
    """Levels in place of stored ones, by what they come from, of some entities."""
    now: datetime
    """The instant that everything leads to."""

    def column(
        self, collector: str, entity: int, place: int, at: datetime, lacks: Lacks
    ) -> tuple[bytes | None, bool, datetime | None]:
        """Facts, staleness and time of a collector; what is not known is noted in `lacks`."""
        card = self.past.cards.get(collector)
        if card is not None:
            lacks.ages[collector] = timedelta.max  # since when it has been so, is not looked for
            return self._level(collector, card, entity, place, at, lacks), False, _LONG_AGO
        span = spans.at(self.past.facts.get((entity, collector), ()), at)
        if span is None:
            return None, False, None
        if span.what is None:
            lacks.collectors[collector] = NotKept.FACTS
            return self.past.blank[collector], False, self.now
        observed_at, valid_until, facts = span.what
        seen = observed_at
        if at < observed_at and span.start is not None:
            # It was seen at some time from the start on; how old it was then, is not kept.
            seen = span.start
            lacks.ages[collector] = at - seen
        # Ages are measured at the instant, and not at the moment.
        return facts, valid_until is not None and valid_until < at, seen + (self.now - at)

    def _level(
        self, collector: str, card: Scorecard, entity: int, place: int, at: datetime, lacks: Lacks
    ) -> bytes | None:
        told = self.told.get(collector, {}).get(entity)
        if told is not None:
            if told[place].unsure:
                lacks.collectors[collector] = NotKept.LEVEL
            return _level_facts(card, told[place].reached)
        stood = self.past.stood(entity, card.name, at)
        if stood is not None:
            return _level_facts(card, Reached(stood.proven, stood.possible))
        if card.name in self.past.used and self.past.used[card.name] <= at:
            return _level_facts(card, None)
        lacks.collectors[collector] = NotKept.LEVEL  # it was not there yet
        return None


def _level_facts(card: Scorecard, found: Reached | None) -> bytes:
    if found is not None and found.proven != found.possible:
        # It had other levels then, perhaps: these are for the words alone.
        top = len(card.levels) - 1
        found = Reached(min(found.proven, top - 1), min(found.possible, top))
    record = level_record("", card, found, at=datetime.min)
    return facts_to_json(record)
