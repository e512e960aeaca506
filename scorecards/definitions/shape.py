"""The shape of a document: keys, types and bounds, before anything is understood.

Judged by `scorecard.schema.json` and `pack.schema.json`, which editors can use as well; the words
are ours. Positions are filled in by whoever knows the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, cast

import jsonschema_rs
import orjson

from catalog.descriptor.suggestions import listing, nearest
from catalog.pointers import Step, at, dotted, pointer
from catalog.problems import JsonValue, Problem, quote

_TYPES = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "integer": "a whole number",
}


_BOUNDS = {
    "maxLength": "has more than {} characters",
    "minItems": "has fewer than {} items",
    "maxItems": "has more than {} items",
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "const": "must be `{}`",
    "pattern": "is not written as it must be",
}

_MERGE = "<<"
_MERGE_HINT = "Merge keys are not taken in: write out what they would bring"
"""YAML 1.2 knows no merge keys, and descriptors do not take them in either."""


def shape_problems(data: JsonValue, schema: str = "scorecard") -> list[Problem]:
    """Every fault in the shape of the document, with its pointer. `schema`: or that of a `pack`."""
    errors = _validator(schema).iter_errors(data)
    return [p for e in errors if not _is_merged(e, data) for p in _explained(e, data, schema)]


@cache
def _schema(name: str) -> dict[str, Any]:
    text = (files("scorecards") / f"{name}.schema.json").read_bytes()
    return cast("dict[str, Any]", orjson.loads(text))


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    # This engine of regular expressions is linear in the text; the default one is not.
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.Draft202012Validator(_schema(name), pattern_options=options)


def _is_merged(error: jsonschema_rs.ValidationError, data: JsonValue) -> bool:
    """Whether something is missing beside a merge key, which was meant to bring it."""
    found = at(data, list(error.instance_path))
    missing = isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required)
    return missing and isinstance(found, dict) and _MERGE in found


def _explained(
    error: jsonschema_rs.ValidationError, data: JsonValue, schema: str
) -> Iterator[Problem]:
    path: list[Step] = list(error.instance_path)
    here = _schema_at(error.schema_path[:-1], schema)
    kinds = jsonschema_rs.ValidationErrorKind
    match error.kind:
        case kinds.Required(property=name):
            yield _problem("FIELD_REQUIRED", [*path, name], "`{}` is missing", hint=f"Add `{name}`")
        case kinds.AdditionalProperties(unexpected=names):
            for name in names:
                yield _unknown([*path, name], list(here["properties"]))
        case kinds.Type(types=types):
            wanted = " or ".join(_TYPES.get(name, name) for name in types)
            yield _problem(
                "FIELD_TYPE",
                path,
                f"`{{}}` must be {wanted}",
                found=_written(at(data, path)),
                hint=here.get("description", ""),
                expected=wanted,
            )
        case kinds.MinLength() | kinds.MinItems(limit=1) | kinds.MinProperties():
            hint = "Fill it in, or leave it out"
            yield _problem("FIELD_EMPTY", path, "`{}` is empty", hint=hint)
        case kinds.MaxProperties():
            hint = "Give it exactly one of all, any, not and at_least; nest them to combine"
            yield _problem("FIELD_VALUE", path, "`{}` says several things at once", hint=hint)
        case kinds.Enum(options=options):
            wanted = " or ".join(str(option) for option in options)
            found = _written(at(data, path))
            message = f"`{{}}` must be {wanted}"
            yield _problem("FIELD_VALUE", path, message, found=found, expected=wanted)
        case kind:
            bound = _BOUNDS.get(kind.name, "is not valid").format(kind.value)
            yield _problem(
                "FIELD_VALUE",
                path,
                f"`{{}}` {bound}",
                found=_written(at(data, path)),
                hint=here.get("description", ""),
            )


def _schema_at(path: Sequence[Step], schema: str) -> dict[str, Any]:
    found: Any = _schema(schema)
    for step in path:
        found = found[step]
    return cast("dict[str, Any]", found)


def _unknown(path: list[Step], known: list[str]) -> Problem:
    near = nearest(str(path[-1]), known)
    hint = f"Did you mean `{near}`?" if near else f"Known here: {listing(known)}"
    hint = _MERGE_HINT if path[-1] == _MERGE else hint
    return _problem("FIELD_UNKNOWN", path, "`{}` means nothing here", hint=hint)


def _problem(
    code: str,
    path: list[Step],
    message: str,
    *,
    found: str = "",
    hint: str = "",
    expected: str = "",
) -> Problem:
    return Problem(
        code=code,
        message=message.replace("{}", dotted(path) or "the document", 1),
        pointer=pointer(path),
        found=found,
        expected=expected,
        hint=hint,
    )


def _written(value: JsonValue) -> str:
    """The value as a message quotes it: text as it is, all else as in the file."""
    # Where nothing follows a key, its value is null.
    return quote(value if isinstance(value, str) else orjson.dumps(value).decode())


def is_scorecard_name(text: str) -> bool:
    """Whether a scorecard may be called so."""
    name = _schema("scorecard")["$defs"]["name"]
    return len(text) <= name["maxLength"] and re.search(name["pattern"], text) is not None
