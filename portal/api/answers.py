"""Answers: those of the present state that were asked for before, kept as bytes.

What is kept is found by the tag of the answer, which is made of the state of the catalog and of the
request: a change makes every tag another one, so nothing is ever cleared, and what is no longer
asked for goes first. Everybody who may read sees the same; were there people who see less, what
they see would be part of the tag.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from flask import Response

SHARE = 8
"""An answer that takes more than this part of the room is not kept: it would push out the others."""

OVERHEAD = 1_000
"""Bytes that an answer takes besides its body, about."""


@dataclass(frozen=True, slots=True)
class _Kept:
    body: bytes
    headers: list[tuple[str, str]]

    @property
    def size(self) -> int:
        return len(self.body) + OVERHEAD


@dataclass(kw_only=True)
class Answers:
    """The answers of one process. Threads may share it."""

    most: int
    """Bytes; 0: none is kept."""
    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _size: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, tag: str) -> Response | None:
        """The answer with this tag, if it is kept."""
        with self._guard:
            kept = self._kept.get(tag)
            if kept is None:
                return None
            self._kept.move_to_end(tag)
        return Response(kept.body, headers=kept.headers)

    def put(self, tag: str, response: Response) -> None:
        """Keep an answer, unless it is sent in pieces, is a failure, or is too large."""
        if response.is_streamed or response.status_code != 200:
            return
        kept = _Kept(response.get_data(), list(response.headers))
        if kept.size * SHARE > self.most:
            return
        with self._guard:
            before = self._kept.pop(tag, None)
            self._kept[tag] = kept
            self._size += kept.size - (before.size if before else 0)
            while self._size > self.most:
                _, oldest = self._kept.popitem(last=False)
                self._size -= oldest.size
