"""Editing: the JSON Schema of a config, by which an editor offers keys and marks mistakes.

It is made from what reads a config, and says nothing of its own. Whatever is taken fits it. What
depends on two keys at once, or on a function, is found by the portal alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from marshmallow import Schema, fields, validate

from portal.config.checking import EXACT
from portal.config.durations import Duration, Interval
from portal.config.fields import Flag, Host, Text, Url
from portal.config.files import SPECIAL
from portal.config.schema import Config
from portal.config.unserved import READ

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SHARED = (Duration, Flag, Host, Interval, Text, Url)
"""What stands in so many places that it is said once."""

_ELSEWHERE = {
    "description": "Nothing, or what is found in the environment or in another file.",
    "anyOf": [
        {"type": "null"},
        {"type": "string", "pattern": r"\$\{"},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"enum": [*SPECIAL]},
        },
    ],
}


@runtime_checkable
class _Formed(Protocol):
    """A field that says its form itself."""

    def form(self) -> Any: ...


def editor_schema(of: Schema | None = None) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one file of a config, or of another object.

    A file may leave to others what it needs, unless that stands in a list: lists are not merged.
    """
    shared = {
        kind.__name__: {
            "description": _summary(kind),
            **_or_elsewhere(_plain(kind().form(), "", listed=False)),
        }
        for kind in _SHARED
    }
    return {
        "$schema": DIALECT,
        "title": "Configuration of Plumbline",
        **_object(of or Config(), "", listed=False),
        "$defs": {"Elsewhere": _ELSEWHERE, **shared},
    }


def _object(schema: Schema, path: str, *, listed: bool) -> dict[str, Any]:
    """The form of an object at a dotted path; `listed` where it stands in a list."""
    keys = {field.data_key or name: field for name, field in schema.fields.items()}
    found: dict[str, Any] = {
        "type": "object",
        "properties": {
            key: _value(field, f"{path}.{key}".removeprefix("."), listed=listed)
            for key, field in keys.items()
        },
    }
    needed = [key for key, field in keys.items() if field.required]
    if listed and needed:
        found["required"] = needed
    if f"/{path.replace('.', '/')}/".startswith(EXACT):
        found["additionalProperties"] = False
    return found


def _value(field: fields.Field[Any], path: str, *, listed: bool) -> dict[str, Any]:
    """The form of what may stand at a key; everywhere that may be found elsewhere."""
    described = _described(field, path)
    if type(field) in _SHARED and not field.validators:
        return described | {"$ref": f"#/$defs/{type(field).__name__}"}
    form = _form(field, path, listed=listed)
    return described | (_or_elsewhere(form) if form else {})


def _or_elsewhere(form: dict[str, Any]) -> dict[str, Any]:
    # Not `anyOf`: of that an editor can only say that nothing fits.
    return {"if": {"$ref": "#/$defs/Elsewhere"}, "else": form}


def _unheeded(path: str) -> dict[str, Any]:
    return {"description": f"Not heeded. {READ[path]}"} if path in READ else {}


def _described(field: fields.Field[Any], path: str) -> dict[str, Any]:
    """What an editor shows beside a key, where there is something to say."""
    kind: type[Any] = type(field)
    said = _summary(kind) if isinstance(field, _Formed) and kind not in _SHARED else ""
    return ({"description": said} if said else {}) | _unheeded(path)


def _summary(kind: type[Any]) -> str:
    """What a class of fields says of itself; its own words, not those of what it extends."""
    return str(vars(kind).get("__doc__") or "").partition("\n\n")[0].replace("\n    ", " ").strip()


def _form(field: fields.Field[Any], path: str, *, listed: bool) -> dict[str, Any]:
    limits = dict(_limits(field))
    match field:
        case _Formed():
            form: dict[str, Any] = _plain(field.form(), path, listed=listed)
            return form | limits
        case fields.Nested():
            return _object(field.schema, path, listed=listed)
        case fields.List(inner=inner):
            return {"type": "array", "items": _value(inner, f"{path}.*", listed=True)} | limits
        case fields.Dict(value_field=inner):
            values = {} if inner is None else _value(inner, f"{path}.*", listed=listed)
            return {"type": "object", "additionalProperties": values} | limits
        case fields.Integer(strict=strict):
            return {"type": "integer" if strict else ["integer", "string"]} | limits
        case fields.String():
            return {"type": "string"} | limits
        case fields.Raw():
            return {}
    raise TypeError(f"no form is known of {type(field).__name__} at {path}")


def _plain(form: Any, path: str, *, listed: bool) -> Any:
    """A form in which everything that stands for a form is replaced by it."""
    match form:
        case fields.Field():
            return _value(form, path, listed=listed)
        case Schema():
            return _or_elsewhere(_object(form, path, listed=listed))
        case dict():
            return {key: _part(key, part, path, listed=listed) for key, part in form.items()}
        case list():
            return [_plain(part, path, listed=listed) for part in form]
    return form


def _part(keyword: str, part: Any, path: str, *, listed: bool) -> Any:
    match keyword:
        case "properties":
            below = {key: f"{path}.{key}" for key in part}
            return {
                key: _unheeded(below[key]) | _plain(one, below[key], listed=listed)
                for key, one in part.items()
            }
        case "items":
            return _plain(part, f"{path}.*", listed=True)
        case "additionalProperties":
            return _plain(part, f"{path}.*", listed=listed)
    return _plain(part, path, listed=listed)


def _limits(field: fields.Field[Any]) -> Iterator[tuple[str, Any]]:
    """What a field's validators say that JSON Schema can say, too."""
    ends = "Items" if isinstance(field, fields.List) else "Length"
    for validator in field.validators:
        match validator:
            case validate.OneOf(choices=choices):
                yield "enum", [*choices]
            case validate.Regexp(regex=regex):
                # It is looked for at the beginning; `\Z` is written `$` there.
                yield "pattern", "^(?:" + str(regex.pattern).replace(r"\Z", "$") + ")"
            case validate.Length(min=least, max=most):
                yield from _between("min" + ends, least, "max" + ends, most)
            case validate.Range(min=least, max=most):
                yield from _between("minimum", least, "maximum", most)


def _between(least: str, low: Any, most: str, high: Any) -> Iterator[tuple[str, Any]]:
    if low is not None:
        yield least, low
    if high is not None:
        yield most, high
