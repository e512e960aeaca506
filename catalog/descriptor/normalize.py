"""Normalization: a valid descriptor as the catalog keeps it, and its bytes.

Changes only what Backstage changes: the namespace is written out, lists of references are sorted,
provenance is forced, links that would run a script are replaced, numbers print as in JavaScript
(reference sections 1, 2.7 and 2.9). It resolves nothing and judges nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from catalog.numbers import LARGEST_EXACT, as_javascript
from catalog.pointers import pointer
from catalog.problems import JsonValue, Problem, Severity, quote
from catalog.refs import DEFAULT_NAMESPACE

MANAGED_BY = "backstage.io/managed-by-location"
MANAGED_BY_ORIGIN = "backstage.io/managed-by-origin-location"
VIEW_URL = "backstage.io/view-url"
EDIT_URL = "backstage.io/edit-url"
REJECTED_URL = "https://backstage.io/annotation-rejected-for-security-reasons"
"""What Backstage serves in place of a link that would run a script."""

_SORTED = (
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "children",
    "members",
)
_SCRIPT = re.compile(
    r"[\x00-\x1f ]*" + r"[\r\n\t]*".join("javascript") + r"[\r\n\t]*:", re.IGNORECASE
)
"""Source: reference 2.7; browsers read over such characters."""


def normalize(
    data: dict[str, JsonValue],
    *,
    location: str,
    origin: str,
    extra_annotations: Mapping[str, str],
) -> tuple[dict[str, JsonValue], list[Problem]]:
    """A copy of a valid descriptor, `metadata` first, with a warning for what had to be replaced.

    `extra_annotations` are added where the file does not set them itself.
    """
    given = data["metadata"]
    assert isinstance(given, dict)
    metadata = {key: value for key, value in given.items() if key not in ("uid", "etag")}
    metadata.setdefault("namespace", DEFAULT_NAMESPACE)
    claimed = metadata.get("annotations")
    annotations: dict[str, JsonValue] = {
        **extra_annotations,
        **(claimed if isinstance(claimed, dict) else {}),
    }
    forced = {MANAGED_BY: location, MANAGED_BY_ORIGIN: origin}
    problems = [
        _forged(key, annotations[key])
        for key, value in forced.items()
        if annotations.get(key, value) != value
    ]
    scripts = [key for key in (VIEW_URL, EDIT_URL) if _is_script(annotations.get(key))]
    problems += [_script(key, annotations[key]) for key in scripts]
    metadata["annotations"] = {**annotations, **dict.fromkeys(scripts, REJECTED_URL), **forced}
    entity: dict[str, JsonValue] = {
        "metadata": metadata,
        "apiVersion": data["apiVersion"],
        "kind": data["kind"],
    }
    spec = data.get("spec")
    if isinstance(spec, dict):
        entity["spec"] = {
            key: _in_order(value) if key in _SORTED else value for key, value in spec.items()
        }
    return entity, problems


def serialize(entity: dict[str, JsonValue]) -> tuple[bytes, str]:
    """The bytes of a normalized entity, and their SHA-1 in hex."""
    body = orjson.dumps(_as_javascript(entity) if _has_odd_number(entity.values()) else entity)
    return body, hashlib.sha1(body, usedforsecurity=False).hexdigest()


def _in_order(value: JsonValue) -> JsonValue:
    """A list of texts by UTF-16 code unit, as JavaScript sorts; anything else as it is."""
    if not isinstance(value, list):
        return value
    texts = [item for item in value if isinstance(item, str)]
    if len(texts) < len(value):
        return value
    ordered = sorted(texts, key=_utf16)
    return [*ordered]


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def _has_odd_number(values: Iterable[JsonValue]) -> bool:
    """Whether a number in there may print otherwise in JavaScript. Walks: no search is as fast."""
    for value in values:
        kind = type(value)
        if kind is str:
            continue
        if isinstance(value, dict):
            if _has_odd_number(value.values()):
                return True
        elif isinstance(value, list):
            if _has_odd_number(value):
                return True
        elif kind is float or (isinstance(value, int) and abs(value) > LARGEST_EXACT):
            return True
    return False


def _as_javascript(value: JsonValue) -> Any:
    """The value, for orjson, with the numbers as JavaScript prints them: `1e3` is 1000."""
    match value:
        case dict():
            return {key: _as_javascript(item) for key, item in value.items()}
        case list():
            return [_as_javascript(item) for item in value]
        case int() | float() if not isinstance(value, bool):
            text = as_javascript(value)
            return None if text is None else orjson.Fragment(text.encode())
        case _:
            return value


def _is_script(value: JsonValue) -> bool:
    return isinstance(value, str) and _SCRIPT.match(value) is not None


def _script(key: str, value: JsonValue) -> Problem:
    return Problem(
        code="ANNOTATION_SCRIPT",
        severity=Severity.WARNING,
        message=f"`{key}` would run a script; a safe address is served in its place.",
        pointer=pointer(["metadata", "annotations", key]),
        found=quote(value),
        expected="the URL of a page",
        hint="Write an address that begins with `https://`, or remove the line.",
    )


def _forged(key: str, value: JsonValue) -> Problem:
    return Problem(
        code="ANNOTATION_RESERVED",
        severity=Severity.WARNING,
        message=f"`{key}` is written by the catalog; what the file says is replaced.",
        pointer=pointer(["metadata", "annotations", key]),
        found=quote(value),
        hint="Remove the line.",
    )
