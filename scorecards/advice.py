"""Advice: the steps that lead to the next level, cheapest first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scorecards.levels import gates
from scorecards.results import Outcome, ScorecardResult
from scorecards.scorecard import Scorecard

EFFORTS = ("minutes", "hours", "days")
"""What a check may say about its cost, cheapest first."""


class Action(StrEnum):
    """What to do about a check."""

    FIX = "fix"
    """It fails: its `fix` says how to change that."""
    FIND_OUT = "find_out"
    """It is unknown: get the facts collected first, perhaps there is nothing to fix."""
    REPORT = "report"
    """Its rule is broken: only the owner of the scorecard can mend that."""


_ACTIONS = {Outcome.UNKNOWN: Action.FIND_OUT, Outcome.ERROR: Action.REPORT}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do for the next level."""

    check: str
    """Id of the check."""
    title: str
    action: Action
    effort: str


def next_steps(scorecard: Scorecard, result: ScorecardResult) -> tuple[Step, ...]:
    """Everything between the entity and its next level; empty at the top.

    Cheap before costly, and of the same cost the weightier first.
    """
    blocking = sorted(
        gates(scorecard, result), key=lambda g: (EFFORTS.index(g[0].effort), -g[0].weight)
    )
    return tuple(
        Step(
            check=check.id,
            title=check.title,
            action=_ACTIONS.get(outcome, Action.FIX),
            effort=check.effort,
        )
        for check, outcome in blocking
    )
