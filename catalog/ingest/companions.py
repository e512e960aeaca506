"""Companions: what descriptors of a snapshot take in from other files, and how that is known again.

These are the files that placeholders name, with what definitions among them refer to, and CODEOWNERS for
owners that nobody declares. A file of the same snapshot is known by its token, any other by what its
server says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Protocol

from catalog.descriptor.bundling import references
from catalog.descriptor.inference import PLACES, looked_at, places_beside
from catalog.descriptor.placeholders import Base, beside, companion_key, companions_of
from catalog.problems import Problem
from catalog.sources import Blob, Snapshot, Source

MOST_COMPANIONS = 200
"""Files that the placeholders of one descriptor may take in, with all that these refer to."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes. Organization files with 10,000 documents exist (design 2a.7)."""

ABSENT = "absent"
"""The token of a file that is not there."""

_GONE = ("FILE_NOT_FOUND", "NOT_FOUND")
"""Codes of what servers say where nothing is."""


class Fetch(Protocol):
    """Reads a URL that a placeholder names."""

    def __call__(self, url: str, /) -> tuple[str, bytes] | Problem:
        """A token that changes with the content, and the content."""
        ...


class Companions:
    """Of one pass over a snapshot."""

    def __init__(self, snapshot: Snapshot, source: Source, fetch: Fetch, *, infers: bool) -> None:
        """`infers`: whether owners are inferred that descriptors do not name."""
        self._snapshot, self._source, self._fetch = snapshot, source, fetch
        self._tokens = {file.path: file.token for file in snapshot.files}
        self._fetched: dict[str, tuple[str, bytes] | Problem] = {}
        self._rules: dict[str, bytes | Problem | None] = {}
        self._infers = infers
        self._beside = places_beside(snapshot.direct) if infers and snapshot.direct else ()

    @cached_property
    def codeowners(self) -> tuple[str, ...]:
        """What decides whose an entity is which does not say it: paths, or URLs beside a file that was
        read by itself, which are asked for. The last one has the rules, if there are any.
        """
        if not self._infers:
            return ()
        if not self._snapshot.direct:
            return looked_at([place for place in PLACES if place in self._tokens])
        looked: list[str] = []
        for place in self._beside:
            looked.append(place)
            if self.token(place) != ABSENT:
                break
        return tuple(looked)

    def token(self, key: str) -> str | None:
        """Changes with the content of what is taken in; None: it cannot be read for now."""
        if "://" not in key:
            return self._tokens.get(key, ABSENT)
        fetched = self._at(key)
        if not isinstance(fetched, Problem):
            return fetched[0]
        return ABSENT if key in self._beside and fetched.code in _GONE else None

    def of(self, content: bytes, base: Base) -> Mapping[str, bytes | Problem]:
        """What a descriptor may take in, by `companion_key`; or why it cannot be read."""
        found = taken_in(content, base, self._content)
        for key in self.codeowners[-1:]:
            # One object for all descriptors: it is sent once for many of them.
            if key not in self._rules:
                self._rules[key] = self._content(key)
            if (rules := self._rules[key]) is not None:
                found[key] = rules
        return found

    def _content(self, key: str) -> bytes | Problem | None:
        """The content of what is taken in; None: there is no such file."""
        if "://" in key:
            fetched = self._at(key)
            return fetched if isinstance(fetched, Problem) else fetched[1]
        if key not in self._tokens:
            return None
        blob = next(iter(self._source.read(self._snapshot, [key], max_bytes=LARGEST_FILE)))
        return blob.content if isinstance(blob, Blob) else blob.problem

    def _at(self, url: str) -> tuple[str, bytes] | Problem:
        if url not in self._fetched:
            self._fetched[url] = self._fetch(url)
        return self._fetched[url]


def taken_in(
    content: bytes, base: Base, read: Callable[[str], bytes | Problem | None]
) -> dict[str, bytes | Problem]:
    """By `companion_key`, what placeholders in a descriptor may take in, with all that it refers to.

    `read` gives the content of a key, why it cannot be read, or None where there is no such file.
    """
    found: dict[str, bytes | Problem] = {}
    wanted = [(key, base, deep) for key, deep in companions_of(content, base).items()]
    while wanted and len(found) < MOST_COMPANIONS:
        key, from_, deep = wanted.pop(0)
        if key in found or (taken := read(key)) is None:
            continue
        found[key] = taken
        if deep and isinstance(taken, bytes):
            inner = beside(key, from_)
            more = (companion_key(target, inner) for target in references(taken))
            wanted += [(one, inner, True) for one in more if one is not None]
    return found
