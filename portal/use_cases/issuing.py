"""Tokens that are made in the portal: who may, what one may do, and for how long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError

from catalog.descriptor.suggestions import nearest
from catalog.problems import JsonValue, Problem, quote
from portal.auth.made import digest_of, new_secret
from portal.auth.permissions import NAMES
from portal.config.access import OWN, AccessRestrictions, Restriction
from portal.db.access import tokens
from portal.db.access.tokens import Act, MadeToken
from portal.wiring import Portal

LASTS = timedelta(days=90)
"""How long a token is worth something, where nobody says otherwise."""

SOON = timedelta(days=14)
"""From when on it is said that a token expires soon."""

LONGEST_SUBJECT = 100
LONGEST_TEXT = 500


class State(StrEnum):
    """How a token stands. The first two let somebody in."""

    ACTIVE = "active"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A token that somebody wants."""

    subject: str
    description: str = ""
    restrictions: tuple[Restriction, ...] = ()
    """Empty: it may do everything."""
    expires_at: datetime | None
    """None: it lasts until it is revoked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A new token. Nobody is ever told its secret again."""

    token: MadeToken
    secret: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Issued(token={self.token!r})"


def limits(
    names: Sequence[str], *, facts: Sequence[str] = (), entities: Sequence[str] = ()
) -> list[JsonValue]:
    """`accessRestrictions` that allow these permissions, one for each plugin.

    `facts` and `entities` limit what of `plumbline` is allowed, which has to be pushing.
    """
    plugins = list(dict.fromkeys(name.partition(".")[0] for name in names))
    found: list[JsonValue] = []
    for plugin in plugins:
        own = [name for name in names if name.partition(".")[0] == plugin]
        one: dict[str, JsonValue] = {"plugin": plugin, "permission": [*own]}
        if plugin == OWN and facts:
            one["facts"] = [*facts]
        if plugin == OWN and entities:
            one["entities"] = [*entities]
        found.append(one)
    return found


def read_limits(value: Sequence[Any]) -> tuple[Restriction, ...] | Problem:
    """The restrictions that `accessRestrictions` say, as a configuration says them; or what is wrong."""
    try:
        loaded = AccessRestrictions().load({"accessRestrictions": [*value]})
    except ValidationError as error:
        pointer, text = _first(error.messages)
        return _fault(pointer, f"`accessRestrictions`: {text}")
    found: tuple[Restriction, ...] = tuple(loaded["restrictions"])
    for place, one in enumerate(found):
        if fault := _unknown(one, f"/accessRestrictions/{place}"):
            return fault
    return found


def issue(
    portal: Portal, wanted: Wanted, *, actor: str, seen: int | None = None
) -> Issued | Problem:
    """A new token, stored; or what is wrong with it.

    `seen` is the id of the newest token that whoever asks knows of: where one of the same subject was
    made since, the request is one that was sent twice.
    """
    now = portal.now()
    if fault := _shape(wanted, now):
        return fault
    secret, act = new_secret(), Act(actor=actor, at=now)
    with portal.database.write() as connection:
        if seen is not None and tokens.find_newer(connection, wanted.subject, than=seen):
            return Problem(
                code="TOKEN_TWICE",
                message="A token of this subject was made since the form was opened",
                pointer="/subject",
                found=quote(wanted.subject),
                hint="Its secret was shown then, once: revoke that token if nobody has it",
            )
        made = tokens.add(
            connection,
            digest=digest_of(secret),
            subject=wanted.subject,
            description=wanted.description,
            restrictions=wanted.restrictions,
            expires_at=wanted.expires_at,
            act=act,
        )
        found = tokens.find(connection, made)
    assert found is not None
    return Issued(token=found, secret=secret)


def revoke(portal: Portal, identifier: int, *, actor: str) -> MadeToken | None:
    """The token, which is worth nothing any more, from now on in this process; None: there is none.

    Others believe it for `portal.db.access.token_memory.BELIEVED`. Revoking again changes nothing.
    """
    with portal.database.write() as connection:
        tokens.revoke(connection, identifier, Act(actor=actor, at=portal.now()))
        found = tokens.find(connection, identifier)
    portal.made_tokens.forget()
    return found


def state_of(token: MadeToken, now: datetime) -> State:
    """How a token stands at a time."""
    if token.revoked is not None:
        return State.REVOKED
    if token.expires_at is None or token.expires_at - now > SOON:
        return State.ACTIVE
    return State.EXPIRES_SOON if now < token.expires_at else State.EXPIRED


def _shape(wanted: Wanted, now: datetime) -> Problem | None:
    if not re.fullmatch(rf"[!-~]{{1,{LONGEST_SUBJECT}}}", wanted.subject):
        text = f"a subject is one word of at most {LONGEST_SUBJECT} letters, digits and signs"
        return _fault("/subject", text, quote(wanted.subject))
    if len(wanted.description) > LONGEST_TEXT:
        return _fault("/description", f"a description has at most {LONGEST_TEXT} characters")
    if wanted.expires_at is not None and wanted.expires_at <= now:
        return _fault("/expiresAt", "a token has to expire in the future")
    return None


def _unknown(one: Restriction, pointer: str) -> Problem | None:
    """What a misspelled word would close is not what was meant: better to say so."""
    plugins = list(dict.fromkeys(name.partition(".")[0] for name in NAMES))
    if one.plugin not in plugins:
        return _stranger("plugin", one.plugin, plugins, f"{pointer}/plugin")
    names = [name for name in NAMES if name.partition(".")[0] == one.plugin]
    for permission in one.permissions:
        if permission not in names:
            return _stranger("permission", permission, names, f"{pointer}/permission")
    return None


def _stranger(kind: str, word: str, known: list[str], pointer: str) -> Problem:
    near = nearest(word, known)
    return Problem(
        code="TOKEN_LIMIT",
        message=f"there is no {kind} of this name",
        pointer=pointer,
        found=quote(word),
        hint=f"Did you mean `{near}`?" if near else f"Known here: {', '.join(known)}",
    )


def _first(messages: Any) -> tuple[str, str]:
    """The first message that marshmallow has, and where."""
    pointer = ""
    while isinstance(messages, dict):
        key, messages = next(iter(messages.items()))
        pointer += "" if key == "_schema" else f"/{key}"
    text = messages[0] if isinstance(messages, list) else messages
    return pointer, text if isinstance(text, str) else "has a key that means nothing"


def _fault(pointer: str, message: str, found: str = "") -> Problem:
    return Problem(code="TOKEN_VALUE", message=message, pointer=pointer, found=found)
