"""The form that asks for an exemption: what was typed, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from catalog.errors import RefError
from catalog.problems import Problem
from catalog.refs import parse_ref
from portal.ui.models.people.exemptions import LONGEST_TEXT, sentence
from scorecards.people.exemptions import Ground, OneEntity, Policy, Reason, Scope
from scorecards.scorecard import Check, Scorecard

USUAL = timedelta(days=30)
"""How long the form proposes."""
_SPACE = re.compile(r"\s")
_FIELDS = {
    "/scorecard": "scorecard",
    "/check": "check",
    "/reason/text": "text",
    "/reason/compensatedBy": "compensated_by",
    "/expiresAt": "expires_on",
}
"""Fields of the form, by the place that a problem names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestForm:
    """What was typed into the form, and what is wrong with it."""

    scorecard: str = ""
    check: str = ""
    """'' for every check."""
    ref: str = ""
    ground: str = ""
    text: str = ""
    compensated_by: str = ""
    expires_on: str = ""
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def fault(self) -> dict[str, str]:
        """What is wrong, by field."""
        return dict(self.faults)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A form that can be sent on."""

    scope: Scope
    reason: Reason
    expires_at: datetime


def read_form(fields: Mapping[str, str]) -> RequestForm:
    """What a form or a link says."""

    def typed(name: str) -> str:
        return fields.get(name, "").strip()

    return RequestForm(
        scorecard=typed("scorecard"),
        check=typed("check"),
        ref=typed("ref"),
        ground=typed("ground"),
        text=typed("text"),
        compensated_by=typed("compensated_by"),
        expires_on=typed("expires_on"),
    )


def proposed(form: RequestForm, now: datetime, policy: Policy) -> RequestForm:
    """The form with what can be proposed."""
    day = (now + min(USUAL, policy.longest)).date()
    return replace(form, expires_on=form.expires_on or day.isoformat())


def request_of(form: RequestForm) -> Request | RequestForm:
    """What the form asks for, or the form with what is wrong."""
    faults: dict[str, str] = {}
    ref, expires_at = "", None
    try:
        # As on the command line and in the editor, a name alone is that of a component.
        ref = str(parse_ref(form.ref, default_kind="component"))
    except RefError:
        ref = ""
    if not form.ref:
        faults["ref"] = "Which entity is not said."
    elif not ref or _SPACE.search(ref):
        faults["ref"] = "Name it as its page does, component:default/basket, not by its title."
    if form.ground not in set(Ground):
        faults["ground"] = "Choose what kind of reason it is."
    if not form.text:
        faults["text"] = "Say why, in a sentence."
    for name in ("text", "compensated_by"):
        if len(getattr(form, name)) > LONGEST_TEXT:
            faults[name] = f"This is longer than {LONGEST_TEXT:,} characters."
    try:
        expires_at = datetime.combine(date.fromisoformat(form.expires_on), time(), UTC)
    except ValueError:
        faults["expires_on"] = "This is not a day as 2026-03-01."
    if faults or expires_at is None:
        return replace(form, faults=tuple(faults.items()))
    return Request(
        scope=Scope(scorecard=form.scorecard, check=form.check or None, whom=OneEntity(ref=ref)),
        reason=Reason(
            ground=Ground(form.ground), text=form.text, compensated_by=form.compensated_by
        ),
        expires_at=expires_at,
    )


def with_problem(form: RequestForm, problem: Problem, policy: Policy) -> RequestForm:
    """The form with a problem at its field."""
    field = _FIELDS.get(problem.pointer, "")
    text = sentence(problem)
    if field == "expires_on":
        text = f"It has to end after today, and within {policy.longest.days} days."
    return replace(form, faults=((field, text),))


def chosen_check(cards: Sequence[Scorecard], form: RequestForm) -> Check | None:
    """The check that the form is about; None: every check, or none that there is."""
    return next(
        (
            check
            for card in cards
            if card.name == form.scorecard
            for check in card.checks
            if check.id == form.check
        ),
        None,
    )
