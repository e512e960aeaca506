"""Exemptions: somebody's decision that a check is not asked of an entity, for a reason, until a day.

A pure life cycle: requested, then approved, denied or withdrawn; what was approved is revoked or
expires. Nothing is ever changed or taken back: each step is added, with who, when and why. What an
exemption does to results is in `scorecards.decisions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from catalog.problems import Problem


class State(StrEnum):
    """Where an exemption is in its life."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"


NEXT: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.REQUESTED: frozenset({State.APPROVED, State.DENIED, State.WITHDRAWN}),
        State.APPROVED: frozenset({State.REVOKED, State.EXPIRED}),
        State.DENIED: frozenset(),
        State.WITHDRAWN: frozenset(),
        State.REVOKED: frozenset(),
        State.EXPIRED: frozenset(),
    }
)
"""The states that may follow each state; the others are ends."""


class Ground(StrEnum):
    """What kind of reason a request has; rules that are often exempted are judged by it."""

    RISK_ACCEPTED = "risk_accepted"
    NOT_FEASIBLE_YET = "not_feasible_yet"
    FALSE_POSITIVE = "false_positive"
    COMPENSATED = "compensated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a check should not be asked."""

    ground: Ground
    text: str
    """In the words of who requests it."""
    compensated_by: str = ""
    """What does the check's work instead; asked for where the ground is `compensated`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OneEntity:
    """The exemption is for this entity, whether it exists (yet) or not."""

    ref: str
    """Canonical."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matching:
    """The exemption is for whatever the filter matches at the time of asking."""

    filter: str
    """Backstage's form: `kind=component,spec.lifecycle=experimental`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What is exempt from what."""

    scorecard: str
    check: str | None
    """Id of the check; None: every check of the scorecard."""
    whom: OneEntity | Matching


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What somebody did, or what time did: the actor is '' then."""

    state: State
    """That it came to."""
    actor: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemption:
    """An exemption with its whole life."""

    id: int
    scope: Scope
    reason: Reason
    expires_at: datetime
    steps: tuple[Step, ...]
    """The oldest first; the first is the request."""

    @property
    def state(self) -> State:
        """Where it is now."""
        return self.steps[-1].state

    @property
    def requested_by(self) -> str:
        """Who asked for it."""
        return self.steps[0].actor


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How much may be exempt at a time; an exemption counts once for each entity that it covers."""

    most: int | None = None
    """Exempted entities; None: any number."""
    share: float | None = None
    """The same as a part, 0 to 1, of the entities that are assessed; None: any part."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the configuration says of exemptions."""

    longest: timedelta = timedelta(days=180)
    """From the request, or the approval, to the expiry."""
    self_approval: bool = False
    """Whether who requests one may approve it, too."""
    approvers: tuple[str, ...] = ()
    """Who may approve, deny and revoke: actors, and groups they act for; empty: everyone."""
    per_owner: Budget = Budget()
    per_scorecard: Budget = Budget()


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who acts."""

    name: str
    """'' where nobody said who they are."""
    groups: tuple[str, ...] = ()
    """Refs that they act for besides."""


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
    if not reason.text.strip():
        return _fault("EXEMPTION_REASON", "/reason/text", "why is not said", "Say it in a sentence")
    if (reason.ground is Ground.COMPENSATED) != bool(reason.compensated_by.strip()):
        hint = "Say what compensates where, and only where, the ground is `compensated`"
        return _fault(
            "EXEMPTION_REASON", "/reason/compensatedBy", "it does not fit the ground", hint
        )
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
    if fault := _step_fault(exemption, State.APPROVED, now) or _not_theirs(actor, policy):
        return fault
    if fault := _own(exemption, actor, policy) or _expiry_fault(exemption.expires_at, policy, now):
        return fault
    for spending in spendings:
        if fault := _overspent(spending):
            return fault
    return _step(exemption, State.APPROVED, actor.name, now, reason)


def deny(
    exemption: Exemption, *, actor: Actor, policy: Policy, now: datetime, reason: str
) -> Decided:
    """The exemption as denied, or why it cannot be."""
    if fault := _step_fault(exemption, State.DENIED, now) or _not_theirs(actor, policy):
        return fault
    return _step(exemption, State.DENIED, actor.name, now, reason)


def withdraw(exemption: Exemption, *, actor: Actor, now: datetime, reason: str = "") -> Decided:
    """The request taken back by who made it, or why it cannot be."""
    if fault := _step_fault(exemption, State.WITHDRAWN, now):
        return fault
    if fault := _not_by(exemption, actor):
        return fault
    return _step(exemption, State.WITHDRAWN, actor.name, now, reason)


def revoke(
    exemption: Exemption, *, actor: Actor, policy: Policy, now: datetime, reason: str
) -> Decided:
    """The approval taken back before its time, or why it cannot be."""
    if fault := _step_fault(exemption, State.REVOKED, now) or _not_theirs(actor, policy):
        return fault
    return _step(exemption, State.REVOKED, actor.name, now, reason)


def choices(
    exemption: Exemption, *, actor: Actor, policy: Policy, now: datetime
) -> dict[State, Problem | None]:
    """What somebody can bring an exemption to, each with why this actor may not; None: they may.

    Whether there is room in the budgets is seen when it is done.
    """
    state = settled(exemption, now=now).state
    found: dict[State, Problem | None] = {}
    for wanted in State:
        if wanted in NEXT[state] and wanted is not State.EXPIRED:
            match wanted:
                case State.WITHDRAWN:
                    found[wanted] = _not_by(exemption, actor)
                case State.APPROVED:
                    found[wanted] = _not_theirs(actor, policy) or _own(exemption, actor, policy)
                case _:
                    found[wanted] = _not_theirs(actor, policy)
    return found


def settled(exemption: Exemption, *, now: datetime) -> Exemption:
    """The exemption as it is at `now`: what was approved has expired when its time has come."""
    if exemption.state is not State.APPROVED or now < exemption.expires_at:
        return exemption
    return _step(exemption, State.EXPIRED, "", exemption.expires_at, "its time has come")


def is_active(exemption: Exemption, *, now: datetime) -> bool:
    """Whether it holds at `now`."""
    return settled(exemption, now=now).state is State.APPROVED


def _step(exemption: Exemption, state: State, actor: str, at: datetime, reason: str) -> Exemption:
    return replace(
        exemption,
        steps=(*exemption.steps, Step(state=state, actor=actor, at=at, reason=reason)),
    )


def _step_fault(exemption: Exemption, wanted: State, now: datetime) -> Problem | None:
    state = settled(exemption, now=now).state
    if wanted in NEXT[state]:
        return None
    hint = (
        f"From here it can be {' or '.join(sorted(NEXT[state]))}"
        if NEXT[state]
        else ("Request a new one")
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


def _own(exemption: Exemption, actor: Actor, policy: Policy) -> Problem | None:
    if actor.name != exemption.requested_by or policy.self_approval:
        return None
    message = "who requests an exemption may not approve it"
    return _fault("EXEMPTION_OWN", "", message, "Ask somebody else to approve it")


def _not_by(exemption: Exemption, actor: Actor) -> Problem | None:
    if actor.name == exemption.requested_by:
        return None
    message = f"only {exemption.requested_by} can withdraw it"
    return _fault("EXEMPTION_NOT_YOURS", "", message, "Deny it instead")


def _not_theirs(actor: Actor, policy: Policy) -> Problem | None:
    if not policy.approvers or {actor.name, *actor.groups} & set(policy.approvers):
        return None
    message = f"{actor.name or 'nobody'} is not among those who decide on exemptions"
    hint = "Those who do are listed under plumbline.exemptions.approvers"
    return _fault("EXEMPTION_NOT_AN_APPROVER", "", message, hint)


def _overspent(spending: Spending) -> Problem | None:
    budget, wanted = spending.budget, spending.used + spending.added
    limits = []
    if budget.most is not None:
        limits.append(budget.most)
    if budget.share is not None:
        limits.append(int(budget.share * spending.population))
    if not limits or wanted <= min(limits) or not spending.added:
        return None
    return Problem(
        code="EXEMPTION_BUDGET",
        message=f"{spending.whose} would have {wanted} exempted entities",
        found=str(wanted),
        expected=f"at most {min(limits)}",
        hint="Revoke one that is no longer needed, or mend what can be mended",
    )


def _fault(code: str, pointer: str, message: str, hint: str) -> Problem:
    return Problem(code=code, message=message, pointer=pointer, hint=hint)
