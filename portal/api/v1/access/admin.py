"""Administration: work that waits and what fails, who is let in, and what people decided."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.v1.access.token_forms import restriction
from portal.api.v1.conventions import Answer, Paging, Resource, after, answer, page
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.auth.grants import Grant, grants
from portal.db.access.tokens import Step
from portal.db.changes import decided
from portal.db.work import pending
from portal.use_cases.failing import Failure, failures
from portal.wiring import Portal
from portal.worker.requests import Lane

MOST_KEYS = 100
"""Keys of the queue that are listed; all are counted."""


class LaneAnswer(Answer):
    """What of a lane waits, and what is under way."""

    lane = fields.String(validate=validate.OneOf([lane.name.lower() for lane in Lane]))
    waiting = fields.Integer()
    working = fields.Integer(metadata={"description": "That a worker has claimed."})
    oldest = time_field("When the oldest of those that wait was asked for.", nullable=True)


class JobAnswer(Answer):
    """A piece of work that waits, or is under way."""

    key = fields.String(
        metadata={
            "description": "`ingest:<location>`, `assess`, ...; `later:<key>` waits until `requestedAt`."
        }
    )
    lane = fields.String()
    ticket = fields.String(metadata={"format": "uuid"})
    requested_at = time_field("When it was asked for.")
    worker = fields.String(
        allow_none=True, metadata={"description": "Who works on it; null: nobody yet."}
    )


class FailureAnswer(Answer):
    """Something that does not work now."""

    what = fields.String(validate=validate.OneOf(["reading", "fetching", "expression", "entity"]))
    about = fields.String(
        metadata={"description": "Target, namespace of facts, text of an expression, or ref."}
    )
    why = fields.String()
    at = time_field("When it was found.", nullable=True)


class JobsAnswer(Answer):
    """The queue, and what fails."""

    lanes = fields.List(fields.Nested(LaneAnswer), metadata={"description": "The urgent first."})
    items = fields.List(fields.Nested(JobAnswer), metadata={"description": "The first of them."})
    failures = fields.List(fields.Nested(FailureAnswer))


class RestrictionAnswer(Answer):
    """What a token may do in a plugin."""

    plugin = fields.String()
    permissions = fields.List(fields.String(), metadata={"description": "Empty: all."})
    actions = fields.List(fields.String(), metadata={"description": "Empty: all."})
    facts = fields.List(fields.String(), metadata={"description": "Namespaces; empty: all."})
    entities = fields.List(fields.String(), metadata={"description": "Refs; empty: all."})


class GrantAnswer(Answer):
    """Who is let in."""

    type = fields.String()
    subject = fields.String(metadata={"description": "`*` stands for what a token says."})
    keys = fields.String(metadata={"description": "URL of the public keys; empty: none."})
    restrictions = fields.List(
        fields.Nested(RestrictionAnswer), metadata={"description": "Empty: it may do everything."}
    )


class GrantsAnswer(Answer):
    """Everybody who is let in by a token."""

    open = fields.Boolean(metadata={"description": "Everyone who reaches the portal may ask."})
    items = fields.List(fields.Nested(GrantAnswer))


class DecidedTokenAnswer(Answer):
    """What was done about a token."""

    id = fields.Integer()
    subject = fields.String()
    step = fields.String(validate=validate.OneOf([step.value for step in Step]))


class DecidedAnswer(Answer):
    """What came of somebody's decision, to entities or to a token."""

    at = time_field("When.")
    actor = fields.String(metadata={"description": "Empty: nobody said who they are."})
    added = fields.List(fields.String())
    changed = fields.List(fields.String())
    removed = fields.List(fields.String())
    more = fields.Integer(metadata={"description": "Entities that are not named."})
    token = fields.Nested(
        DecidedTokenAnswer, allow_none=True, metadata={"description": "Null: it was to entities."}
    )


class DecisionsAnswer(Answer):
    """A page of decisions, the newest first."""

    items = fields.List(fields.Nested(DecidedAnswer))
    next_cursor = fields.String(allow_none=True)


def resource(portal: Portal) -> Resource:
    """`/api/v1/jobs`, `/access` and `/decisions`."""
    views = Resource("admin", __name__, url_prefix="/api/v1", description="Administration.")

    @views.operation("GET", "/jobs", answer=JobsAnswer)
    def list_jobs(_: dict[str, Any]) -> Response:
        """List work that waits or is under way, by lane, and what failed when it was last tried."""
        with portal.database.read() as connection:
            lanes = pending.tallies(connection)
            first = pending.waiting(connection, limit=MOST_KEYS)
            failing = failures(portal, connection)
        return answer(
            {
                "lanes": [
                    {
                        "lane": Lane(one.lane).name.lower(),
                        "waiting": one.waiting,
                        "working": one.working,
                        "oldest": one.oldest and rfc3339(one.oldest),
                    }
                    for one in lanes
                ],
                "items": [_job(one) for one in first],
                "failures": [_failure(one) for one in failing],
            }
        )

    @views.operation("GET", "/access", answer=GrantsAnswer)
    def list_access(_: dict[str, Any]) -> Response:
        """List who is let in by the configuration, and what they may do; without any secret."""
        found = [_grant(one) for one in grants(portal.settings)]
        return answer({"open": portal.settings.auth == "open", "items": found})

    @views.operation("GET", "/decisions", query=Paging, answer=DecisionsAnswer)
    def list_decisions(asked: dict[str, Any]) -> Response:
        """List what people did: to entities, as to suppress and restore them, and to tokens."""
        with portal.database.read() as connection:
            found = decided.by_people(connection, after=after(asked), limit=asked["limit"])
        return answer(page([_decided(one) for one in found.items], found.after))

    return views


def _job(one: pending.Pending) -> dict[str, Any]:
    return {
        "key": one.key,
        "lane": Lane(one.lane).name.lower(),
        "ticket": one.ticket,
        "requestedAt": rfc3339(one.requested_at),
        "worker": one.worker or None,
    }


def _failure(one: Failure) -> dict[str, Any]:
    return {"what": one.what, "about": one.about, "why": one.why, "at": rfc3339(one.at)}


def _grant(one: Grant) -> dict[str, Any]:
    return {
        "type": one.type,
        "subject": one.subject,
        "keys": one.keys,
        "restrictions": [restriction(r) for r in one.restrictions],
    }


def _decided(one: decided.Decided) -> dict[str, Any]:
    return {
        "at": rfc3339(one.at),
        "actor": one.actor,
        "added": list(one.added),
        "changed": list(one.changed),
        "removed": list(one.removed),
        "more": one.more,
        "token": one.token
        and {"id": one.token.id, "subject": one.token.subject, "step": one.token.step},
    }
