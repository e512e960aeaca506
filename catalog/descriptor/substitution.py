"""Substitution: placeholders in a parsed descriptor, replaced by what they stand for.

Follows Backstage's placeholder processor (reference 2.8). Reading is the caller's. A target that
cannot be read costs the document, as it does there: what was served before stays. A definition that
cannot be bundled is taken in as it is, with a warning.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from catalog.descriptor.bundling import Resolve, bundle
from catalog.descriptor.placeholders import RESOLVERS
from catalog.parsing.documents import Parsed, parse
from catalog.parsing.limits import DEFAULT_LIMITS
from catalog.pointers import Step, pointer
from catalog.problems import JsonValue, Problem, Severity, quote

DEFINITIONS = ("$openapi", "$asyncapi")
"""The keys whose files are taken in with everything that they refer to."""

MOST_BYTES = 10 * 1024 * 1024
"""How much the placeholders of one document may take in together."""


def substitute(
    data: dict[str, JsonValue], resolve: Resolve | None
) -> tuple[dict[str, JsonValue], list[Problem]]:
    """The document with its placeholders replaced; without `resolve` they stay, and are checked."""
    run = _Substitution(resolve)
    metadata = data.get("metadata")
    replaced = {
        key: value if key in ("apiVersion", "kind", "metadata") else run.replace(value, [key])
        for key, value in data.items()
    }
    if isinstance(metadata, dict):
        # What an entity is has to be known before its placeholders are looked into.
        replaced["metadata"] = {
            key: value if key in ("name", "namespace") else run.replace(value, ["metadata", key])
            for key, value in metadata.items()
        }
    return replaced, run.problems


class _Substitution:
    """One pass over one document; remembers how much it has taken in."""

    def __init__(self, resolve: Resolve | None) -> None:
        self.problems: list[Problem] = []
        self._resolve = resolve
        self._bytes = 0

    def replace(self, value: JsonValue, path: list[Step]) -> JsonValue:
        if isinstance(value, list):
            return [self.replace(item, [*path, index]) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if not any(key.startswith("$") for key in value):
            return {key: self.replace(item, [*path, key]) for key, item in value.items()}
        # Backstage looks into no mapping that has a key with a dollar sign: JSON Schemas have them.
        key = next(iter(value))
        if len(value) > 1 or key not in RESOLVERS:
            return value
        return self._placeholder(key, value, [*path, key])

    def _placeholder(self, key: str, value: dict[str, JsonValue], path: list[Step]) -> JsonValue:
        target = value[key]
        fault = _faulty(key, target, path)
        if fault is not None:
            self.problems.append(fault)
            return value
        if self._resolve is None or not isinstance(target, str):
            return value
        read = self._read(target)
        content = read if isinstance(read, Problem) else _content(key, target, read)
        if isinstance(content, Problem):
            self._say(content, Severity.ERROR, target, path)
            return value
        if isinstance(read, bytes) and key in DEFINITIONS:
            whole = bundle(read, base=target, resolve=self._read)
            if isinstance(whole, str):
                return whole
            self._say(whole, Severity.WARNING, target, path)
        return content[0]

    def _read(self, target: str) -> bytes | Problem:
        assert self._resolve is not None
        read = self._resolve(target)
        if isinstance(read, Problem):
            return read
        self._bytes += len(read)
        return read if self._bytes <= MOST_BYTES else _too_large(target)

    def _say(self, problem: Problem, severity: Severity, target: str, path: list[Step]) -> None:
        self.problems.append(
            replace(problem, severity=severity, pointer=pointer(path), found=quote(target))
        )


def _content(key: str, target: str, read: bytes) -> tuple[JsonValue] | Problem:
    """The replacement, in a tuple because it may be null."""
    match key:
        case "$json":
            return _json(target, read)
        case "$yaml":
            return _yaml(target, read)
        case _:
            return _text(target, read)


def _faulty(key: str, target: JsonValue, path: list[Step]) -> Problem | None:
    if isinstance(target, str) and target.strip() and "\n" not in target.strip():
        return None
    inline = isinstance(target, str) and bool(target.strip())
    return Problem(
        code="PLACEHOLDER_INLINE" if inline else "PLACEHOLDER_TARGET",
        message=f"`{key}` takes a path or a URL"
        + ("; this looks like the content itself." if inline else "."),
        pointer=pointer(path),
        found=quote(target),
        expected="a path or a URL",
        hint=f"Write `{path[-2]}: |` and the text below it, without `{key}`." if inline else "",
    )


def _text(target: str, content: bytes) -> tuple[JsonValue] | Problem:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unreadable(target, f"is not UTF-8 (byte {error.start})")
    return _unreadable(target, "holds a NUL character") if "\0" in text else (text,)


def _json(target: str, content: bytes) -> tuple[JsonValue] | Problem:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return _unreadable(target, f"is not JSON ({error})")
    if not _is_storable(value, DEFAULT_LIMITS.depth):
        return _unreadable(target, "is nested too deeply, or holds a NUL character")
    return (value,)


def _yaml(target: str, content: bytes) -> tuple[JsonValue] | Problem:
    states = [document.state for document in parse(content, file=target).documents]
    if len(states) == 1 and isinstance(states[0], Parsed):
        return (states[0].data,)
    return _unreadable(target, "is not one sound YAML document")


def _is_storable(value: JsonValue, depth: int) -> bool:
    match value:
        case str():
            return "\0" not in value
        case dict():
            return depth > 0 and all(
                "\0" not in key and _is_storable(item, depth - 1) for key, item in value.items()
            )
        case list():
            return depth > 0 and all(_is_storable(item, depth - 1) for item in value)
        case _:
            return True


def _too_large(target: str) -> Problem:
    limit = f"{MOST_BYTES // 1024 // 1024} MiB"
    return Problem(
        code="PLACEHOLDER_TOO_LARGE",
        message=f"With `{quote(target)}`, the placeholders of this document take in over {limit}.",
        hint="Take in fewer or smaller files.",
    )


def _unreadable(target: str, why: str) -> Problem:
    return Problem(
        code="PLACEHOLDER_UNREADABLE",
        message=f"`{quote(target)}` {quote(why)}.",
        hint="The placeholder stays until its file can be read.",
    )
