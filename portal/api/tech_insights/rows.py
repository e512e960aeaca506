"""Rows of facts, as Tech Insights answers them: one for each retriever, or each of its records."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from catalog.refs import EntityRef
from portal.api.tech_insights.definitions import short_name
from scorecards.facts import FactRecord, FactState, FailedFact, Known
from scorecards.knowledge import as_json

Json = dict[str, Any]


def latest(records: Collection[FactRecord], ids: Collection[str], ref: EntityRef) -> Json:
    """The latest row of each retriever that is asked for and has one."""
    return {r.collector: row(r, ref) for r in records if r.collector in ids}


def row(record: FactRecord, ref: EntityRef) -> Json:
    """A record. A missing fact is null, and one that could not be looked for is not there."""
    return {
        "id": record.collector,
        "entity": {
            "namespace": ref.namespace.lower(),
            "kind": ref.kind.lower(),
            "name": ref.name.lower(),
        },
        "timestamp": timestamp(record.observed_at),
        "version": record.version,
        "facts": {
            short_name(name, record.collector): _value(state)
            for name, state in sorted(record.facts.items())
            if not isinstance(state, FailedFact)
        },
    }


def timestamp(time: datetime) -> str:
    """Milliseconds and a numeric offset: `2026-08-01T10:00:00.000+00:00`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _value(state: FactState) -> Any:
    return as_json(state.value) if isinstance(state, Known) else None
