"""Outlines: a scorecard as plain data, and what is otherwise in one than in another.

An outline says what the scorecard says after all that it extends was taken over, so it can be kept,
shown and compared without being loaded again. Differences are those that a reader cares about:
checks, filters and levels by name, field by field, whatever their order in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never, cast

import orjson

from catalog.problems import JsonValue
from scorecards import rules
from scorecards.durations import duration_as_written
from scorecards.facts import FactState, FailedFact, Known, Missing
from scorecards.knowledge import as_json, rfc3339
from scorecards.lifecycle import Active, Draft, Lifecycle, Preview, Retiring
from scorecards.rules import AtLeast, Leaf, Manual, Not, Rule
from scorecards.scorecard import Case, Check, Scorecard

Outline = dict[str, JsonValue]


class Op(StrEnum):
    """What happened to something."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"


class Subject(StrEnum):
    """What it happened to."""

    SCORECARD = "scorecard"
    LEVEL = "level"
    FILTER = "filter"
    CHECK = "check"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that is otherwise."""

    op: Op
    subject: Subject
    name: str
    """Of the level, the filter, the check; of the scorecard its own."""
    field: str
    """Which of its fields; '' where the whole came or went."""
    before: JsonValue
    after: JsonValue


def outline(scorecard: Scorecard) -> Outline:
    """The scorecard as JSON data; checks, filters and levels are mappings by their name."""
    names = [level.name for level in scorecard.levels]
    return {
        "name": scorecard.name,
        "title": scorecard.title,
        "description": scorecard.description,
        "owner": scorecard.owner,
        "extends": scorecard.extends,
        "applies_to": _leaf(scorecard.applies_to),
        "applies_because": scorecard.applies_because,
        "ladder": cast("list[JsonValue]", names),
        "levels": {level.name: {"description": level.description} for level in scorecard.levels},
        "filters": {
            found.name: {"rule": found.leaf.expression, "because": found.because}
            for found in scorecard.filters
        },
        "checks": {
            check.id: _check(check, names) for check in (*scorecard.checks, *scorecard.drafts)
        },
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What is otherwise in `after`, an outline as `before` is. An empty one is no scorecard."""
    name = after.get("name") or before.get("name") or ""
    return (
        *_of(Subject.SCORECARD, name, _plain(before), _plain(after)),
        *(
            difference
            for subject, key in _NAMED.items()
            for difference in _by_name(subject, before.get(key, {}), after.get(key, {}))
        ),
    )


_NAMED = {Subject.LEVEL: "levels", Subject.FILTER: "filters", Subject.CHECK: "checks"}


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in _NAMED.values()}


def _by_name(
    subject: Subject, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        yield from _of(subject, name, before.get(name, {}), after.get(name, {}))


def _of(
    subject: Subject, name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    """A whole that came or went, or its fields that are other."""
    if not before or not after:
        if before or after:
            op = Op.REMOVE if before else Op.ADD
            yield Difference(
                op=op,
                subject=subject,
                name=name,
                field="",
                before=dict(before) or None,
                after=dict(after) or None,
            )
        return
    for field in dict.fromkeys([*before, *after]):
        old, new = before.get(field), after.get(field)
        if old != new:
            yield Difference(
                op=Op.CHANGE, subject=subject, name=name, field=field, before=old, after=new
            )


def rule_as_written(rule: Rule) -> JsonValue:
    """A rule as a document has it: a text is a leaf."""
    match rule:
        case Leaf(expression=expression):
            return expression
        case rules.All(parts=parts):
            return {"all": [rule_as_written(part) for part in parts]}
        case rules.Any(parts=parts):
            return {"any": [rule_as_written(part) for part in parts]}
        case Not(part=part):
            return {"not": rule_as_written(part)}
        case AtLeast(count=count, parts=parts):
            return {"at_least": {"count": count, "of": [rule_as_written(part) for part in parts]}}
        case Manual(question=question, expires=expires):
            return {"manual": {"question": question, "expires": f"{expires.days}d"}}
        case _:
            assert_never(rule)


def lifecycle_as_written(lifecycle: Lifecycle) -> JsonValue:
    """A lifecycle as a document has it."""
    match lifecycle:
        case Draft():
            return "draft"
        case Active():
            return "active"
        case Preview(starts=starts):
            return {"stage": "preview", "from": starts.isoformat()}
        case Retiring(ends=ends):
            return {"stage": "retiring", "until": ends.isoformat()}
        case _:
            assert_never(lifecycle)


def case_as_written(case: Case) -> Outline:
    """A test as a document has it."""
    return {
        "given": {name: _given(state) for name, state in case.facts},
        "entity": orjson.loads(case.entity),
        "now": rfc3339(case.now) if case.now else None,
        "expect": case.expect.value,
        "reason": case.reason,
    }


def _given(state: FactState) -> JsonValue:
    match state:
        case Known(value=value):
            return as_json(value)
        case Missing():
            return None
        case FailedFact(reason=reason):
            return {"unknown": reason.value}
        case _:
            assert_never(state)


def _leaf(leaf: Leaf | None) -> str:
    return leaf.expression if leaf else ""


def _check(check: Check, levels: list[str]) -> JsonValue:
    return {
        "title": check.title,
        "category": check.category,
        "level": levels[check.level],
        "rule": rule_as_written(check.rule),
        "applies_to": _leaf(check.applies_to),
        "applies_because": check.applies_because,
        "observe": [{"title": o.title, "expression": o.expression} for o in check.observe],
        "expected": check.expected,
        "why": check.why,
        "fix": check.fix,
        "effort": check.effort,
        "weight": check.weight,
        "links": [{"title": link.title, "url": link.url} for link in check.links],
        "owner": check.owner,
        "lifecycle": lifecycle_as_written(check.lifecycle),
        "max_age": duration_as_written(check.max_age),
        "grace": duration_as_written(check.grace),
        "tests": [case_as_written(case) for case in check.tests],
    }
