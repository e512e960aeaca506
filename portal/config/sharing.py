"""`backend.cors`: the sites whose pages may ask the APIs, as a Backstage frontend's at its own address.

Source of keys and defaults: Backstage's backend-defaults 0.18.0, which hands them to the package `cors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from portal.config.fields import Flag, Strict, Words

METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE")
"""Where the config names none."""


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Which sites' pages may ask, and how."""

    origins: tuple[str, ...]
    """Globs: `https://*.example.com`. A star stands for nothing with a slash in it, so `*` is no origin."""
    methods: tuple[str, ...] = METHODS
    headers: tuple[str, ...] = ()
    """That pages may send; none: whichever they ask for."""
    exposed: tuple[str, ...] = ()
    """That pages may read besides those that every page may."""
    seconds: int | None = None
    """How long a browser may remember that it may ask; None: as long as it likes."""


class _Origins(fields.Field[tuple[str, ...]]):
    """An origin, or a list of them; stars may stand in them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        origins = value if isinstance(value, list) else [value]
        if not all(isinstance(origin, str) for origin in origins):
            raise ValidationError(
                "must be an origin, as https://app.example.com, or a list of them"
            )
        return tuple(origin.strip().rstrip("/") for origin in origins)

    def form(self) -> Any:
        """One text, or a list."""
        text = {"type": "string"}
        return {"anyOf": [text, {"type": "array", "items": text}]}


class Cors(Strict):
    """The section, as a `Sharing`."""

    origin = _Origins(load_default=())
    methods = Words()
    headers = Words(data_key="allowedHeaders", or_none=True)
    exposed = Words(data_key="exposedHeaders", or_none=True)
    seconds = fields.Integer(data_key="maxAge", validate=validate.Range(min=0))
    credentials = Flag()
    preflight_continue = Flag(data_key="preflightContinue")
    options_status = fields.Integer(data_key="optionsSuccessStatus")

    @post_load
    def _sharing(self, data: dict[str, Any], **_: Any) -> Sharing:
        unheeded = ("origin", "credentials", "preflight_continue", "options_status")
        used = {key: value for key, value in data.items() if key not in unheeded}
        return Sharing(origins=data["origin"], **used)
