"""The values of a config: what may stand there, in all the spellings that Backstage takes.

Each says its `form` as well: JSON Schema, in which fields and schemas may stand for theirs
(`portal.config.editing`). Whatever is taken fits the form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from catalog.descriptor.rules import AllowedKind

_YES = ("y", "yes", "true", "1", "on")
_NO = ("n", "no", "false", "0", "off")

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(\d+))?")


@dataclass(frozen=True, kw_only=True)
class UnknownKey:
    """What is said of a key that its object does not have."""

    known: tuple[str, ...]
    """The keys that it has."""


@dataclass(frozen=True, kw_only=True)
class UnknownWord:
    """What is said of a name that nothing has."""

    found: str
    known: tuple[str, ...]
    """The names that there are."""
    kind: str
    """What they are names of: `pack`."""


class Strict(Schema):
    """An object of which every key is known; each that is not is said, as an `UnknownKey`."""

    class Meta:  # noqa: D106
        unknown = EXCLUDE

    error_messages = {"type": "must be an object of keys and values"}  # noqa: RUF012

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _no_other_keys(self, _data: Any, original_data: Any, **_: Any) -> None:
        known = tuple(keys_of(self))
        if isinstance(original_data, dict):
            other = {key: [UnknownKey(known=known)] for key in original_data if key not in known}
            if other:
                raise ValidationError(other)


def keys_of(schema: Schema) -> list[str]:
    """The keys of an object, as they are written."""
    return [field.data_key or name for name, field in schema.fields.items()]


class Text(fields.String):
    """A text that is not empty, or a number where a text is meant."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if type(value) in (int, float):
            value = str(value)
        text: str = super()._deserialize(value, *args, **kwargs)
        if not text:
            raise ValidationError("must not be empty")
        return text

    def form(self) -> Any:
        """Texts and numbers."""
        return {"type": ["string", "number"], "minLength": 1}


class Flag(fields.Field[bool]):
    """`true`, `false`, or a word for one of them (an environment variable holds words only)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        text = str(value).strip().lower() if isinstance(value, bool | int | str) else ""
        if text in _YES:
            return True
        if text in _NO:
            return False
        raise ValidationError("must be true or false")

    def form(self) -> Any:
        """`true` and `false` first: an editor offers these."""
        words = "|".join(map(in_any_case, _YES + _NO))
        return {
            "anyOf": [
                {"type": "boolean"},
                {"enum": [0, 1]},
                {"type": "string", "pattern": rf"^\s*(?:{words})\s*$"},
            ]
        }


class Words(fields.Field[tuple[str, ...]]):
    """A text of words between spaces or commas, or a list of such texts; each word once.

    `or_none`: nothing in it plainly means none, and there is no restriction that it could lift.
    """

    def __init__(
        self, *, among: tuple[str, ...] = (), or_none: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self._among, self._or_none = among, or_none

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise ValidationError("must be a text, or a list of texts")
        words = tuple(dict.fromkeys(w for text in texts for w in re.split("[ ,]", text) if w))
        # "No restriction" and "nothing" are told apart by leaving the key out.
        if not words and not self._or_none:
            raise ValidationError("must not be empty")
        for word in words:
            if self._among and word not in self._among:
                raise ValidationError(f"{word!r} is none of {', '.join(self._among)}")
        return words

    def form(self) -> Any:
        """One text, or a list; each word that is known is offered."""
        text: dict[str, Any] = {"type": "string"}
        least = 0 if self._or_none else 1
        if self._among:
            word = "|".join(map(re.escape, self._among))
            text["pattern"] = rf"^[ ,]*(?:(?:{word})(?:[ ,]+|$))*$"
            text = {"anyOf": [{"enum": [*self._among]}, text]}
        return {"anyOf": [text, {"type": "array", "minItems": least, "items": text}]}


class Listen(fields.Field[tuple[str, int | None]]):
    """`7007`, `:7007`, `127.0.0.1:7007` or `{host, port}`.

    The result is (host or '', port or None). Where no host is named Backstage listens on every
    address; here it is the loopback one.
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

    def form(self) -> Any:
        """A port, a text with one, or both by name."""
        port = {"type": ["integer", "string"], "minimum": 1, "maximum": 65535}
        both = {"host": {"type": "string"}, "port": port}
        return {
            "anyOf": [port, {"type": "object", "properties": both, "additionalProperties": False}]
        }


class Url(fields.String):
    """An http or https URL, without the slashes at its end."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        try:
            parts = urlsplit(text)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment or parts.username or re.search(r"\s", text):
            raise ValidationError("must be an http or https URL without query and user")
        return text.rstrip("/")

    def form(self) -> Any:
        """What it begins with, and nothing of what is judged of its parts."""
        return {"type": "string", "pattern": rf"^{in_any_case('http')}[sS]?://[^\s?#]+$"}


class Host(fields.String):
    """A host, with or without a port, and nothing else of a URL."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        found = _HOST.fullmatch(text)
        if found is None or (found[2] is not None and parse_port(found[2]) is None):
            raise ValidationError("must be a host, as in example.com or example.com:8443")
        return text

    def form(self) -> Any:
        """A text of the characters of a host."""
        return {"type": "string", "pattern": f"^(?:{_HOST.pattern})$"}


class Kind(fields.Field[AllowedKind]):
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

    def form(self) -> Any:
        """A name, or an object."""
        text = {"type": "string"}
        both = {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": text, "spec.type": {"type": ["string", "null"]}},
            "additionalProperties": False,
        }
        return {"anyOf": [text, both]}


def in_any_case(word: str) -> str:
    """A regular expression for the word in small and large letters: there are no flags in JSON."""
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else re.escape(c) for c in word)


def parse_port(text: str) -> int | None:
    """A TCP port that `text` writes, or None."""
    if not re.fullmatch(r"[0-9]{1,5}", text):
        return None
    return int(text) if 0 < int(text) < 65536 else None
