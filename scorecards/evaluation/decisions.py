"""Decisions: what people said about the checks of an entity, put over what its rules said.

An answer says what a manual check could not know. An exemption makes a check exempt, and what it
would have said is kept beside it. Levels follow the outcomes that count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.problems import JsonValue
from scorecards.evaluation.layouts import Layout
from scorecards.evaluation.packing import PackedResult, pack, unpack
from scorecards.facts import Unknown
from scorecards.knowledge import rfc3339
from scorecards.levels import releveled
from scorecards.results import ANSWER, CheckResult, Excuse, Outcome, ScorecardResult
from scorecards.rules import Manual
from scorecards.scorecard import Check, Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """An active exemption, as it concerns one entity."""

    exemption: int
    """Its id."""
    scorecard: str
    check: str | None
    """None: every check."""
    until: datetime
    """When it expires."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person said to a manual check of one entity."""

    scorecard: str
    check: str
    passes: bool
    actor: str
    """'' where nobody said who they are."""
    comment: str
    evidence: str
    """URL of what shows it; '' where there is none."""
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """All that people decided about one entity."""

    grants: tuple[Grant, ...] = ()
    answers: tuple[Answer, ...] = ()
    """The latest to each check."""


def is_answer(check: Check, said: CheckResult) -> bool:
    """Whether the result is that of a person, or that nobody has answered (yet, or any more)."""
    asked = said.outcome in (Outcome.PASS, Outcome.FAIL) or ANSWER in said.unknown
    return isinstance(check.rule, Manual) and asked


def decided(card: Scorecard, result: ScorecardResult, decisions: Decisions) -> ScorecardResult:
    """The result with the decisions that hold when it was made; `card` is what it was made with."""
    now = result.evaluated_at
    answers = {a.check: a for a in decisions.answers if a.scorecard == card.name}
    grants = [g for g in decisions.grants if g.scorecard == card.name and now < g.until]
    if not answers and not grants:
        return result
    results = tuple(
        _excused(_answered(said, answers.get(said.check), now), grants) for said in result.results
    )
    return releveled(card, result, results)


def decided_packed(
    card: Scorecard,
    packed: PackedResult,
    decisions: Decisions,
    layouts: Mapping[str, Layout],
    *,
    now: datetime,
) -> PackedResult:
    """The same of a packed result that was made at `now`; `layouts` are by digest."""
    about = {a.scorecard for a in decisions.answers} | {g.scorecard for g in decisions.grants}
    if card.name not in about:
        return packed
    found = unpack(packed, layouts, ref="", evaluated_at=now)
    after = decided(card, found, decisions)
    return packed if after is found else pack(after)


def _answered(said: CheckResult, answer: Answer | None, now: datetime) -> CheckResult:
    """A manual check with its answer, or with why that no longer holds."""
    if answer is None or ANSWER not in said.unknown:
        return said
    who = answer.actor or "somebody"
    observed: dict[str, JsonValue] = {
        "answer": "pass" if answer.passes else "fail",
        "answered by": who,
        "answered at": rfc3339(answer.at),
        "holds until": rfc3339(answer.expires_at),
        "comment": answer.comment,
        "evidence": answer.evidence or None,
    }
    if now >= answer.expires_at:
        reason = f"the answer of {who} has expired on {answer.expires_at.date().isoformat()}"
        stale = {ANSWER: Unknown.STALE.value}
        return replace(said, reason=reason, observed=observed, unknown=stale)
    return replace(
        said,
        outcome=Outcome.PASS if answer.passes else Outcome.FAIL,
        reason="" if answer.passes else f"{who} says no: {answer.comment}",
        observed=observed,
        unknown={},
    )


def _excused(said: CheckResult, grants: list[Grant]) -> CheckResult:
    """The check as exempt; one that does not apply has nothing to be exempt from."""
    fitting = [grant for grant in grants if grant.check in (None, said.check)]
    if not fitting or said.outcome is Outcome.NOT_APPLICABLE:
        return said
    grant = max(fitting, key=lambda grant: (grant.until, grant.exemption))
    return replace(
        said,
        outcome=Outcome.EXEMPT,
        reason=f"exempt until {grant.until.date().isoformat()} (exemption {grant.exemption})",
        excuse=Excuse(
            exemption=grant.exemption, until=grant.until, outcome=said.outcome, reason=said.reason
        ),
    )
