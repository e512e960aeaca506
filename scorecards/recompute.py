"""Recomputing: a result once more, from nothing but what is kept of it (design, invariant 5).

What a result was made from is the scorecard in its version, the entity in its version, and the
facts with their provenance. Given these, and when it was, the same engine says the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from scorecards.assessment import Assessor
from scorecards.facts import FactRecord, FactSchema
from scorecards.results import LETTERS, Outcome, ScorecardResult
from scorecards.scorecard import Scorecard
from scorecards.transitions import Stand


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """What a result was made from, beside the scorecard."""

    ref: str
    body: bytes
    """JSON of the entity, in the version that was looked at."""
    records: tuple[FactRecord, ...]
    """The facts, with where each came from."""
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Mismatch:
    """A check that says something else when it is asked again."""

    check: str
    kept: str
    """One of `results.LETTERS`; '': it was not asked then."""
    again: str


def recompute(
    basis: Basis, scorecard: Scorecard, schemas: Mapping[str, FactSchema]
) -> ScorecardResult | None:
    """What the scorecard says of that entity with those facts; None: it does not apply."""
    # An `Assessable` but for its id, which no rule can see.
    results = Assessor([scorecard], schemas).assess(basis, now=basis.at)
    return results[0] if results else None


def mismatches(
    kept: Stand, again: ScorecardResult | None, *, held: Collection[str] = ()
) -> tuple[Mismatch, ...]:
    """Where a kept result is not what comes out again; none: it is proven.

    Exemptions are decisions and not facts: an exempt check is not compared. Nor are those `held`,
    whose failure did not count yet: that is from what was before.
    """
    exempt = LETTERS[Outcome.EXEMPT]
    found = {} if again is None else {said.check: LETTERS[said.outcome] for said in again.results}
    return tuple(
        Mismatch(check=check, kept=kept.outcomes.get(check, ""), again=found.get(check, ""))
        for check in dict.fromkeys((*kept.outcomes, *found))
        if check not in held and kept.outcomes.get(check) not in (exempt, found.get(check))
    )
