"""Faults that the JSON Schema of a kind finds, in words for the person who wrote the file.

It words what the validator reports and decides nothing; see `catalog.descriptor.validation`.
"""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema_rs

from catalog.descriptor.placeholders import RESOLVERS
from catalog.descriptor.suggestions import listing, nearest
from catalog.kinds.registry import Kinds, KindSpec
from catalog.pointers import Step, at, dotted, pointer
from catalog.problems import JsonValue, Problem, quote

TYPES = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "boolean": "true or false",
    "null": "nothing",
    "number": "a number",
    "integer": "a whole number",
}
_USUAL_KINDS = "Component, API, Resource, System, Group and Location"
_IDENTITY: tuple[list[Step], ...] = (
    [],
    ["apiVersion"],
    ["kind"],
    ["metadata"],
    ["metadata", "name"],
    ["metadata", "namespace"],
)
"""What has to be known before a placeholder is looked into."""
OUTPUT_FIELDS = ("relations", "status")
"""Fields that the catalog writes into its answers; no descriptor may have them."""


def _is_placeholder(value: object) -> bool:
    """Whether `value` stands for the content of another file (reference 2.8)."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in RESOLVERS


def explained(
    error: jsonschema_rs.ValidationError,
    data: dict[str, JsonValue],
    spec: KindSpec | None,
    kinds: Kinds,
) -> Iterator[Problem]:
    """The problems that one error of the validator comes to; none for a placeholder."""
    path: list[Step] = list(error.instance_path)
    value = at(data, path)
    if path not in _IDENTITY and _is_placeholder(value):
        return
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            yield _required(path, name, spec)
        case (
            jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names)
            | jsonschema_rs.ValidationErrorKind.UnevaluatedProperties(unexpected=names)
        ):
            # Of the built-in kinds, only the root is closed.
            for name in names:
                yield _unknown(path, name, spec) if path else _unknown_root(name, spec, kinds)
        case jsonschema_rs.ValidationErrorKind.Type(types=types):
            yield wrong_type(path, value, types)
        case jsonschema_rs.ValidationErrorKind.MinLength():
            yield _empty(path, spec)
        case jsonschema_rs.ValidationErrorKind.MinItems():
            yield fault("FIELD_EMPTY", path, "needs at least one item.", value)
        case jsonschema_rs.ValidationErrorKind.Enum(options=options):
            wanted = " or ".join(f"`{option}`" for option in options)
            yield fault("FIELD_VALUE", path, f"must be {wanted}.", value, expected=wanted)
        case _:
            yield fault("FIELD_VALUE", path, f"is not valid: {quote(error.message)}.", value)


def fault(
    code: str,
    path: list[Step],
    message: str,
    value: JsonValue,
    *,
    hint: str = "",
    expected: str = "",
) -> Problem:
    """A problem with the value at `path`; `message` goes on after its name."""
    return Problem(
        code=code,
        message=f"`{dotted(path)}` {message}",
        pointer=pointer(path),
        found=_shown(value),
        expected=expected,
        hint=hint,
    )


def _required(path: list[Step], name: str, spec: KindSpec | None) -> Problem:
    place = [*path, name]
    message = f"`{dotted(place)}` is missing."
    hint = f"Add `{name}`."
    if place == ["kind"]:
        hint = f"Add `kind`. Usual: {_USUAL_KINDS}."
    elif place == ["apiVersion"]:
        hint = f"Add `apiVersion: {spec.versions[0] if spec else 'backstage.io/v1alpha1'}`."
    elif spec and place == ["spec"]:
        message = f"`spec` is missing; {_article(spec.kind)} needs it."
        hint = "Add `spec`" + (
            f" with {listing(spec.required)}." if spec.required else ": `spec: {}`."
        )
    elif spec and path == ["spec"]:
        message = f"`spec.{name}` is missing; {_article(spec.kind)} needs it."
        if name in spec.usual:
            hint = f"Add `{name}`. Usual: {listing(spec.usual[name])}."
        elif name in ("children", "memberOf"):
            hint = f"Add `{name}: []` where there are none."
    return Problem(
        code="FIELD_REQUIRED",
        message=message,
        pointer=pointer(place),
        found="nothing",
        expected=name,
        hint=hint,
    )


def _unknown_root(name: str, spec: KindSpec | None, kinds: Kinds) -> Problem:
    hint = "Indent it under `spec` or `metadata`, or remove it."
    near = nearest(name, ("apiVersion", "kind", "metadata", "spec"))
    if name in OUTPUT_FIELDS:
        hint = "Remove it: the catalog writes it into its answers."
    elif spec and name in spec.fields:
        hint = "Indent it under `spec`."
    elif name in kinds.metadata_fields:
        hint = "Indent it under `metadata`."
    elif near:
        hint = f"Did you mean `{near}`?"
    return Problem(
        code="FIELD_UNKNOWN_ROOT",
        message=f"`{quote(name)}` is not a top-level key.",
        pointer=pointer([name]),
        found=quote(name),
        expected="apiVersion, kind, metadata or spec",
        hint=hint,
    )


def _unknown(path: list[Step], name: str, spec: KindSpec | None) -> Problem:
    near = nearest(name, spec.fields) if spec and path == ["spec"] else ""
    hint = f"Did you mean `{near}`?" if near else "Remove it."
    return fault("FIELD_UNKNOWN", [*path, name], "is not a field of this kind.", name, hint=hint)


def wrong_type(path: list[Step], value: JsonValue, types: list[str]) -> Problem:
    """A problem for a value that is of none of `types`, or is missing where its key is there."""
    wanted = " or ".join(TYPES[name] for name in types if name != "null") or "nothing"
    if value is None:
        blank = {"object": "{}", "array": "[]"}.get(types[0])
        what = {"array": "Write `[]`, or list an item", "object": "Remove the line or write `{}`"}
        return fault(
            "FIELD_EMPTY",
            path,
            f"is empty; it must be {wanted}.",
            value,
            expected=wanted,
            hint=f"{what[types[0]]}." if blank else "Give it a value, or remove the line.",
        )
    hint = ""
    if "string" in types and isinstance(value, (bool, int, float)):
        hint = f'Quote it: "{_shown(value)}".'
    elif types == ["array"] and isinstance(value, str):
        slip = value.startswith("-") and len(value) > 1
        hint = f"Write `- {quote(value[1:])}`." if slip else f"Write a list: `[{quote(value)}]`."
    return fault(
        "FIELD_TYPE",
        path,
        f"must be {wanted}, not {_type_of(value)}.",
        value,
        expected=wanted,
        hint=hint,
    )


def _empty(path: list[Step], spec: KindSpec | None) -> Problem:
    hint = "Give it a value, or remove the line."
    if path == ["kind"]:
        hint = f"Usual: {_USUAL_KINDS}."
    elif spec and path[0] == "spec" and path[-1] in spec.usual:
        hint = f"Usual: {listing(spec.usual[str(path[-1])])}."
    return fault("FIELD_EMPTY", path, "is empty.", "", expected="text", hint=hint)


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIO' else 'a'} {kind}"


def _type_of(value: JsonValue) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case None:
            return "nothing"


def _shown(value: JsonValue) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return _type_of(value)
        case _:
            return quote(value)
