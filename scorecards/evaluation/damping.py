"""Damping: a check that passed fails only when its failure lasts.

Some facts come and go: a flaky pipeline, a probe between two deployments. A check with a `grace`
keeps its pass for that long after the first failure; a pass in between ends the matter. Only the
step from pass to fail is damped. Good news counts at once, and so does not knowing: a pass that is
no longer known is not kept as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scorecards.knowledge import rfc3339
from scorecards.levels import releveled
from scorecards.results import LETTERS, CheckResult, Held, Outcome, ScorecardResult
from scorecards.scorecard import Check, Scorecard

HELD = "h"
"""Stands for a failure whose pass still counts, among the letters of outcomes."""

UNSURE = "?"
"""Stands for an outcome of which it is not known what it was."""

_OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """The outcome counts as it was found."""

    outcome: Outcome


Standing = Settled | Held


def settle(
    previous: Outcome | None,
    since: datetime | None,
    candidate: Outcome,
    now: datetime,
    *,
    grace: timedelta,
) -> Standing:
    """What counts, where `candidate` was found at `now`.

    `previous` is the outcome that counted before (None: there was none). `since` is when the
    failure was first found while a pass was held; None: it is found for the first time. Whoever
    stores the answer keeps `Held.since` and hands it in again until the answer is `Settled`.
    """
    if previous is not Outcome.PASS or candidate is not Outcome.FAIL:
        return Settled(outcome=candidate)
    began = now if since is None else since
    until = began + grace
    if now >= until:
        return Settled(outcome=candidate)
    return Held(since=began, until=until)


def counting(standing: Standing) -> Outcome:
    """The outcome that counts."""
    return Outcome.PASS if isinstance(standing, Held) else standing.outcome


def would_hold(check: Check, before: str, said: str) -> bool:
    """Whether a pass still counts where a check newly `said` to fail; both are letters of outcomes.

    `before` is what is stored. It is about a failure that is found for the first time, or that is
    found again while its time is not over.
    """
    return bool(check.grace) and before == LETTERS[Outcome.PASS] and said == LETTERS[Outcome.FAIL]


def runs_out_earlier(before: Check, after: Check) -> bool:
    """Whether a pass that is held may be so no more, as the later definition holds it less long."""
    return timedelta(0) < after.grace < before.grace


def places(card: Scorecard) -> tuple[int, ...]:
    """The checks of the scorecard that are damped, by their place."""
    return tuple(place for place, check in enumerate(card.checks) if check.grace)


def damped(
    card: Scorecard, result: ScorecardResult, before: Mapping[str, CheckResult]
) -> ScorecardResult:
    """The result with the passes that still count; `before` is what was stored, by check.

    What an exemption hid counts as what would have been said without it.
    """
    results = tuple(
        _damped(said, before.get(said.check), result.evaluated_at, grace=check.grace)
        for check, said in zip(card.checks, result.results, strict=True)
    )
    return result if results == result.results else releveled(card, result, results)


def _damped(
    said: CheckResult, before: CheckResult | None, now: datetime, *, grace: timedelta
) -> CheckResult:
    if before is None or not grace:
        return said
    was = before.outcome if before.excuse is None else before.excuse.outcome
    since = None if before.held is None else before.held.since
    standing = settle(was, since, said.outcome, now, grace=grace)
    if isinstance(standing, Settled):
        return said
    when = f"counts as a failure from {rfc3339(standing.until)} on if it lasts"
    return replace(said, outcome=Outcome.PASS, reason=f"{when}: {said.reason}", held=standing)


def relived(
    steps: Sequence[tuple[datetime, str]], *, grace: timedelta, sure: bool = True
) -> list[str]:
    """What counted at each of these moments, had `settle` been asked at all of them, in their order.

    Of each the letter that was found: an outcome's, '' where there was no result, or `UNSURE`. Nothing
    counted before the first; without `sure` that is not known. `HELD` stands for a failure that does
    not count yet, and a failure that perhaps does not count is `UNSURE`.
    """
    found = []
    previous: Outcome | None = None
    since: datetime | None = None
    for at, letter in steps:
        if letter == UNSURE:
            sure, since = False, None
        elif sure or letter != LETTERS[Outcome.FAIL]:
            outcome = _OUTCOMES.get(letter)
            standing = (
                None if outcome is None else settle(previous, since, outcome, at, grace=grace)
            )
            since = standing.since if isinstance(standing, Held) else None
            previous = None if standing is None else counting(standing)
            letter = HELD if isinstance(standing, Held) else letter
            sure = True
        else:
            # Perhaps a pass was there before, which would be held as long as this.
            since = since or at
            if at >= since + grace:
                previous, since, sure = Outcome.FAIL, None, True
            else:
                letter = UNSURE
        found.append(letter)
    return found
