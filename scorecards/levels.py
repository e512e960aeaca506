"""Levels: how far up its ladder an entity is, for certain and at best.

A level is reached when nothing at it or below it blocks. A failed check blocks; one that does not
apply, or is exempt, does not; one that is unknown or broken blocks the proven level and not the
possible one. Where nothing was examined at all, nothing is reached; what is unknown may turn out not to
apply, so that nothing is proven before a check has passed or failed. Checks that do not count (yet, or
any more) have no part in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from scorecards.lifecycle import counts
from scorecards.results import LETTERS, CheckResult, Outcome, ScorecardResult
from scorecards.scorecard import Check, Scorecard

_OPEN = frozenset({Outcome.UNKNOWN, Outcome.ERROR})
_EXCUSED = frozenset({Outcome.NOT_APPLICABLE, Outcome.EXEMPT})
_EXCUSED_LETTERS = "".join(LETTERS[outcome] for outcome in sorted(_EXCUSED))
_PASSED_LETTERS = LETTERS[Outcome.PASS] + _EXCUSED_LETTERS


class Reached(NamedTuple):
    """Two indexes into a scorecard's levels; equal means: certain."""

    proven: int
    possible: int


def reached(levels: int, checks: Sequence[int], outcomes: Sequence[Outcome]) -> Reached:
    """The levels reached on a ladder of `levels` steps.

    `checks` has the level of each check, `outcomes` what it said, in the same order.
    """
    proven = possible = levels
    examined = known = False
    for level, outcome in zip(checks, outcomes, strict=True):
        if outcome in _EXCUSED:
            continue
        examined = True
        known = known or outcome not in _OPEN
        if outcome is Outcome.FAIL:
            possible = min(possible, level)
        if outcome is not Outcome.PASS:
            proven = min(proven, level)
    return Reached(proven - 1 if known else 0, possible - 1) if examined else Reached(0, 0)


def reached_by(levels: int, checks: Sequence[int], letters: str) -> Reached:
    """The same of packed outcomes, where `checks` has the levels in ascending order."""
    if not letters.strip(_EXCUSED_LETTERS):
        return Reached(0, 0)
    failed = letters.find(LETTERS[Outcome.FAIL])
    open_ = len(letters) - len(letters.lstrip(_PASSED_LETTERS))
    known = failed != -1 or LETTERS[Outcome.PASS] in letters
    return Reached(
        (levels if open_ == len(letters) else checks[open_]) - 1 if known else 0,
        (levels if failed == -1 else checks[failed]) - 1,
    )


def counting(scorecard: Scorecard, now: datetime) -> tuple[bool, ...]:
    """For each check whether it counts at `now` (`scorecards.lifecycle`), in order."""
    return tuple(counts(check.lifecycle, now) for check in scorecard.checks)


def next_level(scorecard: Scorecard, result: ScorecardResult) -> int | None:
    """Index of the level to reach next, with the levels below it that ask for nothing; None at the top."""
    above = result.proven + 1
    blocked = [
        check.level
        for check, said in zip(scorecard.checks, result.results, strict=True)
        if said.counts and (said.outcome is Outcome.FAIL or said.outcome in _OPEN)
    ]
    return max(above, min(blocked, default=0)) if above < len(scorecard.levels) else None


def gates(scorecard: Scorecard, result: ScorecardResult) -> tuple[tuple[Check, Outcome], ...]:
    """The checks that keep the entity from its next level, with what each of them said."""
    level = next_level(scorecard, result)
    return tuple(
        (check, said.outcome)
        for check, said in zip(scorecard.checks, result.results, strict=True)
        if said.counts
        and check.level == level
        and (said.outcome is Outcome.FAIL or said.outcome in _OPEN)
    )


def releveled(
    card: Scorecard, result: ScorecardResult, results: tuple[CheckResult, ...]
) -> ScorecardResult:
    """The result with other results of its checks, and the levels that follow from them."""
    counted = [(c.level, r.outcome) for c, r in zip(card.checks, results, strict=True) if r.counts]
    levels = reached(len(card.levels), [c[0] for c in counted], [c[1] for c in counted])
    return replace(result, results=results, proven=levels.proven, possible=levels.possible)
