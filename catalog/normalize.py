"""Normalization: a valid descriptor as the catalog keeps it, and its bytes.

Changes only what Backstage changes: the namespace is written out, lists of references are sorted,
provenance is forced (reference sections 1 and 2.7). It resolves nothing and judges nothing but
forged provenance.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import orjson

from catalog.pointers import pointer
from catalog.problems import JsonValue, Problem, Severity, quote
from catalog.refs import DEFAULT_NAMESPACE

MANAGED_BY = "backstage.io/managed-by-location"
MANAGED_BY_ORIGIN = "backstage.io/managed-by-origin-location"

_SORTED = (
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "children",
    "members",
)
_INTEGRAL_FLOAT = re.compile(rb"[0-9]\.0[,}\]]")


def normalize(
    data: dict[str, JsonValue],
    *,
    location: str,
    origin: str,
    extra_annotations: Mapping[str, str],
) -> tuple[dict[str, JsonValue], list[Problem]]:
    """A copy of a valid descriptor, `metadata` first, with a warning for provenance it claimed.

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
    metadata["annotations"] = {**annotations, **forced}
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
    body = orjson.dumps(entity)
    if _INTEGRAL_FLOAT.search(body):
        body = orjson.dumps(_as_javascript(entity))
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


def _as_javascript(value: JsonValue) -> JsonValue:
    """The value with whole numbers written without a fraction: `1e3` is 1000, not 1000.0."""
    match value:
        case float() if value.is_integer() and abs(value) < 2**63:
            return int(value)
        case dict():
            return {key: _as_javascript(item) for key, item in value.items()}
        case list():
            return [_as_javascript(item) for item in value]
        case _:
            return value


def _forged(key: str, value: JsonValue) -> Problem:
    return Problem(
        code="ANNOTATION_RESERVED",
        severity=Severity.WARNING,
        message=f"`{key}` is written by the catalog; what the file says is replaced.",
        pointer=pointer(["metadata", "annotations", key]),
        found=quote(value),
        hint="Remove the line.",
    )
