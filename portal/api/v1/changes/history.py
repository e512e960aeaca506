"""History: every version of an entity with what changed in it, its relations, and two instants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from catalog.diffing import Diff, diff
from catalog.problems import JsonValue
from portal.api.errors import Refusal
from portal.api.v1.changes.diffs import ChangeAnswer, changes
from portal.api.v1.conventions import Answer, Camel, Paging, Resource, after, answer, page
from portal.api.v1.instants import AsOf, Instant, known, moment
from portal.api.v1.schemas import VersionAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.db.catalog.entities import Related, by_ids, related
from portal.db.changes import history
from portal.db.changes.history import Event, Identity, Version, version_at
from portal.db.changes.instants import kept_since, relations_at
from portal.db.state import Connection
from portal.wiring import Portal

CHANGES = ["added", "changed", "renamed", "removed", "restored", "earlier"]

NOT_THEN = "There was no such entity then; its history says when there was"

ONE = "/<kind>/<namespace>/<name>"


class HistoryItemAnswer(VersionAnswer):
    """What happened to an entity."""

    change = fields.String(
        validate=validate.OneOf(CHANGES),
        metadata={"description": "`earlier`: what was before is no longer kept."},
    )
    at = time_field("When.")
    reason = fields.String(metadata={"description": "Why it was removed."})
    source = fields.String(metadata={"description": "URL of the repository that was read."})
    actor = fields.String(metadata={"description": "Who asked for it; '': a reading found it."})
    changes = fields.List(
        fields.Nested(ChangeAnswer), metadata={"description": "Since the version before it."}
    )
    truncated = fields.Boolean(metadata={"description": "There are more changes than these."})


class HistoryPageAnswer(Answer):
    """A page of a history, the newest first."""

    items = fields.List(fields.Nested(HistoryItemAnswer))
    next_cursor = fields.String(allow_none=True)
    kept_since = time_field("From when on everything is kept; null: always.", nullable=True)


class RelationAnswer(Answer):
    """A relation of an entity."""

    type = fields.String()
    ref = fields.String()
    kind = fields.String()
    title = fields.String()
    exists = fields.Boolean()


class RelationListAnswer(Answer):
    """Every relation of an entity, by type and ref."""

    items = fields.List(fields.Nested(RelationAnswer))
    next_cursor = fields.String(allow_none=True)


class RelationChangeAnswer(Answer):
    """A relation that came or went."""

    op = fields.String(validate=validate.OneOf(["add", "remove"]))
    type = fields.String()
    ref = fields.String()


class DiffAnswer(Answer):
    """What is otherwise at one instant than at another."""

    before = fields.Nested(VersionAnswer, allow_none=True)
    after = fields.Nested(VersionAnswer, allow_none=True)
    changes = fields.List(fields.Nested(ChangeAnswer))
    truncated = fields.Boolean()
    relations = fields.List(fields.Nested(RelationChangeAnswer))


class Between(Camel):
    """Two instants."""

    from_ = Instant("The one.", required=True)
    to = Instant("The other; the present where it is left out.", load_default=None)


def resource(portal: Portal) -> Resource:
    """The routes of the past, below `/api/v1/entities`."""
    views = Resource("history", __name__, url_prefix="/api/v1/entities", description="The past.")

    @views.operation("GET", f"{ONE}/history", query=Paging, answer=HistoryPageAnswer)
    def get_entity_history(asked: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Get what happened to an entity, also to one that went or was renamed, newest first."""
        with portal.database.read() as connection:
            identity = known(connection, kind, namespace, name)
            found = history.history(connection, identity, after=after(asked), limit=asked["limit"])
            oldest = kept_since(connection)
        items = [_event(event) for event in found.items]
        return answer({**page(items, found.after), "keptSince": rfc3339(oldest)})

    @views.operation("GET", f"{ONE}/relations", query=AsOf, answer=RelationListAnswer)
    def get_entity_relations(
        asked: dict[str, Any], kind: str, namespace: str, name: str
    ) -> Response:
        """Get the relations of an entity, now or as they were."""
        with portal.database.read() as connection:
            identity = known(connection, kind, namespace, name)
            found = _relations(connection, identity, asked["as_of"])
        return answer(page([_relation(one) for one in found], None))

    @views.operation("GET", f"{ONE}/diff", query=Between, answer=DiffAnswer)
    def get_entity_diff(asked: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Get what is otherwise about an entity at one instant than at another."""
        with portal.database.read() as connection:
            identity = known(connection, kind, namespace, name)
            ends = [
                _at(connection, identity, moment(connection, instant))
                for instant in (asked["from_"], asked["to"] or portal.now())
            ]
        (before, shown), (after_, shown_after) = ends
        return answer(
            {
                "before": version(before) if before else None,
                "after": version(after_) if after_ else None,
                **changes(diff(_body(before), _body(after_))),
                "relations": [
                    {"op": op, "type": type_, "ref": ref}
                    for op, some in (("remove", shown - shown_after), ("add", shown_after - shown))
                    for type_, ref in sorted(some)
                ],
            }
        )

    return views


def version(found: Version) -> dict[str, Any]:
    """A version without its body."""
    return {
        "version": found.seq,
        "ref": found.ref,
        "uid": found.uid,
        "since": rfc3339(found.since),
        "until": rfc3339(found.until),
        "revision": found.revision,
        "url": found.url,
        "document": found.document,
    }


def entity_at(connection: Connection, identity: Identity, instant: datetime) -> dict[str, Any]:
    """An entity as it was. Raises `Refusal` where it was not there, or that is not kept."""
    seq = moment(connection, instant)
    found = version_at(connection, identity, seq)
    if found is None:
        raise Refusal("NOT_FOUND", NOT_THEN)
    relations = relations_at(connection, found.entity_id, seq)
    body = orjson.loads(found.body)
    return {
        "ref": found.ref,
        "updatedAt": rfc3339(found.since),
        "asOf": version(found),
        "createdAt": None,
        "origin": None,
        "scorecards": None,
        "notAssessed": None,
        "waiting": None,
        "facts": None,
        "problems": None,
        "entity": {
            **body,
            "metadata": {"uid": found.uid, **body["metadata"]},
            "relations": [{"type": one.type, "targetRef": one.ref} for one in relations],
        },
    }


def _event(event: Event) -> dict[str, Any]:
    went = event.change == "removed"
    before = None if event.before is None else _body(event.before)
    nothing = Diff(changes=())
    same = nothing if went or before is None else diff(before, _body(event.version))
    return {
        **version(event.version),
        "change": event.change,
        "at": rfc3339(event.at),
        "reason": event.version.reason if went else "",
        "source": event.source,
        "actor": event.actor,
        **changes(same),
    }


def _relation(found: Related) -> dict[str, Any]:
    return {
        "type": found.type,
        "ref": found.ref,
        "kind": found.kind,
        "title": found.title,
        "exists": found.exists,
    }


def _relations(
    connection: Connection, identity: Identity, instant: datetime | None
) -> list[Related]:
    if instant is None:
        found = (
            related(connection, identity.present)
            if by_ids(connection, [identity.present])
            else None
        )
    else:
        seq = moment(connection, instant)
        was = version_at(connection, identity, seq)
        found = None if was is None else relations_at(connection, was.entity_id, seq)
    if found is None:
        raise Refusal(
            "NOT_FOUND", NOT_THEN if instant else "The entity is gone; `as_of` shows what it was"
        )
    return found


def _at(
    connection: Connection, identity: Identity, seq: int
) -> tuple[Version | None, set[tuple[str, str]]]:
    found = version_at(connection, identity, seq)
    if found is None:
        return None, set()
    return found, {(one.type, one.ref) for one in relations_at(connection, found.entity_id, seq)}


def _body(found: Version | None) -> JsonValue:
    body: JsonValue = {} if found is None else orjson.loads(found.body)
    return body
