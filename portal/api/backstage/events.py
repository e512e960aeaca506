"""Backstage's address of webhooks: what a forge was told to send there arrives here as well.

`POST /api/events/http/<topic>` answers in Backstage's words (reference 4.11); what is done is that
of `/api/v1/webhooks/<name>`, and a topic is a name.
"""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from plugins.hooks import Malformed, Unsigned
from portal.api.backstage.errors import error_response
from portal.api.deliveries import delivery
from portal.use_cases.receiving import hook_named, receive
from portal.wiring import Portal


def blueprint(portal: Portal) -> Blueprint:
    """The one route."""
    routes = Blueprint("backstage_events", __name__, url_prefix="/api/events")

    @routes.post("/http/<topic>")
    def receive_event(topic: str) -> Response:
        hook = hook_named(portal, topic)
        if hook is None:
            return error_response(404, f"No webhook {topic} is configured with a secret")
        match receive(portal, hook, delivery()):
            case Unsigned():
                what = "token" if hook.type == "gitlab" else "signature"
                return _json(403, {"message": f"invalid {what}"})
            case Malformed(problem=problem):
                return error_response(400, problem.message)
        return _json(202, {"status": "accepted"})

    return routes


def _json(status: int, value: dict[str, str]) -> Response:
    return Response(orjson.dumps(value), status, content_type="application/json; charset=utf-8")
