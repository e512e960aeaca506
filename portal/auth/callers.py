"""Callers, and what they may do: decisions, without HTTP or SQL.

As in Backstage, only tokens are limited, by the `accessRestrictions` that the config gives them
(reference 5): people and the plugins of a trusted Backstage may do everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from portal.config import Restriction
from portal.config.access import ACTIONS, OWN


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A client with a token."""

    subject: str
    restrictions: tuple[Restriction, ...] = ()
    """Empty: it may do everything."""
    made: bool = False
    """Its token was made in this portal, and is not the operator's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Someone who signed in to a Backstage, and shows its token."""

    ref: str
    """Entity ref of the user."""
    ownership: tuple[str, ...] = ()
    """Entity refs that the user owns things as: their own and those of their groups."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A browser that signed in."""

    principal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Nobody:
    """No credentials were shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Credentials were shown, and are not ours. The message is Backstage's, the same for all."""

    message: str = "Illegal token"


Caller: TypeAlias = Machine | User | Person | Nobody | Refused


def actor_of(caller: Caller) -> str:
    """Who a change is put down to; '' where everyone may ask and nobody said who they are."""
    match caller:
        case Machine(subject=name) | User(ref=name) | Person(principal=name):
            return name
        case _:
            return ""


def asker_of(caller: Caller, address: str | None) -> str:
    """Who asks, for counting: where nobody said who they are, the address that they ask from."""
    return actor_of(caller) or address or "unknown"


def allows(caller: Caller, permission: str, *, plugin: str = "catalog") -> bool:
    """Whether a caller who was let in may do what `permission` names in a plugin.

    `permission` is a name of Backstage's, as `catalog.entity.read`; '' asks only for the plugin.
    """
    match caller:
        case Refused():
            return False
        case Machine(restrictions=restrictions) if restrictions:
            return any(
                restriction.plugin == plugin and (not permission or _fits(restriction, permission))
                for restriction in restrictions
            )
        case _:
            return True


def tokens_refused(caller: Caller) -> str:
    """Why a caller who may administer may make and revoke no tokens; '' for who may.

    What a token may not do, no token that it makes may do: the simplest rule that holds is that one with
    limits makes none. One that was made here makes none either, so that revoking it ends what it began.
    """
    match caller:
        case Machine(made=True):
            return "A token that was made in the portal can neither make nor revoke tokens"
        case Machine(restrictions=restrictions) if restrictions:
            return "A token with accessRestrictions can neither make nor revoke tokens"
        case _:
            return ""


def may_push(caller: Caller, ref: str, facts: Iterable[str]) -> bool:
    """Whether a caller who may push may push these facts, by name, about this entity.

    `ref` is canonical.
    """
    if not isinstance(caller, Machine) or not caller.restrictions:
        return True
    spaces = {name.partition(".")[0] for name in facts}
    return any(
        restriction.plugin == OWN
        and (not restriction.facts or spaces <= set(restriction.facts))
        and (not restriction.entities or _names(restriction.entities, ref))
        for restriction in caller.restrictions
    )


def refusal(caller: Caller, permission: str, *, plugin: str = "catalog") -> str:
    """Why `allows` says no, in Backstage's words where it has some."""
    restrictions = caller.restrictions if isinstance(caller, Machine) else ()
    plugins = [restriction.plugin for restriction in restrictions]
    if plugin in plugins:
        return f"This token's access does not include {permission}"
    return f"This token's access is restricted to plugin(s) {', '.join(map(repr, plugins))}"


def _names(patterns: Iterable[str], ref: str) -> bool:
    return any(fnmatchcase(ref, pattern) for pattern in patterns)


def _fits(restriction: Restriction, permission: str) -> bool:
    if restriction.permissions and permission not in restriction.permissions:
        return False
    return not restriction.actions or _action_of(permission) in restriction.actions


def _action_of(permission: str) -> str:
    """The attribute `action` of a permission; '' where it has none (reference 5)."""
    verb = permission.rpartition(".")[2]
    return "update" if verb in ("refresh", "run", "push") else verb if verb in ACTIONS else ""
