"""The tests of a check, read: what is given as facts of the right type, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from catalog.pointers import Step
from catalog.problems import quote
from scorecards.expressions.near_facts import hint_for
from scorecards.facts import (
    FactSchema,
    FactState,
    FactType,
    FactValue,
    FailedFact,
    Known,
    Missing,
    Unknown,
)
from scorecards.results import Outcome
from scorecards.scorecard import Case

_REASONS = [reason.value for reason in Unknown]
_PLAIN = {FactType.BOOL: bool, FactType.INT: int, FactType.DOUBLE: float, FactType.STRING: str}
_WORDS = {
    FactType.BOOL: "true or false",
    FactType.INT: "a whole number",
    FactType.DOUBLE: "a number",
    FactType.STRING: "text",
    FactType.TIMESTAMP: "a time such as 2026-03-01T12:00:00Z",
    FactType.STRINGS: "a list of texts",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFault:
    """Why a test cannot be used."""

    code: str
    message: str
    path: tuple[Step, ...]
    """Inside the test."""
    hint: str = ""
    found: str = ""
    expected: str = ""


def read_case(
    data: Mapping[str, Any],
    schemas: Mapping[str, FactSchema],
    *,
    file: str,
    place: tuple[int, int],
) -> Case | tuple[CaseFault, ...]:
    """The test, or everything that is wrong with it. `place` is its line and column in `file`."""
    facts: dict[str, FactState] = {}
    faults: list[CaseFault] = []
    for name, value in data.get("given", {}).items():
        state = _state(name, value, schemas)
        if isinstance(state, CaseFault):
            faults.append(state)
        else:
            facts[name] = state
    now = None
    if "now" in data and (now := _time(data["now"])) is None:
        faults.append(_value("now", data["now"], FactType.TIMESTAMP, ("now",)))
    if faults:
        return tuple(faults)
    return Case(
        facts=tuple(facts.items()),
        entity=orjson.dumps(data.get("entity", {})),
        now=now,
        expect=Outcome(data["expect"]),
        reason=data.get("reason", ""),
        file=file,
        line=place[0],
        column=place[1],
    )


def _state(name: str, value: Any, schemas: Mapping[str, FactSchema]) -> FactState | CaseFault:
    path = ("given", name)
    schema = schemas.get(name)
    if schema is None:
        return CaseFault(
            code="UNKNOWN_FACT",
            message=f"there is no fact '{quote(name)}'",
            path=path,
            hint=hint_for(name, schemas),
            found=quote(name),
        )
    if value is None:
        return Missing()
    if isinstance(value, dict):
        reason = value.get("unknown")
        if list(value) == ["unknown"] and reason in _REASONS:
            return FailedFact(reason=Unknown(reason), detail="")
        return CaseFault(
            code="FIELD_VALUE",
            message=f"`{quote(name)}` is given as neither a value nor a reason why it is unknown",
            path=path,
            found=quote(value),
            expected=f"unknown: {' or '.join(_REASONS)}",
        )
    typed = _typed(value, schema.type)
    return _value(name, value, schema.type, path) if typed is None else Known(value=typed)


def _typed(value: Any, kind: FactType) -> FactValue | None:
    """The value as a fact of this type has it; None where it is of another type."""
    match kind:
        case FactType.TIMESTAMP:
            return _time(value)
        case FactType.STRINGS:
            texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
            return tuple(value) if texts else None
        case FactType.DOUBLE if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        case _:
            # A truth value is a number to Python, and none to a fact.
            plain: FactValue = value
            return plain if type(value) is _PLAIN[kind] else None


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):  # the last: in UTC it is out of the calendar
        return None


def _value(name: str, value: Any, kind: FactType, path: tuple[Step, ...]) -> CaseFault:
    return CaseFault(
        code="FIELD_TYPE",
        message=f"`{quote(name)}` must be {_WORDS[kind]}",
        path=path,
        found=quote(value),
        expected=_WORDS[kind],
    )
