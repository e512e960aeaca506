"""Exemptions: somebody's decision that a check is not asked of an entity, for a reason, until a day.

A pure life cycle: requested, then approved, denied or withdrawn; what was approved is revoked or
expires. Nothing is ever changed or taken back: each step is added, with who, when and why. What is
here says what an exemption is and who may bring it where; the steps themselves are taken in
`scorecards.people.exempting`, and what an exemption does to results is in `scorecards.evaluation.decisions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

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


def choices(
    exemption: Exemption, *, actor: Actor, policy: Policy, now: datetime
) -> dict[State, Problem | None]:
    """What somebody can bring an exemption to, each with why this actor may not; None: they may.

    Whether there is room in the budgets is seen when it is done.
    """
    state = settled(exemption, now=now).state
    return {
        wanted: permission_fault(exemption, wanted, actor=actor, policy=policy)
        for wanted in State
        if wanted in NEXT[state] and wanted is not State.EXPIRED
    }


def permission_fault(
    exemption: Exemption, wanted: State, *, actor: Actor, policy: Policy
) -> Problem | None:
    """Why this actor may not bring an exemption to a state; None: they may."""
    match wanted:
        case State.WITHDRAWN:
            return requester_fault(exemption, actor)
        case State.APPROVED:
            return _approver_fault(actor, policy) or _own_fault(exemption, actor, policy)
        case _:
            return _approver_fault(actor, policy)


def requester_fault(exemption: Exemption, actor: Actor) -> Problem | None:
    """Why somebody who has not requested the exemption may not withdraw it."""
    if actor.name == exemption.requested_by:
        return None
    message = f"only {exemption.requested_by} can withdraw it"
    return Problem(code="EXEMPTION_NOT_YOURS", message=message, hint="Deny it instead")


def settled(exemption: Exemption, *, now: datetime) -> Exemption:
    """The exemption as it is at `now`: what was approved has expired when its time has come."""
    if exemption.state is not State.APPROVED or now < exemption.expires_at:
        return exemption
    return stepped(exemption, State.EXPIRED, "", exemption.expires_at, "its time has come")


def stepped(exemption: Exemption, state: State, actor: str, at: datetime, reason: str) -> Exemption:
    """The exemption with one more step."""
    return replace(
        exemption,
        steps=(*exemption.steps, Step(state=state, actor=actor, at=at, reason=reason)),
    )


def _own_fault(exemption: Exemption, actor: Actor, policy: Policy) -> Problem | None:
    if actor.name != exemption.requested_by or policy.self_approval:
        return None
    message = "who requests an exemption may not approve it"
    return Problem(code="EXEMPTION_OWN", message=message, hint="Ask somebody else to approve it")


def _approver_fault(actor: Actor, policy: Policy) -> Problem | None:
    if not policy.approvers or {actor.name, *actor.groups} & set(policy.approvers):
        return None
    message = f"{actor.name or 'nobody'} is not among those who decide on exemptions"
    hint = "Those who do are listed under plumbline.exemptions.approvers"
    return Problem(code="EXEMPTION_NOT_AN_APPROVER", message=message, hint=hint)
