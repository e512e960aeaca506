"""Inquiring: which systems know something about an entity, having them asked now, and what they said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.db.collection import inquiries
from portal.db.collection.inquiries import Inquiry
from portal.db.state import Connection
from portal.db.work import pending
from portal.rationing import TooOften, take
from portal.wiring import Portal
from portal.worker.requests import Lane, inquire_key
from portal.worker.systems.scheduled import Scheduled, is_about


@dataclass(frozen=True, kw_only=True, slots=True)
class Askable:
    """A system that can be asked about an entity at once."""

    key: str
    """Of the work that asks it."""
    scheduled: Scheduled
    is_pending: bool
    last: Inquiry | None
    """None: nobody has had it asked about this entity."""


def askable(
    portal: Portal, connection: Connection, entity_id: int, ref: str, body: bytes
) -> tuple[Askable, ...]:
    """The systems that know something about an entity with this canonical ref, in their order."""
    kind = ref.partition(":")[0]
    found = [one for one in portal.scheduled if is_about(one, kind, body)]
    keys = {one.name: inquire_key(ref, one.name) for one in found}
    waiting = set(pending.still(connection, [*keys.values()])) if found else set()
    last = inquiries.listed(connection, entity_id) if found else {}
    return tuple(
        Askable(
            key=keys[one.name],
            scheduled=one,
            is_pending=keys[one.name] in waiting,
            last=last.get(one.name),
        )
        for one in found
    )


def ask(portal: Portal, systems: Sequence[Askable], *, by: str) -> TooOften | None:
    """Have them asked, before other work; what they say is assessed at once. `by` is who asks.

    What somebody has had asked already, and that is still to come, is no more work.
    """
    keys = [one.key for one in systems if not one.is_pending]
    if not keys:
        return None
    with portal.database.write() as connection:
        if (refused := take(portal, connection, keys, by)) is not None:
            return refused
    portal.work.request_all(keys, Lane.PERSON)
    return None
