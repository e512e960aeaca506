"""Stored facts: what a store keeps of a collector's record, read for rules without a detour.

Assessment wants values, thousands of entities at a time. `knowledge_of` says what
`scorecards.knowledge` says of the records that the bytes were written from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from catalog.problems import JsonValue
from scorecards.collection.serialization import facts_to_json
from scorecards.facts import FactRecord, FactSchema, FailedFact, Unknown
from scorecards.knowledge import ALL_FED, Knowledge, ends, rfc3339

MOMENT = timedelta(microseconds=1)
"""After the last instant at which facts are valid they are stale."""


class StoredFacts(NamedTuple):
    """What one collector observed about one entity."""

    observed_at: datetime
    valid_until: datetime | None
    facts: bytes
    """As `serialization.facts_to_json` writes them."""


def stored(record: FactRecord) -> StoredFacts:
    """The record as a store keeps it, as far as rules can see it."""
    return StoredFacts(record.observed_at, record.valid_until, facts_to_json(record))


class PackedRecord(NamedTuple):
    """A record as a store keeps it, and as it goes from one process to another."""

    ref: str
    collector: str
    version: str
    url: str
    revision: str
    observed_at: datetime
    valid_until: datetime | None
    facts: bytes
    """As `serialization.facts_to_json` writes them."""

    @property
    def seen(self) -> StoredFacts:
        """As far as rules can see it."""
        return StoredFacts(self.observed_at, self.valid_until, self.facts)


def pack_record(record: FactRecord) -> PackedRecord:
    """The same in few bytes."""
    return PackedRecord(
        record.ref,
        record.collector,
        record.version,
        record.url,
        record.revision,
        record.observed_at,
        record.valid_until,
        facts_to_json(record),
    )


class Absences:
    """What is known of facts beforehand."""

    def __init__(
        self, schemas: Mapping[str, FactSchema], unfed: Mapping[str, FailedFact] = ALL_FED
    ) -> None:
        self.values: dict[str, object] = {
            name: list(s.when_absent) if isinstance(s.when_absent, tuple) else s.when_absent
            for name, s in schemas.items()
            if name not in unfed
        }
        """What rules see of missing facts: each schema's `when_absent`, in the engine's types."""
        self.unfed = unfed
        """Facts that nothing feeds, each with why; what is stored of them is from before."""


def too_old_from(
    records: Iterable[StoredFacts],
    asked: Collection[tuple[str, timedelta]],
    *,
    now: datetime,
) -> datetime | None:
    """The first instant after `now` at which a fact is too old for who asks it; None: there is none.

    `asked` are names of facts, each with the `max_age` that it is asked with.
    """
    found = []
    for observed_at, _, facts in records:
        names = orjson.loads(facts).keys() if asked else ()
        limits = {observed_at + max_age for name, max_age in asked if name in names}
        found += [limit + MOMENT for limit in limits if limit >= now]
    return min(found, default=None)


def knowledge_of(
    records: Iterable[StoredFacts],
    absences: Absences,
    *,
    now: datetime,
    max_age: timedelta | None = None,
) -> Knowledge:
    """What the records say at `now`. A fact without a schema is nobody's: it is left out.

    With `max_age`, what was observed longer ago is stale, whatever its collector promised.
    """
    values: dict[str, object] = {}
    shown: dict[str, JsonValue] = {}
    failed: dict[str, FailedFact] = {}
    absent = absences.values
    for observed_at, valid_until, facts in records:
        states = orjson.loads(facts)
        until = ends(observed_at, valid_until, max_age)
        if until is not None and until < now:
            stale = FailedFact(reason=Unknown.STALE, detail=f"since {rfc3339(until)}")
            failed.update(dict.fromkeys(states, stale))
            continue
        for name, state in states.items():
            if name not in absent:
                continue
            if "v" in state:
                values[name] = shown[name] = state["v"]
            elif "m" in state:
                values[name] = absent[name]
                shown[name] = None
            elif "t" in state:
                shown[name] = state["t"]
                values[name] = datetime.fromisoformat(state["t"])
            else:
                failed[name] = FailedFact(reason=Unknown(state["f"]), detail=state["d"])
    if absences.unfed:
        failed.update(absences.unfed)
    return Knowledge(values=values, shown=shown, failed=failed)
