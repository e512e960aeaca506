"""Pushing facts: `POST /api/v1/facts`, by runs of CI."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Response, g
from marshmallow import fields, validate

from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Camel, Resource, answer
from portal.api.v1.schemas import ProblemAnswer
from portal.auth import may_push
from portal.use_cases.pushing import MOST_ITEMS, Received, receive
from portal.wiring import Portal
from scorecards.collection.pushed import Verdict


class PushedItem(Camel):
    """What a run says about an entity."""

    entity = fields.String(
        required=True, metadata={"description": "Ref; by default of a component."}
    )
    run = fields.String(metadata={"description": "URL of the run, where the facts come from."})
    revision = fields.String(metadata={"description": "Commit that it looked at."})
    observed_at = fields.String(
        metadata={"format": "date-time", "description": "When; now, where it is left out."}
    )
    facts = fields.Dict(
        required=True,
        keys=fields.String(),
        metadata={"description": "Values by name; null: looked for, and not there."},
    )


class _Unjudged(fields.Nested):
    """Items as they are: one that is wrong is refused by itself, and the others are stored."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value


class PushedBatch(Camel):
    """Items of one or more runs."""

    items = fields.List(
        _Unjudged(PushedItem), required=True, validate=validate.Length(1, MOST_ITEMS)
    )


class ReceivedAnswer(Answer):
    """What became of an item."""

    entity = fields.String(metadata={"description": "As the item names it."})
    outcome = fields.String(validate=validate.OneOf([verdict.value for verdict in Verdict]))
    problems = fields.List(fields.Nested(ProblemAnswer))


class BatchAnswer(Answer):
    """What became of a batch; items are in the order in which they were sent."""

    stored = fields.Integer()
    unchanged = fields.Integer(metadata={"description": "Said what is stored: a retry."})
    superseded = fields.Integer(metadata={"description": "Older than what is stored."})
    refused = fields.Integer()
    items = fields.List(fields.Nested(ReceivedAnswer))


def resource(portal: Portal) -> Resource:
    """`POST /api/v1/facts`."""
    views = Resource("facts", __name__, url_prefix="/api/v1", description="What CI says.")

    @views.operation("POST", "/facts", body=PushedBatch, answer=BatchAnswer)
    def push_facts(_: dict[str, Any], batch: dict[str, Any]) -> Response:
        """Push facts that no collector can see; each must be declared in the configuration.

        An item is taken whole or refused with its problems; the others are stored. Sending a batch
        again changes nothing: the run and the revision tell a retry from something new. What one run
        pushes about an entity in several parts adds up.
        """
        received = receive(
            portal,
            batch["items"],
            allowed=lambda ref, facts: may_push(g.caller, ref, facts),
        )
        return answer(batch_answer(received))

    return views


def batch_answer(received: list[Received]) -> forms.Json:
    """The answer to a batch, as `BatchAnswer` describes it."""
    counts = Counter(item.verdict for item in received)
    return {
        **{verdict.value: counts[verdict] for verdict in Verdict},
        "items": [
            {
                "entity": item.entity,
                "outcome": item.verdict.value,
                "problems": [forms.problem(problem) for problem in item.problems],
            }
            for item in received
        ],
    }
