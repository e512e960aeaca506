"""Recomputing: a result once more, from nothing but what is kept of it (design, invariant 5)."""

from __future__ import annotations

from collections.abc import Mapping

from portal.db.evaluation.result_history import Basis
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.transitions import Stand
from scorecards.facts import FactSchema
from scorecards.results import LETTERS, Outcome, ScorecardResult
from scorecards.scorecard import Scorecard


def recompute(
    basis: Basis, scorecard: Scorecard, schemas: Mapping[str, FactSchema]
) -> ScorecardResult | None:
    """What the scorecard says of that entity with those facts; None: it does not apply."""
    results = Assessor([scorecard], schemas).assess(basis, now=basis.at)
    return results[0] if results else None


def mismatches(kept: Stand, again: ScorecardResult | None) -> dict[str, tuple[str, str]]:
    """By check, the letters of a kept result that do not come out again, with those that do.

    An exempt check is a decision: it is not compared.
    """
    found = {} if again is None else {said.check: LETTERS[said.outcome] for said in again.results}
    return {
        check: (kept.outcomes.get(check, ""), found.get(check, ""))
        for check in (*kept.outcomes, *found)
        if kept.outcomes.get(check) not in (LETTERS[Outcome.EXEMPT], found.get(check))
    }
