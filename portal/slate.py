"""Slates: what a child of the pool is doing right now, where its parent can read it.

A slate is a piece of memory that both see. The child notes on it what it begins, so that even one
that is killed, or that dies in the middle, has said what it died of. A note takes the child no call
of the system.
"""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import dataclass
from struct import Struct
from time import monotonic
from typing import IO, TypeAlias

SIZE = 16 * 1024
"""Bytes of a slate: the longest text is that of an expression of 2,000 characters."""

_LENGTH = Struct("<H")
_TEXT = 16
"""Where the text begins: before it are the time, of eight bytes, and the number, of four."""

Words: TypeAlias = "tuple[slice, bytes]"
"""A text, ready to be noted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a child was doing."""

    text: str
    number: int
    """Which item of its task it was about, from 0."""
    seconds: float
    """For how long, by the clock on the wall."""


class Slate:
    """Holds one note."""

    def __init__(self, file: int) -> None:
        """On a file of `SIZE` bytes, by its descriptor; -1: for this process alone."""
        self.memory = memoryview(mmap.mmap(file, SIZE))
        self.since = self.memory[:8].cast("d")
        """When what is noted was begun; 0: nothing is being done."""
        self._number = self.memory[8:12].cast("I")

    def about(self, number: int) -> None:
        """What follows is about this item of the task."""
        self._number[0] = number

    def begin(self, words: Words, at: float) -> None:
        """Note what begins; `at` is now, by `time.monotonic`."""
        place, text = words
        self.memory[place] = text
        self.since[0] = at

    def end(self) -> None:
        """What was begun is over."""
        self.since[0] = 0.0

    def read(self) -> Note | None:
        """What is being done; None: nothing that was noted."""
        since = self.since[0]
        if not since:
            return None
        (length,) = _LENGTH.unpack_from(self.memory, _TEXT)
        begin = _TEXT + _LENGTH.size
        text = bytes(self.memory[begin : begin + length]).decode("utf-8", "replace")
        return Note(text=text, number=self._number[0], seconds=monotonic() - since)


def words(text: str) -> Words:
    """A text as it is noted; what does not fit is cut off."""
    data = text.encode("utf-8", "replace")[: SIZE - _TEXT - _LENGTH.size]
    return slice(_TEXT, _TEXT + _LENGTH.size + len(data)), _LENGTH.pack(len(data)) + data


def blank() -> IO[bytes]:
    """A file for a new slate, which has no name and goes when nobody has it open."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked for it closes it
    # Written, not left as a hole: on a full disk it must fail here, and not where it is noted on.
    file.write(bytes(SIZE))
    file.flush()
    return file


_mine = Slate(-1)


def mine() -> Slate:
    """The slate of this process, which in a child of the pool its parent reads."""
    return _mine


def take(file: int) -> Slate:
    """Make this file the slate of this process: what a child begins with."""
    global _mine
    _mine = Slate(file)
    return _mine
