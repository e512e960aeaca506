"""Removals as the API writes them. By itself, because the command line writes the same without a server."""

from __future__ import annotations

from typing import Any

from portal.api.v1.times import rfc3339
from portal.db.ingest.buried import Tombstone
from portal.db.ingest.held import HeldRemoval


def held_removal(one: HeldRemoval) -> dict[str, Any]:
    """What waits for approval, as `HeldRemovalAnswer` describes it."""
    return {
        "id": one.id,
        "location": one.location_id,
        "source": one.source,
        "reason": one.reason,
        "refs": list(one.refs),
        "heldAt": rfc3339(one.held_at),
    }


def tombstone(one: Tombstone) -> dict[str, Any]:
    """An entity that went, as `TombstoneAnswer` describes it."""
    return {
        "ref": one.ref,
        "uid": one.uid,
        "reason": one.reason,
        "actor": one.actor,
        "removedAt": rfc3339(one.removed_at),
    }
