"""Webhooks that are received: `plumbline.webhooks`, and what a Backstage config says of them: its
`events.modules`, and the Apps of `integrations.github`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from plugins.hooks import TYPES
from portal.config.fields import Strict, Url, Words
from portal.config.integrations import GitHub, Integration

SHORTEST_SECRET = 16
"""Characters: one that can be guessed is none (hostile-input row W05)."""

_NAME = validate.Regexp(r"[a-z][a-z0-9-]{0,62}\Z", error="must be lower case letters, digits, -")
_FORGES = {"github": "https://github.com", "gitlab": "https://gitlab.com"}


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A webhook that is received at `/api/v1/webhooks/<name>`."""

    name: str
    type: str
    """One of `plugins.hooks.TYPES`."""
    url: str
    """Of the forge, or of an organization there, without trailing slash: it speaks for what is below."""
    secrets: tuple[str, ...] = field(repr=False)
    """At least one. With two, one can be replaced by the other."""


def _is_secret(text: str) -> None:
    if text != text.strip() or len(text) < SHORTEST_SECRET:
        raise ValidationError(
            f"must have {SHORTEST_SECRET} characters or more, and no space or line break around them"
        )


class ReceivedWebhook(Strict):
    """One entry; its result is a `Hook`."""

    name = fields.String(validate=_NAME)
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    url = Url()
    secrets = fields.List(
        fields.String(validate=_is_secret), required=True, validate=validate.Length(1, 5)
    )

    @post_load
    def _hook(self, data: dict[str, Any], **_: Any) -> Hook:
        url = data.get("url") or _FORGES.get(data["type"])
        if url is None:
            raise ValidationError("must be there: the forge, or an organization of it", "url")
        return Hook(
            name=data.get("name", data["type"]),
            type=data["type"],
            url=url.rstrip("/"),
            secrets=tuple(data["secrets"]),
        )


def named_once(hooks: list[Hook]) -> None:
    """Refuse two of one name."""
    names = [hook.name for hook in hooks]
    if len(set(names)) < len(names):
        raise ValidationError("must name each webhook once: give those of one type a `name`")


class _Module(Strict):
    # Not judged: a config with which a Backstage runs is to start.
    secret = fields.String(data_key="webhookSecret")


class _Http(Strict):
    topics = Words(or_none=True)


def events_schema() -> type[Schema]:
    """Backstage's `events`; its result is the hooks that it stands for."""
    modules = Strict.from_dict({name: fields.Nested(_Module) for name in _FORGES}, name="Modules")

    class Events(Strict):
        modules_ = fields.Nested(modules, data_key="modules", load_default=dict)
        http = fields.Nested(_Http)

        @post_load
        def _made(self, data: dict[str, Any], **_: Any) -> list[Hook]:
            return [
                Hook(name=name, type=name, url=_FORGES[name], secrets=(module["secret"],))
                for name, module in data["modules_"].items()
                if module.get("secret")
            ]

    return Events


def hooks_of_apps(integrations: Iterable[Integration]) -> list[Hook]:
    """What the Apps of each GitHub sign with: `github`, and `github-<host>` of an Enterprise Server."""
    found = []
    for one in integrations:
        if not isinstance(one, GitHub):
            continue
        secrets = tuple(app.webhook_secret for app in one.apps if app.webhook_secret)
        if secrets:
            name = "github" if one.host == "github.com" else f"github-{_spelled(one.host)}"
            url = f"https://{one.host.lower()}"
            found.append(Hook(name=name, type="github", url=url, secrets=secrets))
    return found


def together(hooks: Iterable[Hook]) -> list[Hook]:
    """One for each name: the first, with the secrets of all."""
    found: dict[str, Hook] = {}
    for hook in hooks:
        known = found.setdefault(hook.name, hook)
        secrets = tuple(dict.fromkeys((*known.secrets, *hook.secrets)))
        found[hook.name] = replace(known, secrets=secrets)
    return [*found.values()]


def _spelled(host: str) -> str:
    return re.sub("[^a-z0-9]+", "-", host.lower())
