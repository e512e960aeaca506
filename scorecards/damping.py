"""Damping: a check that passed fails only when its failure lasts.

Some facts come and go: a flaky pipeline, a probe between two deployments. A check with a `grace`
keeps its pass for that long after the first failure; a pass in between ends the matter. Only the
step from pass to fail is damped. Good news counts at once, and so does not knowing: a pass that is
no longer known is not kept as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scorecards.results import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """The outcome counts as it was found."""

    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A failure was found, and the pass before it still counts."""

    since: datetime
    """When the failure was first found."""
    until: datetime
    """When it will count, if it lasts."""


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
