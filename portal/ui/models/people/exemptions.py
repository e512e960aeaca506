"""Exemptions as pages show them: the queue, and one with its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.problems import Problem
from portal.db.people.exemption_lists import SOON, Phase
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.looks import Look
from portal.ui.models.paging import Pager
from portal.ui.models.people.steps import StepLine
from portal.use_cases.exempting import LEADS_TO, Decision
from scorecards.people.exemptions import (
    Actor,
    Exemption,
    Ground,
    Matching,
    OneEntity,
    Policy,
    State,
    choices,
    settled,
)
from scorecards.scorecard import Scorecard

LONGEST_TEXT = 2000
"""Characters of what somebody writes."""

STATES = {
    State.REQUESTED: Look(name="warn", word="Requested"),
    State.APPROVED: Look(name="exempt", word="In force"),
    State.DENIED: Look(name="na", word="Denied"),
    State.WITHDRAWN: Look(name="na", word="Withdrawn"),
    State.REVOKED: Look(name="na", word="Revoked"),
    State.EXPIRED: Look(name="na", word="Expired"),
}
STEPS = {**STATES, State.APPROVED: Look(name="exempt", word="Approved")}
GROUNDS = {
    Ground.NOT_FEASIBLE_YET: ("Not feasible yet", "it will be met later"),
    Ground.RISK_ACCEPTED: ("Risk accepted", "it is so, and somebody answers for it"),
    Ground.COMPENSATED: ("Compensated", "something else does the check's work"),
    Ground.FALSE_POSITIVE: ("False positive", "the check is wrong about this entity"),
}
"""In the order of the form: title, and what it says."""
PHASES = {
    Phase.REQUESTED: "Requested",
    Phase.IN_FORCE: "In force",
    Phase.EXPIRING: "Expiring soon",
    Phase.ENDED: "Ended",
}
DECISIONS = {
    Decision.APPROVE: "Approve",
    Decision.DENY: "Deny",
    Decision.REVOKE: "Revoke",
    Decision.WITHDRAW: "Withdraw",
}
NEEDS_NOTE = frozenset({Decision.DENY, Decision.REVOKE})


@dataclass(frozen=True, kw_only=True, slots=True)
class ExemptionLine:
    """One exemption as lists show it."""

    id: int
    look: Look
    scorecard: str
    scorecard_title: str
    check: str
    """Title; '' for every check of the scorecard."""
    check_id: str
    """'' for every check of the scorecard."""
    entity: EntityLink | None
    filter: str
    """'' where it is for one entity."""
    ground: str
    text: str
    compensated_by: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    soon: bool
    """It is in force, and ends soon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """One part of the queue."""

    phase: Phase
    title: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePage:
    """The list of exemptions."""

    phase: Phase
    owner: str
    tabs: tuple[Tab, ...]
    rows: tuple[ExemptionLine, ...]
    pager: Pager

    @property
    def never(self) -> bool:
        """Whether there are none at all, for this owner."""
        return not any(tab.count for tab in self.tabs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Something that can be done about it, or why this person may not."""

    decision: Decision
    title: str
    needs_note: bool
    refused: str
    """'' where it may be done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A decision that was not taken, with what was typed."""

    decision: Decision
    note: str
    fault: str
    """Of the note, or of the decision."""
    stale: bool = False
    """Somebody else was faster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExemptionPage:
    """One exemption with its history."""

    line: ExemptionLine
    tag: str
    """Of what is shown: a decision names it."""
    steps: tuple[StepLine, ...]
    """The newest first."""
    covered: int
    """Entities that it is about, at present."""
    choices: tuple[Choice, ...]
    typed: Typed | None
    asked: bool
    """It was requested a moment ago."""


def exemption_line(
    found: Exemption,
    cards: Mapping[str, Scorecard],
    links: Mapping[str, EntityLink],
    now: datetime,
) -> ExemptionLine:
    """The line of an exemption as it is now; `links` are those of the entities that exist."""
    one = settled(found, now=now)
    whom, card = one.scope.whom, cards.get(one.scope.scorecard)
    titles = {check.id: check.title for check in card.checks} if card else {}
    entity = None
    if isinstance(whom, OneEntity):
        entity = links.get(whom.ref) or link_to(whom.ref, exists=False)
    return ExemptionLine(
        id=one.id,
        look=STATES[one.state],
        scorecard=one.scope.scorecard if card else "",
        scorecard_title=card.title if card else one.scope.scorecard,
        check="" if one.scope.check is None else titles.get(one.scope.check, one.scope.check),
        check_id=one.scope.check or "",
        entity=entity,
        filter=whom.filter if isinstance(whom, Matching) else "",
        ground=GROUNDS[one.reason.ground][0],
        text=one.reason.text,
        compensated_by=one.reason.compensated_by,
        requested_by=one.requested_by,
        requested_at=one.steps[0].at,
        expires_at=one.expires_at,
        soon=one.state is State.APPROVED and one.expires_at <= now + SOON,
    )


def step_lines(found: Exemption, now: datetime) -> tuple[StepLine, ...]:
    """What was done about it, the newest first."""
    return tuple(
        StepLine(look=STEPS[step.state], actor=step.actor, at=step.at, reason=step.reason)
        for step in reversed(settled(found, now=now).steps)
    )


def decision_choices(
    found: Exemption, *, actor: Actor, policy: Policy, now: datetime
) -> tuple[Choice, ...]:
    """What can be done about it, and by whom not; what only its requester may do is theirs alone."""
    possible = choices(found, actor=actor, policy=policy, now=now)
    return tuple(
        Choice(
            decision=decision,
            title=DECISIONS[decision],
            needs_note=decision in NEEDS_NOTE,
            refused="" if problem is None else sentence(problem),
        )
        for decision, state in LEADS_TO.items()
        if state in possible
        for problem in [possible[state]]
        if problem is None or decision is not Decision.WITHDRAW
    )


def sentence(problem: Problem) -> str:
    """A problem in one or two sentences."""
    text = f"{problem.message[:1].upper()}{problem.message[1:]}."
    parts = [text]
    if problem.expected and problem.found and problem.code == "EXEMPTION_BUDGET":
        parts.append(f"The budget is {problem.expected}.")
    if problem.hint:
        parts.append(f"{problem.hint}.")
    return " ".join(parts)
