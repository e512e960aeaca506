"""Exemptions asked for and decided on: what the API and the pages do alike.

Each function is one transaction. What the sender can mend is a `Problem`, with the place in the
request; what is decided asks for the assessment of whom it concerns.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from catalog.problems import Problem
from portal.auth import Caller, User, actor_of
from portal.db.people import exemptions as store
from portal.db.people.spending import spendings
from portal.db.state import Connection
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane
from scorecards.people import exempting
from scorecards.people.exempting import Decided
from scorecards.people.exemptions import Actor, Exemption, Reason, Scope, State


class Decision(StrEnum):
    """What can be done about an exemption."""

    APPROVE = "approve"
    DENY = "deny"
    REVOKE = "revoke"
    WITHDRAW = "withdraw"


LEADS_TO = {
    Decision.APPROVE: State.APPROVED,
    Decision.DENY: State.DENIED,
    Decision.REVOKE: State.REVOKED,
    Decision.WITHDRAW: State.WITHDRAWN,
}

NOT_THEIRS = frozenset({"EXEMPTION_OWN", "EXEMPTION_NOT_AN_APPROVER", "EXEMPTION_NOT_YOURS"})
"""Codes of the problems that somebody else would not have."""

Seen = Callable[[Exemption], None]
"""Is called with the exemption as it is; raises where its sender has seen another one."""


def acting(caller: Caller) -> Actor:
    """Who acts, and whom they act for."""
    groups = caller.ownership if isinstance(caller, User) else ()
    return Actor(name=actor_of(caller), groups=groups)


def tag_of(exemption: Exemption) -> str:
    """Changes with every step."""
    return f"exemption-{exemption.id}-{len(exemption.steps)}"


def scope_fault(portal: Portal, scope: Scope) -> Problem | None:
    """What a scope names that there is not."""
    card = portal.cards.get(scope.scorecard)
    if card is None:
        return _fault("/scorecard", "there is no scorecard of this name", scope.scorecard)
    if scope.check is not None and scope.check not in {check.id for check in card.checks}:
        return _fault("/check", "the scorecard has no check with this id", scope.check)
    return None


def ask_for(
    portal: Portal, scope: Scope, *, reason: Reason, expires_at: datetime, actor: Actor
) -> Decided:
    """A new request, stored; or what is wrong with it."""
    if fault := scope_fault(portal, scope):
        return fault
    with portal.database.write() as connection:
        made = exempting.request(
            id=store.free_id(connection),
            scope=scope,
            reason=reason,
            expires_at=expires_at,
            actor=actor,
            policy=portal.settings.exemptions,
            now=portal.now(),
        )
        if isinstance(made, Exemption):
            store.put(connection, made)
    return made


def decide(
    portal: Portal, number: int, decision: Decision, *, actor: Actor, reason: str, seen: Seen
) -> Decided | None:
    """The exemption after a decision, stored; or why it cannot be; None: there is none."""
    now = portal.now()
    with portal.database.write() as connection:
        found = store.find(connection, number, now=now)
        if found is None:
            return None
        seen(found)
        done = _step(portal, connection, found, decision, actor, reason, now)
        if isinstance(done, Exemption):
            store.put(connection, done)
    if isinstance(done, Exemption) and done.state in (State.APPROVED, State.REVOKED):
        portal.work.request(ASSESS, Lane.PERSON)
    return done


def _step(
    portal: Portal,
    connection: Connection,
    found: Exemption,
    decision: Decision,
    actor: Actor,
    reason: str,
    now: datetime,
) -> Decided:
    policy = portal.settings.exemptions
    match decision:
        case Decision.APPROVE:
            return exempting.approve(
                found,
                actor=actor,
                policy=policy,
                spendings=spendings(connection, found, policy, now=now),
                now=now,
                reason=reason,
            )
        case Decision.DENY:
            return exempting.deny(found, actor=actor, policy=policy, now=now, reason=reason)
        case Decision.REVOKE:
            return exempting.revoke(found, actor=actor, policy=policy, now=now, reason=reason)
        case Decision.WITHDRAW:
            return exempting.withdraw(found, actor=actor, now=now, reason=reason)


def _fault(pointer: str, message: str, found: str) -> Problem:
    return Problem(code="EXEMPTION_SCOPE", message=message, pointer=pointer, found=found)
