"""Answers: what the store and the domain hold, in the form of `portal.api.v1.schemas`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import orjson

from catalog.problems import JsonValue, Problem
from portal.api.v1.conventions import rfc3339
from portal.db.entities import EntityRow
from portal.db.locations import FileOrigin
from portal.db.problems import ProblemRow
from portal.db.results import StoredResult, Summary
from scorecards.advice import next_steps
from scorecards.facts import FactRecord, FactSchema, FactState, FailedFact, Known, Missing
from scorecards.knowledge import as_json
from scorecards.outline import duration_as_written, lifecycle_as_written, rule_as_written
from scorecards.scorecard import Check, Link, Scorecard
from scorecards.texts import render_fix

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


def result(
    scorecard: Scorecard, stored: StoredResult, entity: Mapping[str, JsonValue], facts: Json
) -> Json:
    """A result, explained. `facts` are values by name, for the texts."""
    said = stored.result
    by_check = {found.check: found for found in said.results}
    outcomes = [found.outcome.value for found in said.results if found.counts]
    # Made with another definition, its steps would be those of other checks.
    steps = next_steps(scorecard, said) if said.version == scorecard.version else ()
    return {
        "scorecard": scorecard.name,
        "title": scorecard.title,
        "version": said.version,
        "proven": level(scorecard, said.proven),
        "possible": level(scorecard, said.possible),
        "passed": outcomes.count("pass"),
        "failed": outcomes.count("fail"),
        "unknown": outcomes.count("unknown") + outcomes.count("error"),
        "evaluatedAt": rfc3339(said.evaluated_at),
        "nextSteps": [
            {
                "check": step.check,
                "title": step.title,
                "action": step.action.value,
                "effort": step.effort,
            }
            for step in steps
        ],
        "checks": [
            {
                "check": check.id,
                "title": check.title,
                "category": check.category,
                "level": level(scorecard, check.level),
                "outcome": by_check[check.id].outcome.value,
                "counts": by_check[check.id].counts,
                "lifecycle": lifecycle_as_written(check.lifecycle),
                "reason": by_check[check.id].reason,
                "since": rfc3339(stored.since.get(check.id)),
                "observed": dict(by_check[check.id].observed),
                "expected": check.expected,
                "unknown": dict(by_check[check.id].unknown),
                "leaves": [
                    {"expression": expression, "outcome": outcome.value}
                    for expression, outcome in by_check[check.id].leaves
                ],
                "why": check.why,
                "fix": render_fix(check, entity, facts),
                "effort": check.effort,
                "links": links(check.links),
            }
            for check in scorecard.checks
            if check.id in by_check
        ],
    }


def links(found: Sequence[Link]) -> list[Json]:
    """Where to read more."""
    return [{"title": link.title, "url": link.url} for link in found]


def fact_record(record: FactRecord) -> Json:
    """What one collector observed."""
    return {
        "collector": record.collector,
        "version": record.version,
        "url": record.url,
        "revision": record.revision,
        "observedAt": rfc3339(record.observed_at),
        "validUntil": rfc3339(record.valid_until),
        "facts": [{"name": name, **_fact(state)} for name, state in sorted(record.facts.items())],
    }


def _fact(state: FactState) -> Json:
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


def fact_values(records: Sequence[FactRecord]) -> Json:
    """The values of facts by name, for texts: null for what is missing, nothing for what failed."""
    return {
        name: as_json(state.value) if isinstance(state, Known) else None
        for record in records
        for name, state in record.facts.items()
        if not isinstance(state, FailedFact)
    }


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
