"""Grants: who is let in by the configuration, and what they may do; never with what."""

from __future__ import annotations

from dataclasses import dataclass

from portal.config import Settings
from portal.config.access import (
    BackstagePlugins,
    BackstageUsers,
    Issuer,
    KeySetAccess,
    Restriction,
    SharedSecret,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A token, or those of an issuer."""

    type: str
    """static, jwks, legacy, backstage-users or backstage-plugins."""
    subject: str
    """Who is let in, as far as it is known before somebody asks."""
    keys: str
    """Where the public keys are; '' where there are none."""
    restrictions: tuple[Restriction, ...]
    """Empty: everything is allowed."""


def grants(settings: Settings) -> tuple[Grant, ...]:
    """What the configuration grants, static tokens first."""
    static = [
        Grant(type="static", subject=one.subject, keys="", restrictions=one.restrictions)
        for one in settings.tokens
    ]
    return (*static, *map(_of_issuer, settings.access))


def _of_issuer(issuer: Issuer) -> Grant:
    match issuer:
        case KeySetAccess(url=url, prefix=prefix, restrictions=restrictions):
            subject = ":".join(part for part in ("external", prefix, "*") if part)
            return Grant(type="jwks", subject=subject, keys=url, restrictions=restrictions)
        case SharedSecret(subject=subject, restrictions=restrictions):
            return Grant(type="legacy", subject=subject, keys="", restrictions=restrictions)
        case BackstageUsers(url=url):
            return Grant(type="backstage-users", subject="user:*", keys=url, restrictions=())
        case BackstagePlugins(url=url):
            return Grant(type="backstage-plugins", subject="plugin:*", keys=url, restrictions=())
