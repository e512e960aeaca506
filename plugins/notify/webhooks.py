"""Webhooks: a signed POST to the URL that the operator named, and to no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import orjson

from plugins.contract import (
    Delivered,
    Message,
    NotDelivered,
    ReadingRule,
    WebhookChannel,
)
from plugins.signing import key_of, signed_headers
from plugins.web.answers import Refused
from plugins.web.client import CheckedClient

_FINAL = {400, 401, 403, 404, 405, 410, 413, 415, 422}
"""Answers that will be the same tomorrow."""

_PRIVATE = "The webhook's host has a private address, which is not allowed."
_HOW = "Say `internal: true` at the webhook, if it is meant."


class Webhook:
    """One URL. Several threads may use it at once."""

    def __init__(self, channel: WebhookChannel) -> None:
        self.name = channel.name
        self._url = channel.url
        self._keys = [key for secret in channel.secrets if (key := key_of(secret))]
        authority = urlsplit(channel.url).netloc
        self._client = CheckedClient([ReadingRule(host=authority)], internal=channel.internal)

    def send(self, message: Message, *, now: datetime) -> Delivered | NotDelivered:
        """Post the message as JSON; any status of 200 to 299 is a delivery, a redirect is none."""
        body = orjson.dumps(message.data)
        headers = {
            "content-type": "application/json",
            **signed_headers(message.id, body, self._keys, now=now),
        }
        answer = self._client.post(self._url, body=body, headers=headers)
        if isinstance(answer, Refused):
            problem = answer.problem
            if problem.code == "HOST_NOT_ALLOWED":
                problem = replace(problem, message=_PRIVATE, hint=_HOW)
            return NotDelivered(problem=problem, final=answer.status in _FINAL)
        return Delivered()
