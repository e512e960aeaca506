"""Inquiries: having other systems asked about one entity now, and what they said."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Resource, answer
from portal.api.v1.existing import existing_entity
from portal.api.v1.schemas import ProblemAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.auth import asker_of
from portal.db.collection.inquiries import Said
from portal.use_cases.inquiring import Askable, ask, askable
from portal.wiring import Portal

ONE = "/<kind>/<namespace>/<name>/facts/refresh"


class InquiryAnswer(Answer):
    """A system that knows something about the entity."""

    name = fields.String(metadata={"description": "As among the fetches."})
    system = fields.String(
        metadata={"description": "The URL that is asked without its query, or the host."}
    )
    facts = fields.List(fields.String(), metadata={"description": "That it is asked for."})
    pending = fields.Boolean(metadata={"description": "Somebody waits for its answer."})
    asked_at = time_field("When it was last asked about this entity alone.", nullable=True)
    said = fields.String(
        allow_none=True,
        validate=validate.OneOf([one.value for one in Said]),
        metadata={
            "description": "`failed`: nothing was learned; `paused`: it wants to be left alone, or is;"
            " null: it was not asked about this entity alone."
        },
    )
    problem = fields.Nested(ProblemAnswer, allow_none=True)


class InquiriesAnswer(Answer):
    """Every system that knows something about the entity."""

    items = fields.List(fields.Nested(InquiryAnswer))


def resource(portal: Portal) -> Resource:
    """What is asked about one entity."""
    views = Resource(
        "inquiries",
        __name__,
        url_prefix="/api/v1/entities",
        description="Other systems that are asked about one entity at once.",
    )

    @views.operation("GET", ONE, answer=InquiriesAnswer)
    def get_inquiries(_: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Say which other systems know something about an entity, and how they last answered."""
        return answer({"items": [_form(one) for one in found(kind, namespace, name)]})

    @views.operation("POST", ONE, answer=InquiriesAnswer, status=202)
    def refresh_facts(_: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Have every other system asked about an entity now, ahead of other work.

        What they say is assessed at once. Each is asked about it once in ten seconds at most.
        """
        by = asker_of(g.caller, request.remote_addr)
        refused = ask(portal, found(kind, namespace, name), by=by)
        if refused is not None:
            raise Refusal("TOO_OFTEN", refused.why, retry_after=refused.seconds)
        return answer({"items": [_form(one) for one in found(kind, namespace, name)]}, status=202)

    def found(kind: str, namespace: str, name: str) -> tuple[Askable, ...]:
        with portal.database.read() as connection:
            row = existing_entity(connection, kind, namespace, name)
            return askable(portal, connection, row.id, row.ref, row.body)

    return views


def _form(one: Askable) -> forms.Json:
    last = one.last
    return {
        "name": one.scheduled.name,
        "system": one.scheduled.system,
        "facts": list(one.scheduled.facts),
        "pending": one.is_pending,
        "askedAt": None if last is None else rfc3339(last.at),
        "said": None if last is None else last.said.value,
        "problem": None if last is None or last.problem is None else forms.problem(last.problem),
    }
