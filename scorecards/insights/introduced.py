"""Introduced: what a change of a repository does to its scorecards, told apart from what was there.

A change is answered for what it makes worse. What failed before it is shown and not held against it,
and an entity that the change adds has no before: its failing checks are shown as the start that it is.
Nor is a change answered for a check that only applies because of it, unless a level is lost: whoever
writes the first page of documentation is not to be stopped because there is no second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scorecards.results import CheckResult, Outcome, ScorecardResult
from scorecards.scorecard import Check, Scorecard


class Verdict(StrEnum):
    """What the change does to a check."""

    INTRODUCED = "introduced"
    """It fails now, and did not before, of an entity that was there."""
    ASKED = "asked"
    """It fails now and did not apply before, and the entity is on no lower level for it."""
    FIXED = "fixed"
    """It passes now, and did not before."""
    BLURRED = "blurred"
    """It cannot be told any more, and could before."""
    OTHER = "other"
    """It says something else, and that is not worse: it applies no more, or does not count yet."""
    STANDING = "standing"
    """It says what it said before."""
    NEW = "new"
    """The entity is new."""


_OPEN = frozenset({Outcome.UNKNOWN, Outcome.ERROR})


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckChange:
    """A check before and after."""

    check: Check
    before: Outcome | None
    """None: it was not asked."""
    after: CheckResult
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class CardChange:
    """An entity on a scorecard, before and after."""

    ref: str
    scorecard: Scorecard
    before: ScorecardResult | None
    """None: the entity is new, or the scorecard did not apply to it."""
    after: ScorecardResult
    checks: tuple[CheckChange, ...]
    """In the order of the scorecard."""

    @property
    def changes(self) -> bool:
        """Whether there is anything to tell."""
        return any(check.verdict is not Verdict.STANDING for check in self.checks)

    def of(self, verdict: Verdict) -> tuple[CheckChange, ...]:
        """The checks to which the change does this."""
        return tuple(check for check in self.checks if check.verdict is verdict)


def card_changes(
    scorecards: Mapping[str, Scorecard],
    before: Iterable[ScorecardResult] | None,
    after: Sequence[ScorecardResult],
) -> tuple[CardChange, ...]:
    """What changed between two sets of results of the same scorecards, by entity as in `after`.

    Without a `before` everything is standing: there is nothing to compare with.
    """
    earlier = {(result.ref, result.scorecard): result for result in before or ()}
    there = {ref for ref, _ in earlier}
    return tuple(
        _card(
            scorecards[result.scorecard],
            earlier.get((result.ref, result.scorecard)),
            result,
            compared=before is not None,
            known=result.ref in there,
        )
        for result in after
        if result.scorecard in scorecards
    )


def _card(
    scorecard: Scorecard,
    before: ScorecardResult | None,
    after: ScorecardResult,
    *,
    compared: bool,
    known: bool,
) -> CardChange:
    earlier = {} if before is None else {said.check: said.outcome for said in before.results}
    falls = before is None or (after.proven, after.possible) < (before.proven, before.possible)
    checks = []
    for check, said in zip(scorecard.checks, after.results, strict=True):
        was = earlier.get(check.id)
        verdict = Verdict.STANDING
        if compared:
            verdict = _verdict(was, said, falls=falls) if known else Verdict.NEW
        checks.append(CheckChange(check=check, before=was, after=said, verdict=verdict))
    return CardChange(
        ref=after.ref, scorecard=scorecard, before=before, after=after, checks=tuple(checks)
    )


def _verdict(before: Outcome | None, said: CheckResult, *, falls: bool) -> Verdict:
    """What happened to a check of an entity that was there, which `falls` to a lower level, or does not.

    Where the scorecard newly applies to an entity that was there, its failures are introduced.

    A check that does not count (yet) is held against nobody.
    """
    after = said.outcome
    if before is after:
        return Verdict.STANDING
    if after is Outcome.FAIL and not said.counts:
        return Verdict.OTHER
    if after is Outcome.FAIL:
        asked = before is Outcome.NOT_APPLICABLE and not falls
        return Verdict.ASKED if asked else Verdict.INTRODUCED
    if after is Outcome.PASS:
        return Verdict.FIXED
    if after in _OPEN and before not in _OPEN:
        return Verdict.BLURRED
    return Verdict.OTHER
