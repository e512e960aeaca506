"""Tokens as the API writes them. By itself, because the command line writes the same without a server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.api.v1.times import rfc3339
from portal.config.access import Restriction
from portal.db.access.tokens import MadeToken
from portal.use_cases.issuing import state_of


def restriction(one: Restriction) -> dict[str, Any]:
    """What a token may do in a plugin, as `RestrictionAnswer` describes it."""
    return {
        "plugin": one.plugin,
        "permissions": list(one.permissions),
        "actions": list(one.actions),
        "facts": list(one.facts),
        "entities": list(one.entities),
    }


def token(one: MadeToken, now: datetime) -> dict[str, Any]:
    """A token that was made here, as `TokenAnswer` describes it."""
    return {
        "id": one.id,
        "subject": one.subject,
        "description": one.description,
        "state": state_of(one, now).value,
        "restrictions": [restriction(r) for r in one.restrictions],
        "madeBy": one.made.actor,
        "madeAt": rfc3339(one.made.at),
        "expiresAt": rfc3339(one.expires_at),
        "usedAt": rfc3339(one.used_at),
        "revokedBy": one.revoked and one.revoked.actor,
        "revokedAt": one.revoked and rfc3339(one.revoked.at),
    }
