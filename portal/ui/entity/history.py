"""The history of an entity: a page of its versions and of the transitions of its results."""

from __future__ import annotations

import re

from portal.db.changes import history
from portal.db.changes.history import Identity
from portal.db.changes.instants import kept_since
from portal.db.evaluation.result_history import moves
from portal.db.state import Connection
from portal.ui.models.changes.timeline import Timeline, merged
from portal.wiring import Portal

PER_PAGE = 30
_PLACE = re.compile(r"([0-9]{0,15})\.([0-9]{0,15})")


def timeline(connection: Connection, portal: Portal, identity: Identity, after: str) -> Timeline:
    """What happened after a place, which is that of the last version and of the last transition."""
    found = _PLACE.fullmatch(after)
    last_event, last_move = found.groups() if found else ("", "")
    events = history.history(connection, identity, after=last_event or None, limit=PER_PAGE)
    made = moves(connection, identity.ids, after=last_move or None, limit=PER_PAGE)
    cards = portal.cards
    entries, versions, results = merged(events.items, made.items, cards, PER_PAGE)
    if versions:
        last_event = str(events.items[versions - 1].seq)
    if results:
        last_move = str(made.items[results - 1].transition.id)
    whole = versions == len(events.items) and results == len(made.items)
    more = not whole or events.after is not None or made.after is not None
    return Timeline(
        entries=tuple(entries),
        after=f"{last_event}.{last_move}" if more else None,
        kept_since=kept_since(connection),
    )
