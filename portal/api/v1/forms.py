"""Answers: what the store and the domain hold, in the form of `portal.api.v1.schemas`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

import orjson

from catalog.problems import JsonValue, Problem
from portal.api.v1.times import rfc3339
from portal.db.catalog.entities import EntityRow
from portal.db.evaluation.results import Summary
from portal.db.sources.locations import FileOrigin
from portal.db.sources.problems import ProblemRow
from scorecards.collection.feeding import Unfed
from scorecards.definitions.outline import lifecycle_as_written, rule_as_written
from scorecards.durations import duration_as_written
from scorecards.facts import (
    FactRecord,
    FactSchema,
    FactState,
    FailedFact,
    Known,
    Missing,
    Unknown,
)
from scorecards.knowledge import as_json
from scorecards.scorecard import Check, Link, Scorecard

Json = dict[str, Any]


def problem(found: Problem) -> Json:
    """A fault."""
    return {**found.as_dict(), "severity": found.severity.value}


def placed_problem(row: ProblemRow) -> Json:
    """A fault, and where its file is."""
    return {
        **problem(row.problem),
        "ref": row.ref,
        "repository": row.repository,
        "repositoryUrl": row.repository_url,
        "location": row.location_id,
    }


def level(scorecard: Scorecard, rank: int) -> Json:
    """A level; a definition may have lost levels since a result was made."""
    rank = min(rank, len(scorecard.levels) - 1)
    return {"rank": rank, "name": scorecard.levels[rank].name}


def standings(scorecards: Mapping[str, Scorecard], summaries: Sequence[Summary]) -> list[Json]:
    """Where an entity stands, on each scorecard that still exists."""
    return [
        {
            "scorecard": found.scorecard,
            "title": scorecards[found.scorecard].title,
            "proven": level(scorecards[found.scorecard], found.proven),
            "possible": level(scorecards[found.scorecard], found.possible),
            "passed": found.passes,
            "failed": found.fails,
            "unknown": found.unknowns,
            "evaluatedAt": rfc3339(found.evaluated_at),
        }
        for found in summaries
        if found.scorecard in scorecards
    ]


def links(found: Sequence[Link]) -> list[Json]:
    """Where to read more."""
    return [{"title": link.title, "url": link.url} for link in found]


Collectors = Mapping[str, tuple[str, tuple[FactSchema, ...]]]
"""By name, the version of each collector and what it can observe."""

_NOT_COLLECTED = FailedFact(reason=Unknown.NOT_COLLECTED, detail="")


def fact_records(
    records: Sequence[FactRecord],
    collectors: Collectors,
    unfed: Mapping[str, Unfed],
    *,
    now: datetime,
) -> list[Json]:
    """What is known about an entity, by collector; what nobody has said yet is there, too.

    What nothing feeds any more is not known, whatever is stored of it.
    """
    stored = {record.collector: record for record in records}
    why = {name: one.why for name, one in unfed.items()}
    return [
        _fact_record(name, stored.get(name), collectors.get(name, ("", ())), why, now)
        for name in sorted({*stored, *collectors})
    ]


def _fact_record(
    name: str,
    record: FactRecord | None,
    collector: tuple[str, tuple[FactSchema, ...]],
    unfed: Mapping[str, FailedFact],
    now: datetime,
) -> Json:
    version, schemas = collector
    types = {schema.name: schema.type.value for schema in schemas}
    states = {**dict.fromkeys(types, _NOT_COLLECTED), **(record.facts if record else {})}
    states.update((name, unfed[name]) for name in types if name in unfed)
    ends = record.valid_until if record else None
    return {
        "collector": name,
        "version": record.version if record else version,
        "url": record.url if record else "",
        "revision": record.revision if record else "",
        "observedAt": rfc3339(record.observed_at) if record else None,
        "age": max(0, int((now - record.observed_at).total_seconds())) if record else None,
        "validUntil": rfc3339(ends),
        "stale": ends is not None and ends < now,
        "facts": [
            {"name": fact, "type": types.get(fact, ""), **fact_state(state)}
            for fact, state in sorted(states.items())
        ],
    }


def fact_state(state: FactState) -> Json:
    """What is known of a fact."""
    shown: Json = {
        "state": "missing",
        "value": None,
        "path": "",
        "line": None,
        "lookedFor": "",
        "reason": "",
        "detail": "",
    }
    match state:
        case Known(value=value, path=path, line=line):
            shown |= {"state": "known", "value": as_json(value), "path": path, "line": line}
        case Missing(looked_for=looked_for):
            shown |= {"lookedFor": looked_for}
        case FailedFact(reason=reason, detail=detail):
            shown |= {"state": "failed", "reason": reason.value, "detail": detail}
        case _:
            assert_never(state)
    return shown


def fact_schema(schema: FactSchema) -> Json:
    """What a collector promises about a fact."""
    return {
        "name": schema.name,
        "type": schema.type.value,
        "description": schema.description,
        "whenAbsent": as_json(schema.when_absent),
    }


def origin(found: FileOrigin) -> Json:
    """Where an entity comes from."""
    return {
        "location": found.location_id,
        "repository": found.repository,
        "repositoryUrl": found.repository_url,
        "revision": found.revision,
        "path": found.path,
        "url": found.url,
        "document": found.document,
    }


def entity_item(row: EntityRow, more: Json) -> bytes:
    """An entity with `more` beside it. Its own bytes are put in as they are stored."""
    head = orjson.dumps({"ref": row.ref, "updatedAt": rfc3339(row.updated_at), **more})
    return head[:-1] + b',"entity":' + row.answer() + b"}"


def entity_head(row: EntityRow) -> Json:
    """An entity in a few words."""
    body = orjson.loads(row.body)
    metadata = body["metadata"]
    return {
        "ref": row.ref,
        "kind": body["kind"],
        "namespace": metadata.get("namespace", "default"),
        "name": metadata["name"],
        "title": _text(metadata.get("title")),
        "description": _text(metadata.get("description")),
    }


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def check(scorecard: Scorecard, found: Check) -> Json:
    """The definition of a check."""
    return {
        "id": found.id,
        "title": found.title,
        "category": found.category,
        "level": level(scorecard, found.level),
        "rule": rule_as_written(found.rule),
        "appliesTo": found.applies_to.expression if found.applies_to else "",
        "appliesBecause": found.applies_because,
        "expected": found.expected,
        "why": found.why,
        "fix": found.fix,
        "effort": found.effort,
        "weight": found.weight,
        "owner": found.owner,
        "lifecycle": lifecycle_as_written(found.lifecycle),
        "maxAge": duration_as_written(found.max_age),
        "grace": duration_as_written(found.grace),
        "links": links(found.links),
    }
