"""`plumbline.notices`: what teams are told, when, and where it is sent to."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from plugins.contract import MailChannel, WebhookChannel
from plugins.signing import LONGEST, PREFIX, SHORTEST, key_of
from portal.config.durations import Duration
from portal.config.fields import Flag, Host, Strict, Url
from scorecards.people.notices import Timing

_NAME = validate.Regexp(r"[a-z][a-z0-9-]{0,62}\Z", error="must be lower case letters, digits, -")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _is_secret(text: str) -> None:
    if key_of(text) is None:
        form = f"{PREFIX} and the base64 of {SHORTEST} to {LONGEST} random bytes"
        raise ValidationError(f"must be {form}")


def _is_address(text: str) -> None:
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", text):
        raise ValidationError("must be an e-mail address")


class _Webhook(Strict):
    name = fields.String(required=True, validate=_NAME)
    url = Url(required=True)
    secrets = fields.List(
        fields.String(validate=_is_secret), required=True, validate=validate.Length(1, 5)
    )
    internal = Flag()

    @post_load
    def _channel(self, data: dict[str, Any], **_: Any) -> WebhookChannel:
        return WebhookChannel(**data | {"secrets": tuple(data["secrets"])})


class _Mail(Strict):
    host = Host(required=True)
    port = fields.Integer(validate=validate.Range(1, 65535))
    security = fields.String(load_default="starttls", validate=validate.OneOf(sorted(_PORTS)))
    user = fields.String()
    password = fields.String()
    sender = fields.String(data_key="from", required=True, validate=_is_address)
    to = fields.List(fields.String(validate=_is_address))
    teams = Flag()

    @post_load
    def _channel(self, data: dict[str, Any], **_: Any) -> MailChannel:
        usual: dict[str, Any] = {"name": "mail", "port": _PORTS[data["security"]]}
        return MailChannel(**usual | data | {"to": tuple(data.get("to", ()))})


class _LevelDrop(Strict):
    after = Duration()


class _Before(Strict):
    before = Duration()


class Notices(Strict):
    """The section, as a `Timing` and the channels."""

    level_drop = fields.Nested(_LevelDrop, data_key="levelDrop", load_default=dict)
    exemptions = fields.Nested(_Before, data_key="exemptionExpiring", load_default=dict)
    campaigns = fields.Nested(_Before, data_key="campaignDue", load_default=dict)
    digest = Duration()
    webhooks = fields.List(fields.Nested(_Webhook), load_default=list)
    mail = fields.Nested(_Mail, load_default=None)

    @post_load
    def _settings(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        times = {
            "level_drop_after": data["level_drop"].get("after"),
            "exemptions_before": data["exemptions"].get("before"),
            "campaigns_before": data["campaigns"].get("before"),
            "digest": data.get("digest"),
        }
        channels = (*data["webhooks"], *([data["mail"]] if data["mail"] else []))
        names = [channel.name for channel in channels]
        if len(set(names)) < len(names):
            raise ValidationError("must not have two channels of one name", "webhooks")
        return {
            "notices": Timing(**{key: value for key, value in times.items() if value is not None}),
            "channels": channels,
        }
