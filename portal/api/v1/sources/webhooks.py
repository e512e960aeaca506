"""Webhooks: `POST /api/v1/webhooks/{name}`, by forges, with a signature instead of a token."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from plugins.hooks import Ignored, Malformed, Unsigned
from portal.api.deliveries import delivery
from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Resource, answer
from portal.use_cases.receiving import Accepted, hook_named, receive
from portal.wiring import Portal


class DeliveryAnswer(Answer):
    """What became of a delivery."""

    status = fields.String(metadata={"description": "`accepted`, or `ignored`."})
    why = fields.String(metadata={"description": "Why it was ignored; '': it was not."})
    keys = fields.List(
        fields.String(), metadata={"description": "What will be read anew: keys in the queue."}
    )


def resource(portal: Portal) -> Resource:
    """The route of webhooks."""
    views = Resource("webhooks", __name__, url_prefix="/api/v1", description="What forges tell.")

    @views.operation("POST", "/webhooks/<name>", answer=DeliveryAnswer, status=202)
    def receive_delivery(_: dict[str, Any], name: str) -> Response:
        """Take a delivery of the webhook that the configuration calls `name`.

        It must be signed as its type has it. 202 means that what it is about will be read anew, or
        that there is nothing to read: a forge must not be given an error for an event of no use.
        """
        hook = hook_named(portal, name)
        if hook is None:
            raise Refusal("NOT_FOUND", "No webhook of this name is configured with a secret")
        match receive(portal, hook, delivery()):
            case Unsigned(why=why):
                raise Refusal("UNAUTHENTICATED", why)
            case Malformed(problem=problem):
                raise Refusal("BAD_DELIVERY", f"{problem.message} {problem.hint}")
            case Ignored(why=why):
                return answer({"status": "ignored", "why": why, "keys": []}, status=202)
            case Accepted(keys=keys):
                return answer({"status": "accepted", "why": "", "keys": keys}, status=202)

    return views
