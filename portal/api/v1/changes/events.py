"""Events: the change feed, which other systems follow. Attributes are named as CloudEvents does."""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Camel, Resource, answer
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.api.waiting import wait_of
from portal.db.catalog.entities import catalog_seq
from portal.db.changes.feed import TYPES, Event, Events, GonePlace, Place, events, place_of
from portal.wiring import Portal

MOST_WAITING = 16
"""Requests that may wait at once: each holds a thread. Further ones are answered at once."""

LONGEST_WAIT = 30.0
"""Seconds."""

STEP = 0.25
"""Seconds between two looks at the catalog's sequence number."""


class EventList(Camel):
    """Which events."""

    after = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^[0-9]{1,15}\.[0-9]{1,15}$"),
        metadata={"description": "`next` of the answer before; left out: from the oldest kept."},
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))
    types = fields.List(fields.String(validate=validate.OneOf(TYPES)), load_default=[])
    kind = fields.List(fields.String(), load_default=[])
    wait = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^([0-9]{1,2}s?|[0-9]{1,5}ms)$"),
        metadata={"description": "With `after`: wait so long for an event, at most 30s; `10s`."},
    )


class EventAnswer(Answer):
    """A change of one entity."""

    id = fields.String(metadata={"description": "`<sequence number>.<place in its batch>`."})
    type = fields.String(validate=validate.OneOf(TYPES))
    time = time_field("When it became visible.")
    source = fields.String(metadata={"description": "URL of the repository that was read."})
    ref = fields.String()
    uid = fields.String(allow_none=True)
    revision = fields.String(metadata={"description": "Commit that was read."})
    actor = fields.String(metadata={"description": "Who asked for it; '': a reading found it."})


class EventPageAnswer(Answer):
    """Events in their order, each once."""

    items = fields.List(fields.Nested(EventAnswer))
    next = fields.String(metadata={"description": "The `after` of the next request, always."})


def resource(portal: Portal) -> Resource:
    """`/api/v1/events`."""
    views = Resource("events", __name__, url_prefix="/api/v1", description="What changes.")
    threads = threading.BoundedSemaphore(MOST_WAITING)

    @views.operation("GET", "/events", query=EventList, answer=EventPageAnswer)
    def list_events(asked: dict[str, Any]) -> Response:
        """Follow the changes of entities: what was added, changed and removed, in order.

        Ask again with `after` set to `next`, whether there were items or not. 410 says that events
        after `after` are no longer kept: read the catalog anew, and go on from the id it names.
        """
        after = None if asked["after"] is None else place_of(asked["after"])
        found, seq = _read(portal, asked, after)
        seconds = min(wait_of(asked["wait"]), LONGEST_WAIT)
        if seconds and not found.items and after is not None and threads.acquire(blocking=False):
            try:
                found = _wait(portal, asked, found, seq, seconds)
            finally:
                threads.release()
        return answer({"items": [_event(event) for event in found.items], "next": str(found.next)})

    return views


def _read(portal: Portal, asked: dict[str, Any], after: Place | None) -> tuple[Events, int]:
    """The events after a place, and the sequence number up to which that says everything."""
    try:
        with portal.database.read() as connection:
            found = events(
                connection,
                after,
                limit=asked["limit"],
                types=asked["types"] or TYPES,
                kinds={kind.lower() for kind in asked["kind"]},
            )
            return found, catalog_seq(connection)
    except GonePlace as error:
        raise Refusal(
            "GONE", f"Events after {after} are not here; the feed goes on from {error.args[0]}"
        ) from None


def _wait(portal: Portal, asked: dict[str, Any], found: Events, seq: int, seconds: float) -> Events:
    """The events that come within so many seconds; looks at one number in between."""
    end = time.monotonic() + seconds
    while not found.items and (left := end - time.monotonic()) > 0:
        if found.at_end:
            time.sleep(min(STEP, left))
            with portal.database.read() as connection:
                if catalog_seq(connection) == seq:
                    continue
        found, seq = _read(portal, asked, found.next)
    return found


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": str(event.place),
        "type": event.type,
        "time": rfc3339(event.at),
        "source": event.source,
        "ref": event.ref,
        "uid": event.uid,
        "revision": event.revision,
        "actor": event.actor,
    }
