"""Knowledge: what the stored facts say about an entity at one moment, and why the rest is silent.

Here a fact gets its final state: known or missing facts have a value for rules to see; failed,
stale and never collected ones have none, and a reason (design, invariant 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from catalog.problems import JsonValue
from scorecards.facts import (
    FactRecord,
    FactSchema,
    FactValue,
    FailedFact,
    Known,
    Unknown,
)

_WORDS = {
    Unknown.NOT_COLLECTED: "it was not collected",
    Unknown.STALE: "it is out of date",
    Unknown.SOURCE_FAILED: "its source could not be read",
    Unknown.NOT_CONFIGURED: "its source is not configured",
    Unknown.NOT_PERMITTED: "its source does not permit it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """The facts about one entity, by name."""

    values: Mapping[str, object]
    """What rules see: of a known fact its value, of a missing one its schema's `when_absent`."""
    shown: Mapping[str, JsonValue]
    """What people see: the same, but null where the fact is missing."""
    failed: Mapping[str, FailedFact]
    """Facts that could not be looked for, or are stale."""

    def why_not(self, name: str) -> FailedFact | None:
        """Why the fact is not known; None: it is known or missing."""
        return None if name in self.values else self.failed.get(name, _NOT_COLLECTED)


_NOT_COLLECTED = FailedFact(reason=Unknown.NOT_COLLECTED, detail="")

ALL_FED: Mapping[str, FailedFact] = MappingProxyType({})
"""Nothing is unfed."""


def knowledge(
    records: Iterable[FactRecord],
    schemas: Mapping[str, FactSchema],
    *,
    now: datetime,
    max_age: timedelta | None = None,
    unfed: Mapping[str, FailedFact] = ALL_FED,
) -> Knowledge:
    """What the records say at `now`. A fact without a schema is nobody's: it is left out.

    With `max_age`, what was observed longer ago is stale, whatever its collector promised. `unfed`
    are facts that nothing feeds, each with why: what is stored of them is from before, and left out.
    """
    values: dict[str, object] = {}
    shown: dict[str, JsonValue] = {}
    failed: dict[str, FailedFact] = {}
    for record in records:
        until = ends(record.observed_at, record.valid_until, max_age)
        if until is not None and until < now:
            stale = FailedFact(reason=Unknown.STALE, detail=f"since {rfc3339(until)}")
            failed.update(dict.fromkeys(record.facts, stale))
            continue
        for name, state in record.facts.items():
            schema = schemas.get(name)
            if schema is None or name in unfed:
                continue
            if isinstance(state, FailedFact):
                failed[name] = state
                continue
            value = state.value if isinstance(state, Known) else schema.when_absent
            # The engine takes lists, not tuples.
            values[name] = list(value) if isinstance(value, tuple) else value
            shown[name] = as_json(value) if isinstance(state, Known) else None
    failed.update(unfed)
    return Knowledge(values=values, shown=shown, failed=failed)


def ends(
    observed_at: datetime, valid_until: datetime | None, max_age: timedelta | None
) -> datetime | None:
    """When facts become stale; None: never."""
    if max_age is None:
        return valid_until
    limit = observed_at + max_age
    return limit if valid_until is None else min(valid_until, limit)


def in_words(name: str, why: FailedFact) -> str:
    """One sentence on why the fact is not known."""
    detail = f" ({why.detail})" if why.detail else ""
    return f"`{name}` is not known: {_WORDS[why.reason]}{detail}"


def as_json(value: FactValue) -> JsonValue:
    """The value as JSON shows it: times as RFC 3339."""
    if isinstance(value, datetime):
        return rfc3339(value)
    return list(value) if isinstance(value, tuple) else value


def rfc3339(time: datetime) -> str:
    """The time in UTC with a `Z`, as precise as it is."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
