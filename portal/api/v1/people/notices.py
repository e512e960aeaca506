"""Notices: what teams were told, what became of the messages, and what nobody wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, g
from marshmallow import ValidationError, fields, validate, validates_schema

from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Paging, Resource, Storable, after, answer, page
from portal.api.v1.existing import asked_ref
from portal.api.v1.instants import Instant
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.auth import actor_of
from portal.db.insights.owners import tree_of
from portal.db.people import notices as store
from portal.db.people import outbox
from portal.db.state import Connection
from portal.wiring import Portal
from scorecards.people.notices import Kind, Mute

KINDS = [kind.value for kind in Kind]
DELIVERY = [outbox.PENDING, outbox.SENT, outbox.DEAD]
ID = "<int(max=9223372036854775807):number>"


class NoticeAnswer(Answer):
    """One thing that a team was told, or is to be told."""

    key = fields.String(metadata={"description": "Names what happened."})
    kind = fields.String(validate=validate.OneOf(KINDS))
    team = fields.String(metadata={"description": "Ref; empty: nobody owns it."})
    ref = fields.String(metadata={"description": "Entity; empty: none."})
    text = fields.String()
    at = time_field("When.")
    state = fields.String(
        validate=validate.OneOf(store.STATES),
        metadata={"description": "`sent`: it is in a message."},
    )


class NoticePageAnswer(Answer):
    """A page of notices, the newest first."""

    items = fields.List(fields.Nested(NoticeAnswer))
    next_cursor = fields.String(allow_none=True)


class MessageAnswer(Answer):
    """A message, and what became of it."""

    id = fields.String()
    channel = fields.String()
    team = fields.String()
    subject = fields.String()
    state = fields.String(validate=validate.OneOf(DELIVERY))
    attempts = fields.Integer()
    next_at = time_field("When it is tried again, while it is pending.")
    problem = fields.String(metadata={"description": "Why the last attempt failed."})


class MessageListAnswer(Answer):
    """Messages, the newest first."""

    items = fields.List(fields.Nested(MessageAnswer))
    next_cursor = fields.String(allow_none=True)


class MuteAnswer(Answer):
    """What is not to be told; null stands for any."""

    id = fields.Integer()
    team = fields.String(allow_none=True)
    ref = fields.String(allow_none=True)
    kind = fields.String(allow_none=True, validate=validate.OneOf(KINDS))
    until = time_field("When it ends.")
    actor = fields.String()
    at = time_field("When it was made.")
    reason = fields.String()


class MuteListAnswer(Answer):
    """The mutes that hold, the newest first."""

    items = fields.List(fields.Nested(MuteAnswer))
    next_cursor = fields.String(allow_none=True)


class NoticeList(Storable, Paging):
    """Which notices."""

    team = fields.String(load_default=None, metadata={"description": "Ref, by default of a group."})
    within = fields.String(
        load_default=None,
        metadata={
            "description": "Ref of a group: its notices, and those of the groups below it and of the "
            "members of all these."
        },
    )
    ref = fields.String(load_default=None, metadata={"description": "Of the entity."})
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    state = fields.String(load_default=None, validate=validate.OneOf(store.STATES))


class MessageList(Storable):
    """Which messages."""

    state = fields.List(fields.String(validate=validate.OneOf(DELIVERY)), load_default=[])
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))


class MuteBody(Storable):
    """What is not to be told, and until when; at least one of team, entity and kind."""

    team = fields.String(load_default=None, allow_none=True)
    ref = fields.String(load_default=None, allow_none=True)
    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(KINDS))
    until = Instant("When it ends.", required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=2000))

    @validates_schema
    def _something(self, data: Mapping[str, Any], **_: Any) -> None:
        if not any(data.get(name) for name in ("team", "ref", "kind")):
            raise ValidationError("One of `team`, `ref` and `kind` has to be there", "team")


def resource(portal: Portal) -> Resource:
    """`/api/v1/notices` and `/mutes`."""
    views = Resource("notices", __name__, url_prefix="/api/v1", description="What teams are told.")

    @views.operation("GET", "/notices", query=NoticeList, answer=NoticePageAnswer)
    def list_notices(asked: dict[str, Any]) -> Response:
        """List notices, the newest first."""
        with portal.database.read() as connection:
            found = store.list_notices(
                connection,
                team=_ref(asked["team"], "group"),
                teams=_within(connection, asked["within"]),
                ref=_ref(asked["ref"], None),
                kind=Kind(asked["kind"]) if asked["kind"] else None,
                state=asked["state"],
                after=after(asked),
                limit=asked["limit"],
            )
        return answer(page([_notice(one) for one in found.items], found.after))

    @views.operation("GET", "/notices/messages", query=MessageList, answer=MessageListAnswer)
    def list_messages(asked: dict[str, Any]) -> Response:
        """List messages, the newest first, and what became of them."""
        with portal.database.read() as connection:
            found = outbox.list_outgoing(
                connection, states=asked["state"] or DELIVERY, limit=asked["limit"]
            )
        return answer(page([_message(one) for one in found], None))

    @views.operation(
        "POST", "/notices/messages/<identifier>/retry", answer=MessageListAnswer, status=202
    )
    def retry_message(_: dict[str, Any], identifier: str) -> Response:
        """Send a message after all that was given up."""
        with portal.database.write() as connection:
            if "\0" in identifier or not outbox.revive(connection, identifier, now=portal.now()):
                raise Refusal("NOT_FOUND", "No message with this id was given up")
        return answer(page([], None), status=202)

    _add_mutes(views, portal)
    return views


def _add_mutes(views: Resource, portal: Portal) -> None:
    @views.operation("GET", "/mutes", answer=MuteListAnswer)
    def list_mutes(_: dict[str, Any]) -> Response:
        """List what is not told at present."""
        with portal.database.read() as connection:
            found = store.list_mutes(connection, now=portal.now())
        return answer(page([_mute(one) for one in found], None))

    @views.operation("POST", "/mutes", body=MuteBody, answer=MuteAnswer, status=201)
    def mute(_: dict[str, Any], asked: dict[str, Any]) -> Response:
        """Tell nobody of something until a time. What is muted is listed all the same."""
        now = portal.now()
        if asked["until"] <= now:
            raise Refusal("INVALID_VALUE", "`until` has passed")
        wanted = Mute(
            team=_ref(asked["team"], "group"),
            ref=_ref(asked["ref"], None),
            kind=Kind(asked["kind"]) if asked["kind"] else None,
            until=asked["until"],
        )
        with portal.database.write() as connection:
            kept = store.put_mute(
                connection, wanted, actor=actor_of(g.caller), now=now, reason=asked["reason"]
            )
        return answer(_mute(kept), status=201)

    @views.operation("DELETE", f"/mutes/{ID}", answer=MuteListAnswer)
    def unmute(_: dict[str, Any], number: int) -> Response:
        """Take a mute back; answers with those that still hold."""
        with portal.database.write() as connection:
            if not store.drop_mute(connection, number):
                raise Refusal("NOT_FOUND", "There is no mute with this number")
            found = store.list_mutes(connection, now=portal.now())
        return answer(page([_mute(one) for one in found], None))


def _ref(text: str | None, kind: str | None) -> str | None:
    return str(asked_ref(text, kind)) if text else None


def _within(connection: Connection, text: str | None) -> tuple[str, ...] | None:
    ref = _ref(text, "group")
    if ref is None:
        return None
    tree = tree_of(connection, ref)
    return (*tree.groups, *tree.people)


def _notice(one: store.KeptNotice) -> dict[str, Any]:
    found = one.notice
    return {
        "key": found.key,
        "kind": found.kind.value,
        "team": found.team,
        "ref": found.ref,
        "text": found.text,
        "at": rfc3339(found.at),
        "state": one.state,
    }


def _message(one: outbox.Outgoing) -> dict[str, Any]:
    return {
        "id": one.message.id,
        "channel": one.channel,
        "team": one.message.team,
        "subject": one.message.subject,
        "state": one.state,
        "attempts": one.attempts,
        "nextAt": rfc3339(one.next_at),
        "problem": one.problem,
    }


def _mute(one: store.KeptMute) -> dict[str, Any]:
    return {
        "id": one.id,
        "team": one.mute.team,
        "ref": one.mute.ref,
        "kind": one.mute.kind.value if one.mute.kind else None,
        "until": rfc3339(one.mute.until),
        "actor": one.actor,
        "at": rfc3339(one.at),
        "reason": one.reason,
    }
