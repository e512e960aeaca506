"""Pushed facts: what runs of CI say about entities, judged against what was declared.

Facts that no collector can see, as test coverage, are declared in the configuration and pushed.
All facts of one namespace make one record, as those of a collector do, and the run that pushed them
is where they come from. What one run pushes in several parts adds up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from catalog.descriptor.suggestions import listing, nearest
from catalog.problems import JsonValue, Problem, quote
from scorecards.facts import FactRecord, FactSchema, FactState, FactType, FactValue, Known, Missing

VERSION = "1"
"""Of the records: raised whenever the same push may give other facts."""

LONGEST_TEXT = 10_000
"""Characters."""

LONGEST_LIST = 1_000
"""Items."""

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

ABSENT: Mapping[FactType, FactValue] = {
    FactType.BOOL: False,
    FactType.INT: 0,
    FactType.DOUBLE: 0.0,
    FactType.STRING: "",
    FactType.TIMESTAMP: datetime(1970, 1, 1, tzinfo=UTC),
    FactType.STRINGS: (),
}
"""What rules see of a missing fact whose declaration does not say."""

_EXPECTED = {
    FactType.BOOL: "true or false",
    FactType.INT: "a whole number of 64 bits",
    FactType.DOUBLE: "a number",
    FactType.STRING: f"a text of at most {LONGEST_TEXT:,} characters",
    FactType.TIMESTAMP: "a time as 2026-08-01T10:00:00Z, with its zone",
    FactType.STRINGS: f"a list of at most {LONGEST_LIST:,} texts",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A fact that may be pushed."""

    schema: FactSchema
    ttl: timedelta | None = None
    """How long it is believed; None: until it is pushed again."""

    @property
    def namespace(self) -> str:
        """The first part of its name, which is what its collector is called."""
        return self.schema.name.partition(".")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """What one run says about one entity."""

    ref: str
    """Canonical."""
    run: str
    """URL of the run; '' where it has none."""
    revision: str
    """Commit that it looked at, or ''."""
    observed_at: datetime
    facts: Mapping[str, JsonValue]
    """By name; null: looked for, and not there."""


class Verdict(StrEnum):
    """What became of a push."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    """It says what is stored: a retry."""
    SUPERSEDED = "superseded"
    """Something newer is stored."""
    REFUSED = "refused"


def is_name(text: str) -> bool:
    """Whether a fact may be called so: `coverage.line_pct`."""
    return _NAME.fullmatch(text) is not None


def read_value(kind: FactType, value: JsonValue) -> FactValue:
    """The value of a fact of this type. Raises `ValueError` with what is expected."""
    match kind, value:
        case FactType.BOOL, bool():
            return value
        case FactType.INT, int() if not isinstance(value, bool) and -(2**63) <= value < 2**63:
            return value
        case FactType.DOUBLE, int() | float() if not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:  # a whole number of hundreds of digits
                number = math.inf
            if math.isfinite(number):
                return number
        case FactType.STRING, str() if len(value) <= LONGEST_TEXT:
            return value
        case FactType.STRINGS, list() if len(value) <= LONGEST_LIST:
            texts = tuple(item for item in value if isinstance(item, str))
            if len(texts) == len(value) and all(len(text) <= LONGEST_TEXT for text in texts):
                return texts
        case FactType.TIMESTAMP, str():
            time = read_time(value)
            if time is not None:
                return time
    raise ValueError(_EXPECTED[kind])


def read_time(text: str) -> datetime | None:
    """A time with its zone, in UTC; None where the text is none."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def judge(
    push: Push, declared: Mapping[str, Declared]
) -> tuple[tuple[FactRecord, ...], tuple[Problem, ...]]:
    """The records that a push makes, one for each namespace; or all that is wrong with it.

    A push is taken whole or not at all: half of it would look as if the run had said no more.
    """
    states: dict[str, FactState] = {}
    problems = []
    for name, value in push.facts.items():
        known = declared.get(name)
        if known is None:
            problems.append(_undeclared(name, declared))
            continue
        try:
            states[name] = (
                Missing() if value is None else Known(value=read_value(known.schema.type, value))
            )
        except ValueError as error:
            problems.append(_wrong(name, value, str(error)))
    if not push.facts:
        problems.append(Problem(code="FACTS_EMPTY", message="no facts are given", pointer="/facts"))
    if problems:
        return (), tuple(problems)
    namespaces = dict.fromkeys(declared[name].namespace for name in states)
    return tuple(_record(push, space, states, declared) for space in namespaces), ()


def add_up(records: Sequence[FactRecord]) -> tuple[FactRecord, ...]:
    """Records of the same entity and namespace made one, where they are of the same run."""
    found: dict[tuple[str, ...], FactRecord] = {}
    for record in records:
        key = (record.ref, record.collector, record.url, record.revision)
        before = found.pop(key, None)
        found[key] = record if before is None else joined(before, record)
    return tuple(found.values())


def is_same_run(first: FactRecord, second: FactRecord) -> bool:
    """Whether both are known to be of one run; without a URL, of one commit."""
    said = (first.url, first.revision)
    return any(said) and said == (second.url, second.revision)


def joined(before: FactRecord, after: FactRecord) -> FactRecord:
    """What one run has said by now. It is believed as long as its first fact to go stale."""
    if before.facts.keys() <= after.facts.keys():
        return after
    ends = [end for end in (before.valid_until, after.valid_until) if end is not None]
    return replace(
        after,
        observed_at=max(before.observed_at, after.observed_at),
        valid_until=min(ends, default=None),
        facts={**before.facts, **after.facts},
    )


def clashes(
    declared: Iterable[Declared], taken: Collection[str]
) -> tuple[dict[str, Declared], tuple[Problem, ...]]:
    """The facts that can be pushed, by name; and a problem for each whose namespace is taken.

    `taken`: what installed collectors are called, and the namespaces of their facts.
    """
    usable: dict[str, Declared] = {}
    problems = []
    for fact in declared:
        if fact.namespace in taken:
            problems.append(
                Problem(
                    code="PUSHED_FACT_TAKEN",
                    message=f"{fact.namespace}.* is what an installed collector observes.",
                    found=fact.schema.name,
                    hint="Declare the fact under a namespace of its own; those of forges can be freed under "
                    "plumbline.facts.forges.disabled.",
                )
            )
        else:
            usable[fact.schema.name] = fact
    return usable, tuple(problems)


def _record(
    push: Push, namespace: str, states: Mapping[str, FactState], declared: Mapping[str, Declared]
) -> FactRecord:
    facts = {n: state for n, state in states.items() if declared[n].namespace == namespace}
    ttls = [ttl for name in facts if (ttl := declared[name].ttl) is not None]
    return FactRecord(
        ref=push.ref,
        collector=namespace,
        version=VERSION,
        url=push.run,
        revision=push.revision,
        observed_at=push.observed_at,
        valid_until=push.observed_at + min(ttls) if ttls else None,
        facts=facts,
    )


def _undeclared(name: str, declared: Mapping[str, Declared]) -> Problem:
    near = nearest(name, list(declared))
    known = listing(sorted(declared)) if declared else "none"
    return Problem(
        code="FACT_UNDECLARED",
        message=f"there is no fact `{quote(name)}` that may be pushed",
        pointer=f"/facts/{quote(name)}",
        found=quote(name),
        hint=f"Did you mean `{near}`?"
        if near
        else "Declare it under plumbline.facts.pushed, or switch on the pack that does with "
        f"`source: push`; declared are {known}.",
    )


def _wrong(name: str, value: JsonValue, expected: str) -> Problem:
    return Problem(
        code="FACT_TYPE",
        message=f"`{name}` is not {expected}",
        pointer=f"/facts/{name}",
        found=quote(value),
        expected=expected,
    )
