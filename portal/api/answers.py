"""Answers: those of the present state that were asked for before, kept as bytes.

What is kept is found by the tag of the answer, which is made of the state of the catalog and of the
request: a change makes every tag another one, so nothing is ever cleared, and what is no longer
asked for goes first. Everybody who may read sees the same; were there people who see less, what
they see would be part of the tag.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

SHARE = 8
"""An answer that takes more than this part of the room is not kept: it would push out the others."""

OVERHEAD = 1_000
"""Bytes that an answer takes besides its body, about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a request that went well."""

    body: bytes | Iterable[bytes]
    """JSON, whole or in pieces."""
    headers: tuple[tuple[str, str], ...] = ()
    """That others do not have."""


@dataclass(kw_only=True)
class Answers:
    """The answers of one process. Threads may share it."""

    most: int
    """Bytes; 0: none is kept."""
    _kept: OrderedDict[str, tuple[Answer, int]] = field(default_factory=OrderedDict)
    """With their sizes."""
    _size: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, tag: str) -> Answer | None:
        """The answer with this tag, if it is kept."""
        with self._guard:
            kept = self._kept.get(tag)
            if kept is None:
                return None
            self._kept.move_to_end(tag)
        return kept[0]

    def put(self, tag: str, answer: Answer) -> None:
        """Keep an answer, unless it is in pieces, or too large."""
        if not isinstance(answer.body, bytes):
            return
        size = len(answer.body) + OVERHEAD
        if size * SHARE > self.most:
            return
        with self._guard:
            _, before = self._kept.pop(tag, (None, 0))
            self._kept[tag] = answer, size
            self._size += size - before
            while self._size > self.most:
                _, (_, oldest) = self._kept.popitem(last=False)
                self._size -= oldest
