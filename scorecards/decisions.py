"""Decisions: what people said about the checks of an entity, put over what its rules said.

An exemption makes a check exempt, and what it would have said is kept beside it. What was examined
stays examined: only the outcome that counts changes, and the levels with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scorecards.levels import reached
from scorecards.results import CheckResult, Excuse, Outcome, ScorecardResult
from scorecards.scorecard import Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """An active exemption, as it concerns one entity."""

    exemption: int
    """Its id."""
    scorecard: str
    check: str | None
    """None: every check."""
    until: datetime
    """When it expires."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """All that people decided about one entity."""

    grants: tuple[Grant, ...] = ()


NO_DECISIONS = Decisions()


def decided(card: Scorecard, result: ScorecardResult, decisions: Decisions) -> ScorecardResult:
    """The result with the decisions that hold when it was made; `card` is what it was made with."""
    now = result.evaluated_at
    grants = [g for g in decisions.grants if g.scorecard == card.name and now < g.until]
    if not grants:
        return result
    results = tuple(_excused(said, grants) for said in result.results)
    levels = reached(
        len(card.levels), [check.level for check in card.checks], [r.outcome for r in results]
    )
    return replace(result, results=results, proven=levels.proven, possible=levels.possible)


def _excused(said: CheckResult, grants: list[Grant]) -> CheckResult:
    """The check as exempt; one that does not apply has nothing to be exempt from."""
    fitting = [grant for grant in grants if grant.check in (None, said.check)]
    if not fitting or said.outcome is Outcome.NOT_APPLICABLE:
        return said
    grant = max(fitting, key=lambda grant: (grant.until, grant.exemption))
    return replace(
        said,
        outcome=Outcome.EXEMPT,
        reason=f"exempt until {grant.until.date().isoformat()} (exemption {grant.exemption})",
        excuse=Excuse(
            exemption=grant.exemption, until=grant.until, outcome=said.outcome, reason=said.reason
        ),
    )
