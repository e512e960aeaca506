"""Results: what a check, and a scorecard, said about an entity, with what it was said from.

`outcome_letters` packs the outcomes of a scorecard into one letter for each check, in the order of
the checks, which is how the store counts them without parsing anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.problems import JsonValue


class Outcome(StrEnum):
    """What a check says about an entity. The six are never merged in data (design 2)."""

    PASS = "pass"  # noqa: S105  # an outcome, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    EXEMPT = "exempt"
    ERROR = "error"


LETTERS = {
    Outcome.PASS: "p",
    Outcome.FAIL: "f",
    Outcome.UNKNOWN: "u",
    Outcome.NOT_APPLICABLE: "n",
    Outcome.EXEMPT: "x",
    Outcome.ERROR: "e",
}


ANSWER = "answer"
"""The name under which the answer to a manual check is unknown, where a fact's would be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Excuse:
    """The exemption that a check is under, and what it would have said without."""

    exemption: int
    """Its id."""
    until: datetime
    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A failure was found, and the pass before it still counts."""

    since: datetime
    """When the failure was first found."""
    until: datetime
    """When it will count, if it lasts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What one check said."""

    check: str
    """Id of the check, unique in its scorecard."""
    outcome: Outcome
    reason: str
    """One sentence: why it is unknown, not applicable or an error, or which leaf decided."""
    observed: Mapping[str, JsonValue]
    """By name, the values that were looked at (facts and `observe` expressions)."""
    unknown: Mapping[str, str]
    """By name of the fact, why it was not known: a value of `facts.Unknown`."""
    leaves: tuple[tuple[str, Outcome], ...]
    """Each leaf of the rule in order: its expression and outcome."""
    excuse: Excuse | None = None
    """Of an exempt check."""
    held: Held | None = None
    """Of a pass that is one for a while only: the rule says fail."""
    counts: bool = True
    """Whether it counts for levels: a preview and a retiring check do not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorecardResult:
    """What a scorecard said about one entity."""

    ref: str
    scorecard: str
    """Name of the scorecard."""
    version: str
    """Digest of its definition."""
    proven: int
    """Index into the scorecard's levels: the highest with every check at or below it passing."""
    possible: int
    """The same with every unknown and error taken for a pass; equal to `proven` means: certain."""
    results: tuple[CheckResult, ...]
    """One for each check of the scorecard, in its order."""
    evaluated_at: datetime


def outcome_letters(result: ScorecardResult) -> str:
    """One letter of `LETTERS` for each check, in order."""
    return "".join(LETTERS[r.outcome] for r in result.results)
