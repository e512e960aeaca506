"""Makers of facts, entities and scorecards for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from catalog.problems import Severity
from scorecards.collection.store import Assessable
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import FactRecord, FactSchema, FactState, FactType, FactValue, Known
from scorecards.results import CheckResult, ScorecardResult
from scorecards.scorecard import Scorecard

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

_EMPTY: dict[FactType, FactValue] = {
    FactType.BOOL: False,
    FactType.INT: 0,
    FactType.DOUBLE: 0.0,
    FactType.STRING: "",
    FactType.STRINGS: (),
    FactType.TIMESTAMP: datetime(1970, 1, 1, tzinfo=UTC),
}


def schema(name: str, kind: FactType) -> FactSchema:
    return FactSchema(name=name, type=kind, description=name, when_absent=_EMPTY[kind])


SCHEMAS = {
    s.name: s
    for s in (
        schema("repo.readme.bytes", FactType.INT),
        schema("repo.readme.path", FactType.STRING),
        schema("repo.ci.systems", FactType.STRINGS),
        schema("repo.ci.runs_tests", FactType.BOOL),
        schema("repo.commit.at", FactType.TIMESTAMP),
        schema("test.coverage", FactType.DOUBLE),
    )
}


def record(facts: Mapping[str, FactState | FactValue], **changes: Any) -> FactRecord:
    states = {
        name: value
        if not isinstance(value, bool | int | float | str | datetime | tuple)
        else Known(value=value)
        for name, value in facts.items()
    }
    fields: dict[str, Any] = {
        "ref": "component:default/payments",
        "collector": "repo",
        "version": "1",
        "url": "https://git.example.com/payments",
        "revision": "0a1b2c",
        "observed_at": NOW,
        "valid_until": None,
        "facts": states,
    }
    return FactRecord(**fields | changes)


def subject(
    facts: Mapping[str, FactState | FactValue] | None = None,
    *,
    entity: Mapping[str, Any] | None = None,
    records: tuple[FactRecord, ...] | None = None,
) -> Assessable:
    body = {"metadata": {"name": "payments"}, "kind": "Component", "spec": {"type": "service"}}
    return Assessable(
        id=1,
        ref="component:default/payments",
        body=orjson.dumps(body if entity is None else entity),
        records=(record(facts or {}),) if records is None else records,
    )


def check(rule: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "a",
        "title": "It is so",
        "level": "Managed",
        "rule": rule,
        "why": "w",
        "fix": "f",
    } | more


def document(*checks: dict[str, Any], **spec: Any) -> str:
    """A scorecard document; JSON is YAML."""
    numbered = [
        {**c, "id": c["id"] if c["id"] != "a" else f"check-{i}"} for i, c in enumerate(checks)
    ]
    return orjson.dumps(
        {
            "apiVersion": "plumbline.dev/v1",
            "kind": "Scorecard",
            "metadata": {"name": "sample", "title": "Sample"},
            "spec": {"checks": numbered, **spec},
        }
    ).decode()


def scorecard(*checks: dict[str, Any], **spec: Any) -> Scorecard:
    (loaded,), problems = load_scorecards(document(*checks, **spec), file="s.yaml", schemas=SCHEMAS)
    assert [p for p in problems if p.severity is Severity.ERROR] == []
    return loaded


def renamed(card: Scorecard, name: str) -> Scorecard:
    return replace(card, name=name)


def assess(card: Scorecard, what: Assessable, *, now: datetime = NOW) -> ScorecardResult | None:
    results = Assessor([card], SCHEMAS).assess(what, now=now)
    return results[0] if results else None


def ask(
    rule: Any, facts: Mapping[str, Any] | None = None, *, entity: Any = None, **more: Any
) -> CheckResult:
    """What a scorecard of this one check says."""
    result = assess(scorecard(check(rule, **more)), subject(facts, entity=entity))
    assert result is not None
    return result.results[0]
