"""Who may ask with a token: what `backend.auth` and `plumbline.auth` say, as records.

Semantics of Backstage's `externalAccess` (reference 5), but for one thing: a key that is misspelled
there is an error, because it would open more than was meant.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from marshmallow import ValidationError, fields, post_load

from portal.config.fields import Flag, Strict, Url, Words

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
"""Signatures with a public key. A secret that is shared has no place in a key set."""

ACTIONS = ("create", "read", "update", "delete")

OWN = "plumbline"
"""The plugin that everything but Backstage's routes belongs to."""

PUSH = "plumbline.facts.push"
"""The permission to push facts."""

PLUGIN_PLACE = "{{pluginId}}"
"""Stands for the calling plugin in the URL of its keys."""

_SHORTEST_TOKEN = 8
"""Characters (Backstage's own rule for static tokens)."""


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """What a token may do in one plugin; in those that no restriction names it may do nothing."""

    plugin: str
    permissions: tuple[str, ...] = ()
    """Names of permissions, as `catalog.entity.read`; empty: all."""
    actions: tuple[str, ...] = ()
    """Of `ACTIONS`, those that the permission's own must be among; empty: all."""
    facts: tuple[str, ...] = ()
    """Namespaces of the facts that may be pushed; empty: all."""
    entities: tuple[str, ...] = ()
    """Refs of the entities that facts may be pushed about, with `*`; empty: all."""


@dataclass(frozen=True, kw_only=True)
class StaticToken:
    """A bearer token of a machine (`type: static`)."""

    token: str = field(repr=False)
    subject: str
    """Who the machine is, for logs and audit."""
    restrictions: tuple[Restriction, ...] = ()
    """Empty: it may do everything."""


@dataclass(frozen=True, kw_only=True)
class KeySetAccess:
    """Tokens that another system signs (`type: jwks`)."""

    url: str
    """Where its public keys are."""
    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ALGORITHMS
    prefix: str = ""
    """Put before the subject, to tell systems apart: `external:<prefix>:<sub>`."""
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SharedSecret:
    """Tokens of an older Backstage, signed with a secret that both know (`type: legacy`)."""

    key: bytes = field(repr=False)
    subject: str
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BackstageUsers:
    """Tokens that a Backstage gives to the people who sign in there."""

    url: str
    """Where its public keys are."""


@dataclass(frozen=True, kw_only=True)
class BackstagePlugins:
    """Tokens with which the plugins of a Backstage call one another."""

    url: str
    """Where the public keys of a plugin are; may hold `PLUGIN_PLACE`."""


Issuer: TypeAlias = KeySetAccess | SharedSecret | BackstageUsers | BackstagePlugins
"""Who makes tokens that are verified by their signature."""


def _is_word(text: str) -> None:
    if not re.fullmatch(r"\S+", text):
        raise ValidationError("must be one word, without spaces")


def _is_token(text: str) -> None:
    if len(text) < _SHORTEST_TOKEN or not re.fullmatch(r"\S+", text):
        raise ValidationError(f"must have at least {_SHORTEST_TOKEN} characters and no spaces")


class _Secret(fields.Field[bytes]):
    """Base64 of random bytes, in either of its alphabets."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bytes:
        try:
            text = value.translate(str.maketrans("-_", "+/")).rstrip("=")
            found = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (AttributeError, ValueError, binascii.Error):
            found = b""
        if not found:
            raise ValidationError("must be base64")
        return found

    def form(self) -> Any:
        """Any text: a pattern would show an editor no more than that it is none."""
        return {"type": "string", "minLength": 2}


class _Attributes(Strict):
    action = Words(among=ACTIONS)


class _Restriction(Strict):
    plugin = fields.String(required=True, validate=_is_word)
    permission = Words()
    attributes = fields.Nested(_Attributes, data_key="permissionAttribute", load_default=dict)
    facts = Words()
    entities = Words()

    @post_load
    def _record(self, data: dict[str, Any], **_: Any) -> Restriction:
        facts, entities = data.get("facts", ()), data.get("entities", ())
        permissions = data.get("permission", ())
        if facts or entities:
            # Who is limited so is meant to push and nothing else: all the rest would be open.
            if data["plugin"] != OWN or set(permissions) - {PUSH}:
                raise ValidationError(f"facts and entities limit {PUSH} of plugin {OWN}")
            permissions = (PUSH,)
        return Restriction(
            plugin=data["plugin"],
            permissions=permissions,
            actions=data["attributes"].get("action", ()),
            facts=facts,
            entities=tuple(ref.lower() for ref in entities),
        )


def _once_each(restrictions: list[Restriction]) -> None:
    plugins = [restriction.plugin for restriction in restrictions]
    if len(set(plugins)) < len(plugins):
        raise ValidationError("must name each plugin once")


class AccessRestrictions(Strict):
    """`accessRestrictions`, wherever else they are said; raises as a config with them would be refused."""

    restrictions = fields.List(
        fields.Nested(_Restriction),
        data_key="accessRestrictions",
        load_default=list,
        validate=_once_each,
    )


class _StaticOptions(Strict):
    token = fields.String(required=True, validate=_is_token)
    subject = fields.String(required=True, validate=_is_word)


class _KeySetOptions(Strict):
    url = Url(required=True)
    issuers = Words(data_key="issuer")
    audiences = Words(data_key="audience")
    algorithms = Words(data_key="algorithm", among=ALGORITHMS)
    prefix = fields.String(data_key="subjectPrefix", validate=_is_word)


class _SecretOptions(Strict):
    key = _Secret(data_key="secret", required=True)
    subject = fields.String(required=True, validate=_is_word)


TYPES: Mapping[str, tuple[type[Strict], Callable[..., StaticToken | Issuer]]] = {
    "static": (_StaticOptions, StaticToken),
    "jwks": (_KeySetOptions, KeySetAccess),
    "legacy": (_SecretOptions, SharedSecret),
}


class ExternalAccess(fields.Field[StaticToken | Issuer | None]):
    """One entry of `externalAccess`: `static`, `jwks` or `legacy`, each with its options.

    None for a type that only a module of Backstage's knows.
    """

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> StaticToken | Issuer | None:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind not in TYPES:
            return None
        options, record = TYPES[kind if isinstance(kind, str) else "static"]
        loaded = _entry(options).load(value)
        return record(**loaded["options"], restrictions=tuple(loaded["restrictions"]))

    def form(self) -> Any:
        """What each type asks for; of a type that is not known nothing is said."""
        of_types = [
            {
                "if": {"required": ["type"], "properties": {"type": {"const": name}}},
                "then": _entry(options),
            }
            for name, (options, _) in TYPES.items()
        ]
        return {"type": "object", "required": ["type"], "allOf": of_types}


def _entry(options: type[Strict]) -> Strict:
    class Entry(AccessRestrictions):
        type = fields.String(required=True)
        options_ = fields.Nested(options, data_key="options", required=True, attribute="options")

    return Entry()


class _OldKey(Strict):
    key = _Secret(data_key="secret", required=True)

    @post_load
    def _record(self, data: dict[str, Any], **_: Any) -> SharedSecret:
        return SharedSecret(key=data["key"], subject="external:backstage-plugin")


class BackendAuth(Strict):
    """`backend.auth`."""

    access = fields.List(ExternalAccess(), data_key="externalAccess")
    keys = fields.List(fields.Nested(_OldKey))
    is_off = Flag(data_key="dangerouslyDisableDefaultAuthPolicy")


class _PluginUrl(Url):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = value.replace(PLUGIN_PLACE, "pluginId") if isinstance(value, str) else value
        super()._deserialize(text, *args, **kwargs)
        return str(value)


class TrustedBackstage(Strict):
    """`plumbline.auth.backstage`: the Backstage whose tokens are taken, as a list of issuers."""

    base_url = Url(data_key="baseUrl")
    jwks = Url()
    plugin_jwks = _PluginUrl(data_key="pluginJwks")

    @post_load
    def _issuers(self, data: dict[str, Any], **_: Any) -> tuple[Issuer, ...]:
        base = data.get("base_url")
        users = data.get("jwks") or (base and f"{base}/api/auth/.well-known/jwks.json")
        plugins = data.get("plugin_jwks") or (
            base and f"{base}/api/{PLUGIN_PLACE}/.backstage/auth/v1/jwks.json"
        )
        return (
            *([BackstageUsers(url=users)] if users else []),
            *([BackstagePlugins(url=plugins)] if plugins else []),
        )
