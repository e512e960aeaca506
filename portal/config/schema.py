"""The keys that are served, and what may stand there. Unknown keys are told apart by the caller."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from catalog.rules import AllowedKind

_PARTS = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_UNITS = {name[0]: seconds for name, seconds in _PARTS.items()}


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class _Duration(fields.Field[timedelta]):
    """`24h`, `7d`, or an object of Backstage's form: `{hours: 24}`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        seconds: float | None = None
        if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,6}) ?([wdhms])", value)):
            seconds = int(match[1]) * _UNITS[match[2]]
        elif isinstance(value, dict) and value and value.keys() <= _PARTS.keys():
            numbers = [v for v in value.values() if type(v) in (int, float) and 0 <= v < 1e6]
            if len(numbers) == len(value):
                seconds = sum(_PARTS[part] * n for part, n in value.items())
        if seconds is None:
            raise ValidationError("must be a duration: 30m, 24h, 7d or {hours: 24}")
        return timedelta(seconds=seconds)


class _Listen(fields.Field[tuple[str, int | None]]):
    """`7007`, `:7007`, `127.0.0.1:7007` or `{host, port}`, as (host or '', port or None).

    Where no host is named Backstage listens on every address; here it is the loopback one.
    """

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, int | None]:
        host, port = "", value
        if isinstance(value, dict) and value.keys() <= {"host", "port"}:
            host, port = value.get("host", ""), value.get("port")
        elif isinstance(value, str):
            host, _colon, port = value.rpartition(":")
        if not isinstance(host, str):
            raise ValidationError("must name a host as text")
        if port is None:
            return host, None
        number = parse_port(str(port))
        if number is None or isinstance(port, bool):
            raise ValidationError("must be a port from 1 to 65535, host:port or {host, port}")
        return host.strip("[]"), number


class _Url(fields.String):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        try:
            parts = urlsplit(text)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment or parts.username:
            raise ValidationError("must be an http or https URL without query and user")
        return text.rstrip("/")


class _Kind(fields.Field[AllowedKind]):
    """`Component`, or `{kind: Resource, spec.type: database}`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> AllowedKind:
        match value:
            case str():
                return AllowedKind(kind=value)
            case {"kind": str(kind), **more} if more.keys() <= {"spec.type"}:
                spec_type = more.get("spec.type")
                if spec_type is None or isinstance(spec_type, str):
                    return AllowedKind(kind=kind, spec_type=spec_type)
        raise ValidationError("must be the name of a kind or {kind, spec.type}")


class _RuleLocation(_Strict):
    type = fields.String(required=True)
    exact = fields.String()
    pattern = fields.String()


class _Rule(_Strict):
    allow = fields.List(_Kind(), required=True)
    locations = fields.List(fields.Nested(_RuleLocation))


class _LocationRule(_Strict):
    allow = fields.List(_Kind(), required=True)


class _Location(_Strict):
    type = fields.String(required=True)
    target = fields.String(required=True, validate=validate.Length(min=1, max=2000))
    rules = fields.List(fields.Nested(_LocationRule))


class _Catalog(_Strict):
    locations = fields.List(fields.Nested(_Location))
    rules = fields.List(fields.Nested(_Rule))
    orphan_strategy = fields.String(
        data_key="orphanStrategy", validate=validate.OneOf(["delete", "keep"])
    )


class _Access(_Strict):
    type = fields.String(required=True)
    options = fields.Dict(keys=fields.String(), load_default=dict)
    restrictions = fields.Raw(data_key="accessRestrictions")


class _BackendAuth(_Strict):
    access = fields.List(fields.Nested(_Access), data_key="externalAccess")
    is_off = fields.Boolean(
        data_key="dangerouslyDisableDefaultAuthPolicy", truthy={True}, falsy={False}
    )


class _Backend(_Strict):
    base_url = _Url(data_key="baseUrl")
    listen = _Listen()
    auth = fields.Nested(_BackendAuth)


class _App(_Strict):
    base_url = _Url(data_key="baseUrl")


class _Removal(_Strict):
    grace = _Duration()


class _Facts(_Strict):
    refresh = _Duration()


class _Plugins(_Strict):
    disabled = fields.List(fields.String())


class _Plumbline(_Strict):
    scorecards = fields.List(fields.String())
    removal = fields.Nested(_Removal)
    facts = fields.Nested(_Facts)
    plugins = fields.Nested(_Plugins)
    database = fields.String()
    data_dir = fields.String(data_key="dataDir")


class Config(_Strict):
    """A whole config, merged and resolved."""

    app = fields.Nested(_App)
    backend = fields.Nested(_Backend)
    catalog = fields.Nested(_Catalog)
    plumbline = fields.Nested(_Plumbline)


def parse_port(text: str) -> int | None:
    """A TCP port that `text` writes, or None."""
    if not re.fullmatch(r"[0-9]{1,5}", text):
        return None
    return int(text) if 0 < int(text) < 65536 else None


def known_keys(path: list[str | int]) -> list[str]:
    """The keys that are served in the object at `path`."""
    schema: Any = Config()
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for n, f in schema.fields.items() if (f.data_key or n) == part), None)
        field = field.inner if isinstance(field, fields.List) else field
        if not isinstance(field, fields.Nested):
            return []
        schema = field.schema
    return [f.data_key or name for name, f in schema.fields.items()]
