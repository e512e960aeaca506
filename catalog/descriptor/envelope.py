"""The field formats of the envelope, with a problem for each value that breaks one.

Judges values of the right type only; types are the schema's affair (`catalog.descriptor.validation`).
"""

from __future__ import annotations

from collections.abc import Iterator

from catalog.descriptor.formats import (
    is_api_version,
    is_key,
    is_kind,
    is_label_value,
    is_name,
    is_namespace,
    is_tag,
)
from catalog.descriptor.suggestions import name_like, tag_like
from catalog.pointers import Step, dotted, pointer
from catalog.problems import JsonValue, Problem, quote
from catalog.urls import is_url

_NAME = "letters and digits, joined by `-`, `_` or `.`, 63 at most"
_NAMESPACE = "lower-case letters and digits, joined by `-`, 63 at most"
_TAG = "lower-case letters, digits, `+`, `#` and `:`, joined by single `-`, 63 at most"
_KIND = "letters and digits, a letter first, 63 at most"
_KEY = (
    "a name of letters, digits, `-`, `_` and `.`, with or without a lower-case `domain/` before it"
)


def format_problems(data: dict[str, JsonValue]) -> Iterator[Problem]:
    """A problem for each text in the envelope that has not the form it needs."""
    kind, version, metadata = data.get("kind"), data.get("apiVersion"), data.get("metadata")
    if isinstance(kind, str) and not is_kind(kind):
        yield _problem("KIND_FORMAT", ["kind"], _KIND, kind)
    if isinstance(version, str) and not is_api_version(version):
        hint = "Write `apiVersion: backstage.io/v1alpha1`."
        yield _problem("API_VERSION", ["apiVersion"], "`domain/version`", version, hint=hint)
    if not isinstance(metadata, dict):
        return
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if isinstance(name, str) and not is_name(name):
        hint = "Keep the readable name in `metadata.title`."
        if name_like(name):
            hint = f"Try `{name_like(name)}`; keep the readable name in `metadata.title`."
        yield _problem("NAME_FORMAT", ["metadata", "name"], _NAME, name, hint=hint)
    if isinstance(namespace, str) and not is_namespace(namespace):
        near = name_like(namespace).replace(".", "-").replace("_", "-")
        hint = f"Try `{near}`." if near else ""
        yield _problem(
            "NAMESPACE_FORMAT", ["metadata", "namespace"], _NAMESPACE, namespace, hint=hint
        )
    yield from _keys(metadata)
    yield from _tags(metadata.get("tags"))
    yield from _links(metadata.get("links"))


def _keys(metadata: dict[str, JsonValue]) -> Iterator[Problem]:
    labels, annotations = metadata.get("labels"), metadata.get("annotations")
    if isinstance(labels, dict):
        for key, value in labels.items():
            path: list[Step] = ["metadata", "labels", key]
            if not is_key(key):
                yield _problem("LABEL_KEY", path, _KEY, key, what="The label key")
            if isinstance(value, str) and not is_label_value(value):
                hint = "Put free text into an annotation."
                yield _problem("LABEL_VALUE", path, f"empty, or {_NAME}", value, hint=hint)
    if isinstance(annotations, dict):
        for key in annotations:
            if not is_key(key):
                path = ["metadata", "annotations", key]
                yield _problem("ANNOTATION_KEY", path, _KEY, key, what="The annotation key")


def _tags(tags: JsonValue) -> Iterator[Problem]:
    if not isinstance(tags, list):
        return
    for index, tag in enumerate(tags):
        if isinstance(tag, str) and not is_tag(tag):
            hint = f"Try `{tag_like(tag)}`." if tag_like(tag) else ""
            yield _problem("TAG_FORMAT", ["metadata", "tags", index], _TAG, tag, hint=hint)


def _links(links: JsonValue) -> Iterator[Problem]:
    if not isinstance(links, list):
        return
    for index, link in enumerate(links):
        if not isinstance(link, dict):
            continue
        url = link.get("url")
        if isinstance(url, str) and not is_url(url):
            hint = f"Write `https://{quote(url)}`." if "." in url and ":" not in url else ""
            path: list[Step] = ["metadata", "links", index, "url"]
            yield _problem("LINK_URL", path, "a whole URL, with its scheme", url, hint=hint)
        for field in ("title", "icon"):
            text = link.get(field)
            if isinstance(text, str) and not text.strip():
                path = ["metadata", "links", index, field]
                hint = "Give it a value, or remove the line."
                yield _problem("FIELD_EMPTY", path, "text that is not blank", text, hint=hint)


def _problem(
    code: str, path: list[Step], expected: str, value: str, *, hint: str = "", what: str = ""
) -> Problem:
    return Problem(
        code=code,
        message=f"{what or f'`{dotted(path)}`'} must be {expected}.",
        pointer=pointer(path),
        found=quote(value),
        expected=expected,
        hint=hint,
    )
