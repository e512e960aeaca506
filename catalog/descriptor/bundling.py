"""Bundling: API definitions with everything that they refer to in other files taken in.

Each external `$ref` is replaced by what it names, the one nearest to the root first; a second one
to the same place becomes a local reference to the first, so that cycles end by themselves. Source:
reference 2.8, and json-schema-ref-parser 11.7.2, which Backstage bundles with.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote as urlquote
from urllib.parse import unquote

import orjson

from catalog.parsing.documents import Parsed, parse
from catalog.pointers import Step, pointer, steps_of
from catalog.problems import JsonValue, Problem, Severity, quote
from catalog.scm import resolve_url
from catalog.yaml_text import as_yaml

Resolve: TypeAlias = Callable[[str], bytes | Problem]
"""Reads a target as a placeholder writes one, relative to the descriptor; or says why it cannot."""

MOST_FILES = 200
"""Files that one definition may consist of."""
MOST_BYTES = 10 * 1024 * 1024
"""Of all files of a definition together."""
MOST_NODES = 500_000
"""Values of a bundled definition."""
DEEPEST = 150
"""Mappings and lists inside each other in a bundled definition."""
_MOST_HOPS = 50
"""References that may lead from one to the next before a value comes."""

_REFERENCE = re.compile(rb"""["']?\$ref["']?\s*:\s*(?:[>|]-?\s*)?["']?([^\s"'#{}\[\],]{1,1000})""")
_INDEX = re.compile(r"[0-9]{1,9}")
_KEPT = re.compile(
    r"(?:/components)?(?:/operations/[^/]+(?:/reply)?/(?:channel|messages/\d+)"
    r"|/channels/[^/]+/servers/\d+)|/components/replies/[^/]+/(?:channel|messages/\d+)"
)
"""Where AsyncAPI 3 wants a reference, and nothing else will do."""


class _Place(NamedTuple):
    """A value in a file."""

    file: str
    """'' is the definition itself; any other as `resolve` takes it."""
    path: tuple[str, ...]


class _Reference(NamedTuple):
    """A `$ref` that was met, and where what it names belongs."""

    written: dict[str, JsonValue]
    file: str
    """The file it stands in."""
    holder: Any
    step: Step
    path: tuple[Step, ...]
    """In the bundled definition."""


class _CannotBundleError(Exception):
    """Why a definition stays as it is; never leaves this module."""


def references(content: bytes) -> list[str]:
    """The external targets of `$ref` in a JSON or YAML file, without fragments; cheap.

    They are relative to the file. A text that only looks like a reference may be among them.
    """
    found = (match[1].decode("utf-8", "replace") for match in _REFERENCE.finditer(content))
    return list(dict.fromkeys(_decoded(target.replace("\\/", "/")) for target in found))


def bundle(content: bytes, *, base: str, resolve: Resolve) -> str | Problem:
    """The definition in `content` as YAML, everything taken in; or a warning that says why not.

    `base` is the target that the definition was read by. What its files refer to is given to
    `resolve` as such a target, too: relative to the descriptor as `base` is, or a URL.
    """
    try:
        return as_yaml(_Bundle(content, base, resolve).whole())
    except _CannotBundleError as error:
        return Problem(
            code="DEFINITION_NOT_BUNDLED",
            severity=Severity.WARNING,
            message=f"`{quote(base)}` is taken in as it stands: {error}.",
            found=quote(base),
            hint="Correct what it refers to; paths are relative to the file that names them.",
        )


def target_from(base: str, target: str) -> str:
    """What `target`, met in the file that was read as `base`, is to the descriptor."""
    if "://" in target:
        return target
    if "://" in base:
        return resolve_url(target, base) or target
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), target))


def _decoded(target: str) -> str:
    return target if "://" in target else unquote(target)


class _Bundle:
    """One definition on its way to a single document."""

    def __init__(self, content: bytes, base: str, resolve: Resolve) -> None:
        self._base = target_from("", base)
        self._resolve = resolve
        self._files = {"": _parsed(content, base)}
        self._bytes, self._nodes, self._met = len(content), 0, 0
        self._placed: dict[_Place, tuple[Step, ...]] = {}
        self._waiting: list[tuple[int, int, _Reference]] = []
        root = self._files[""]
        if not isinstance(root, dict):
            raise _CannotBundleError("it is no mapping")
        self._is_asyncapi_3 = str(root.get("asyncapi", "")).startswith("3.")

    def whole(self) -> JsonValue:
        """The definition, with no reference to another file but those that have to stay."""
        top: dict[str, JsonValue] = {}
        self._fill(top, "", self._files[""], "", ())
        later: deque[_Reference] = deque()
        while self._waiting or later:
            if not self._waiting:
                self._settle(later.popleft())
                continue
            *_, reference = heappop(self._waiting)
            # What says more than its target, or has to stay, had better point to another one.
            if len(reference.written) > 1 or self._has_to_stay(reference):
                later.append(reference)
            else:
                self._settle(reference)
        return top[""]

    def _fill(
        self, holder: Any, step: Step, value: JsonValue, file: str, path: tuple[Step, ...]
    ) -> None:
        """Put a copy of a value of `file` into its place; references in it wait to be settled."""
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _CannotBundleError(f"with what it refers to, it has over {MOST_NODES:,} values")
        if len(path) > DEEPEST:
            raise _CannotBundleError(f"it is nested more than {DEEPEST} levels deep")
        if isinstance(value, dict):
            copy: dict[str, JsonValue] = {}
            holder[step] = copy
            if _is_reference(value) and not (file == "" and _is_local(value)):
                self._wait(_Reference(value, file, holder, step, path))
                return
            for key, item in value.items():
                self._fill(copy, key, item, file, (*path, key))
        elif isinstance(value, list):
            items: list[JsonValue] = [None] * len(value)
            holder[step] = items
            for index, item in enumerate(value):
                self._fill(items, index, item, file, (*path, index))
        else:
            holder[step] = value

    def _wait(self, reference: _Reference) -> None:
        self._met += 1
        heappush(self._waiting, (len(reference.path), self._met, reference))

    def _settle(self, reference: _Reference) -> None:
        """Put what a reference names into its place, or a local reference to where that is."""
        written, _, holder, step, path = reference
        place, value = self._named(reference)
        more = {key: item for key, item in written.items() if key != "$ref"}
        known = self._where(place)
        if known is not None:
            holder[step] = {"$ref": f"#{_escaped(pointer(known))}", **more}
        elif self._has_to_stay(reference):
            holder[step] = written
        elif more and isinstance(value, dict) and _is_reference(value):
            self._placed[place] = path
            self._wait(_Reference({**value, **more}, place.file, holder, step, path))
        else:
            self._placed[place] = path
            if more and isinstance(value, dict):
                value = {key: item for key, item in value.items() if key not in more}
            self._fill(holder, step, value, place.file, path)
            if isinstance(value, dict):
                for key, item in more.items():
                    self._fill(holder[step], key, item, reference.file, (*path, key))

    def _named(self, reference: _Reference) -> tuple[_Place, JsonValue]:
        """The place that a reference names, and what is there."""
        place = self._target(reference.written, reference.file)
        for _ in range(_MOST_HOPS):
            if place.file == "":
                return place, None
            value = self._file(place.file)
            for index, step in enumerate(place.path):
                if isinstance(value, dict) and _is_reference(value):
                    onward = self._target(value, place.file)
                    place = _Place(onward.file, (*onward.path, *place.path[index:]))
                    break
                value = self._child(value, step, reference)
            else:
                return place, value
        raise _CannotBundleError(f"`{quote(reference.written['$ref'])}` leads nowhere")

    def _child(self, value: JsonValue, step: str, reference: _Reference) -> JsonValue:
        if isinstance(value, dict) and step in value:
            return value[step]
        if isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            return value[int(step)]
        raise _CannotBundleError(f"there is nothing at `{quote(reference.written['$ref'])}`")

    def _target(self, written: dict[str, JsonValue], file: str) -> _Place:
        target, _, fragment = str(written["$ref"]).partition("#")
        if target:
            file = target_from(file or self._base, _decoded(target))
            file = "" if file == self._base else file
        path = unquote(fragment)
        if path and not path.startswith("/"):
            raise _CannotBundleError(f"`{quote(written['$ref'])}` is no path")
        return _Place(file, tuple(steps_of(path)))

    def _where(self, place: _Place) -> tuple[Step, ...] | None:
        """Where in the bundled definition the value of a place is, by itself or in a larger one."""
        if place.file == "":
            return place.path
        for length in range(len(place.path), -1, -1):
            found = self._placed.get(_Place(place.file, place.path[:length]))
            if found is not None:
                return (*found, *place.path[length:])
        return None

    def _file(self, target: str) -> JsonValue:
        if target not in self._files:
            if len(self._files) >= MOST_FILES:
                raise _CannotBundleError(f"it consists of more than {MOST_FILES} files")
            content = self._resolve(target)
            if isinstance(content, Problem):
                raise _CannotBundleError(f"`{quote(target)}`, which it needs, cannot be read")
            self._bytes += len(content)
            if self._bytes > MOST_BYTES:
                limit = f"{MOST_BYTES // 1024 // 1024} MiB"
                raise _CannotBundleError(f"with what it refers to, it has over {limit}")
            self._files[target] = _parsed(content, target)
        return self._files[target]

    def _has_to_stay(self, reference: _Reference) -> bool:
        return self._is_asyncapi_3 and _KEPT.fullmatch(pointer(reference.path)) is not None


def _escaped(path: str) -> str:
    """A JSON pointer as the fragment of a URI (RFC 6901, section 6)."""
    return urlquote(path, safe="/~!$&'()*+,;=:@?")


def _is_reference(value: dict[str, JsonValue]) -> bool:
    return isinstance(value.get("$ref"), str)


def _is_local(value: dict[str, JsonValue]) -> bool:
    return str(value["$ref"])[:1] in ("", "#")


def _parsed(content: bytes, name: str) -> JsonValue:
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.lstrip()[:1] == b"{":
        try:
            value: JsonValue = orjson.loads(content)
        except orjson.JSONDecodeError:
            pass  # YAML may begin so, too, and its parser says what is wrong
        else:
            return value
    states = [document.state for document in parse(content, file=name).documents]
    if len(states) == 1 and isinstance(states[0], Parsed):
        return states[0].data
    raise _CannotBundleError(f"`{quote(name)}` is not one sound YAML document")
