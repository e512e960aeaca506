"""Exempting: what becomes of an exemption that somebody requests, decides on or takes back.

Each function gives the exemption with one more step, or the `Problem` that keeps it from being taken.
Who may do what is in `scorecards.people.exemptions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias

from catalog.problems import Problem
from scorecards.people.exemptions import (
    NEXT,
    Actor,
    Budget,
    Exemption,
    Ground,
    Policy,
    Reason,
    Scope,
    State,
    Step,
    permission_fault,
    requester_fault,
    settled,
    stepped,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spending:
    """What an approval would come to, for one owner or one scorecard."""

    whose: str
    """Ref of the owner, or name of the scorecard."""
    budget: Budget
    used: int
    """By the active exemptions."""
    added: int
    """By this one."""
    population: int
    """Entities that are assessed."""


Decided: TypeAlias = Exemption | Problem


def request(
    *,
    id: int,  # noqa: A002 - the field's own word
    scope: Scope,
    reason: Reason,
    expires_at: datetime,
    actor: Actor,
    policy: Policy,
    now: datetime,
) -> Decided:
    """A new exemption, or what is wrong with the request."""
    if fault := _reason_fault(reason):
        return fault
    expires_at = expires_at.replace(microsecond=0)  # what people are shown is what holds
    if fault := _expiry_fault(expires_at, policy, now):
        return fault
    asked = Step(state=State.REQUESTED, actor=actor.name, at=now, reason=reason.text)
    return Exemption(id=id, scope=scope, reason=reason, expires_at=expires_at, steps=(asked,))


def approve(
    exemption: Exemption,
    *,
    actor: Actor,
    policy: Policy,
    spendings: tuple[Spending, ...],
    now: datetime,
    reason: str = "",
) -> Decided:
    """The exemption as approved, or why it cannot be; `spendings` are what it would come to."""
    fault = (
        _state_fault(exemption, State.APPROVED, now)
        or permission_fault(exemption, State.APPROVED, actor=actor, policy=policy)
        or _expiry_fault(exemption.expires_at, policy, now)
        or next(filter(None, map(_overspent, spendings)), None)
    )
    return fault or stepped(exemption, State.APPROVED, actor.name, now, reason)


def deny(
    exemption: Exemption, *, actor: Actor, policy: Policy, now: datetime, reason: str
) -> Decided:
    """The exemption as denied, or why it cannot be."""
    fault = _state_fault(exemption, State.DENIED, now) or permission_fault(
        exemption, State.DENIED, actor=actor, policy=policy
    )
    return fault or stepped(exemption, State.DENIED, actor.name, now, reason)


def withdraw(exemption: Exemption, *, actor: Actor, now: datetime, reason: str = "") -> Decided:
    """The request taken back by who made it, or why it cannot be."""
    fault = _state_fault(exemption, State.WITHDRAWN, now) or requester_fault(exemption, actor)
    return fault or stepped(exemption, State.WITHDRAWN, actor.name, now, reason)


def revoke(
    exemption: Exemption, *, actor: Actor, policy: Policy, now: datetime, reason: str
) -> Decided:
    """The approval taken back before its time, or why it cannot be."""
    fault = _state_fault(exemption, State.REVOKED, now) or permission_fault(
        exemption, State.REVOKED, actor=actor, policy=policy
    )
    return fault or stepped(exemption, State.REVOKED, actor.name, now, reason)


def _reason_fault(reason: Reason) -> Problem | None:
    if not reason.text.strip():
        return Problem(
            code="EXEMPTION_REASON",
            message="why is not said",
            pointer="/reason/text",
            hint="Say it in a sentence",
        )
    if (reason.ground is Ground.COMPENSATED) == bool(reason.compensated_by.strip()):
        return None
    return Problem(
        code="EXEMPTION_REASON",
        message="it does not fit the ground",
        pointer="/reason/compensatedBy",
        hint="Say what compensates where, and only where, the ground is `compensated`",
    )


def _state_fault(exemption: Exemption, wanted: State, now: datetime) -> Problem | None:
    state = settled(exemption, now=now).state
    if wanted in NEXT[state]:
        return None
    hint = (
        f"From here it can be {' or '.join(sorted(NEXT[state]))}"
        if NEXT[state]
        else "Request a new one"
    )
    return Problem(
        code="EXEMPTION_STATE",
        message=f"an exemption that is {state} cannot be {wanted}",
        found=state.value,
        hint=hint,
    )


def _expiry_fault(expires_at: datetime, policy: Policy, now: datetime) -> Problem | None:
    latest = now + policy.longest
    if now < expires_at <= latest:
        return None
    return Problem(
        code="EXEMPTION_EXPIRY",
        message="the expiry has to be ahead, and no later than the configuration allows",
        pointer="/expiresAt",
        found=expires_at.isoformat(),
        expected=f"after {now.isoformat()} and not after {latest.isoformat()}",
        hint="Request it with another expiry; it can be requested again when it ends",
    )


def _overspent(spending: Spending) -> Problem | None:
    budget, wanted = spending.budget, spending.used + spending.added
    limits = []
    if budget.most is not None:
        limits.append(budget.most)
    if budget.share is not None:
        # As it is written: in binary, 0.29 of 100 is a little less than 29.
        limits.append(int(Fraction(str(budget.share)) * spending.population))
    if not limits or wanted <= min(limits) or not spending.added:
        return None
    return Problem(
        code="EXEMPTION_BUDGET",
        message=f"{spending.whose} would have {wanted} exempted entities",
        found=str(wanted),
        expected=f"at most {min(limits)}",
        hint="Revoke one that is no longer needed, or mend what can be mended",
    )
