"""Tokens on the pages: those there are, and the form that makes one, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from catalog.problems import Problem
from portal.auth.permissions import NAMES
from portal.config.access import PUSH
from portal.db.access.tokens import Act, MadeToken
from portal.ui.models.admin.pages import may
from portal.ui.models.looks import Look
from portal.ui.models.people.exemptions import sentence
from portal.use_cases.issuing import LASTS, State, Wanted, limits, read_limits, state_of

LOOKS = {
    State.ACTIVE: Look(name="pass", word="Active"),
    State.EXPIRES_SOON: Look(name="warn", word="Expires soon"),
    State.EXPIRED: Look(name="na", word="Expired"),
    State.REVOKED: Look(name="na", word="Revoked"),
}
NEVER, SOME, ALL = "never", "some", "all"
LONGEST_LIMITS = 2_000
"""Characters of a list of namespaces or of entities."""

PERIODS = {
    "30": "30 days",
    "90": "90 days",
    "180": "180 days",
    "365": "365 days",
    NEVER: "Never: it is worth something until somebody revokes it",
}
"""Choices of an expiry."""

GROUPS = (
    ("plumbline", "Plumbline"),
    ("catalog", "Backstage's catalog"),
    ("tech-insights", "Backstage's Tech Insights"),
)
"""Plugins, as the form names them."""

_FIELDS = {"/subject": "subject", "/description": "description", "/expiresAt": "expires"}
"""Fields of the form, by the place that a problem names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenLine:
    """A token of the list."""

    id: int
    subject: str
    description: str
    look: Look
    may: tuple[str, ...]
    """One sentence for each plugin; empty: everything."""
    made: Act
    expires_at: datetime | None
    used_at: datetime | None
    revoked: Act | None
    lives: bool
    """It can be revoked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenForm:
    """What was typed, and what is wrong with it."""

    subject: str = ""
    description: str = ""
    reach: str = SOME
    permissions: tuple[str, ...] = (PUSH,)
    facts: str = ""
    entities: str = ""
    expires: str = str(LASTS.days)
    seen: str = ""
    """Id of the newest token when the form was opened."""
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def fault(self) -> dict[str, str]:
        """What is wrong, by field."""
        return dict(self.faults)


def token_line(token: MadeToken, now: datetime) -> TokenLine:
    """A token, in words."""
    return TokenLine(
        id=token.id,
        subject=token.subject,
        description=token.description,
        look=LOOKS[state_of(token, now)],
        may=tuple(map(may, token.restrictions)),
        made=token.made,
        expires_at=token.expires_at,
        used_at=token.used_at,
        revoked=token.revoked,
        lives=token.revoked is None,
    )


def permissions_by_plugin() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The permissions that can be ticked, with what each is for, under the title of its plugin."""
    return tuple(
        (title, tuple((n, text) for n, text in NAMES.items() if n.partition(".")[0] == plugin))
        for plugin, title in GROUPS
    )


def read_form(fields: Mapping[str, Sequence[str]]) -> TokenForm:
    """What a form says."""

    def typed(name: str) -> str:
        return (fields.get(name) or [""])[0].strip().replace("\0", "")

    return TokenForm(
        subject=typed("subject"),
        description=typed("description"),
        reach=ALL if typed("reach") == ALL else SOME,
        permissions=tuple(dict.fromkeys(fields.get("permission", ()))),
        facts=typed("facts")[:LONGEST_LIMITS],
        entities=typed("entities")[:LONGEST_LIMITS],
        expires=typed("expires"),
        seen=typed("seen"),
    )


def wanted_of(form: TokenForm, now: datetime) -> Wanted | TokenForm:
    """The token that the form asks for, or the form with what is wrong."""
    if form.expires not in PERIODS:
        return replace(form, faults=(("expires", "Choose one of the periods."),))
    facts, entities = _words(form.facts), _words(form.entities)
    if form.reach == ALL and (facts or entities):
        text = (
            "A token that may do everything has no limits: leave this empty, or tick what it may."
        )
        return replace(form, faults=(("facts" if facts else "entities", text),))
    if form.reach == SOME and not form.permissions:
        text = "Tick at least one permission: a token that may do nothing is of no use."
        return replace(form, faults=(("permission", text),))
    if (facts or entities) and PUSH not in form.permissions:
        text = f"Namespaces and entities limit {PUSH}, which is not ticked."
        return replace(form, faults=(("facts" if facts else "entities", text),))
    asked = limits(form.permissions, facts=facts, entities=entities) if form.reach == SOME else []
    restrictions = read_limits(asked)
    if isinstance(restrictions, Problem):
        return with_problem(form, restrictions)
    never = form.expires == NEVER
    return Wanted(
        subject=form.subject,
        description=form.description,
        restrictions=restrictions,
        expires_at=None if never else now + timedelta(days=int(form.expires)),
    )


def with_problem(form: TokenForm, problem: Problem) -> TokenForm:
    """The form with a problem at its field."""
    field = _FIELDS.get(problem.pointer, "permission")
    return replace(form, faults=((field, sentence(problem)),))


def lines(found: Iterable[MadeToken], now: datetime) -> tuple[TokenLine, ...]:
    """Tokens, in words."""
    return tuple(token_line(one, now) for one in found)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]
