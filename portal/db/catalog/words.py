"""Words: texts that are searched for a part of them, by the words that they are made of.

Names and titles share their words: to look through each word once, and then at what has it, takes a
fifth of the time of looking through the texts, and less the more texts there are.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

_WORDS = re.compile(rb"[0-9a-z\x80-\xff]+")
"""What is told apart: letters and digits of ASCII, and whatever is not ASCII. Texts are in lower case."""


@dataclass(frozen=True, slots=True)
class Row:
    """Texts one after the other, each with a NUL behind it."""

    joined: bytes
    starts: array[int]
    """Where each text begins, and where the next one would."""

    def find(self, part: bytes) -> Iterator[int]:
        """The place of each text that has `part` inside, which has no NUL."""
        joined, starts = self.joined, self.starts
        at, place = joined.find(part), 0
        while at >= 0:
            place = bisect_right(starts, at, place)
            yield place - 1
            at = joined.find(part, starts[place])

    def text(self, place: int) -> bytes:
        """The text at a place."""
        return self.joined[self.starts[place] : self.starts[place + 1] - 1]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some texts, their ids, and their words."""

    texts: Row
    ids: array[int]
    _words: Row
    """Each word once."""
    _places: array[int]
    """Of the texts that have the first word, and then the next."""
    _starts: array[int]
    """Where the places of each word begin, and where the next ones would."""

    def scan(self, part: bytes) -> Iterable[int]:
        """The place of each text that has `part` inside, once, in no order."""
        longest = max(_WORDS.findall(part), key=len, default=b"")
        if not longest:
            return self.texts.find(part)
        found = [
            self._places[self._starts[word] : self._starts[word + 1]]
            for word in self._words.find(longest)
        ]
        places = found[0] if len(found) == 1 else set(chain.from_iterable(found))
        if longest == part:
            return places
        return [place for place in places if part in self.texts.text(place)]


def piece_of(rows: Iterable[tuple[int, bytes]]) -> Piece:
    """A piece of these ids and texts, in this order."""
    ids = array("q")
    texts: list[bytes] = []
    having: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, (number, text) in enumerate(rows):
        ids.append(number)
        texts.append(text)
        for word in set(_WORDS.findall(text)):
            having[word].append(place)
    places = array("I", chain.from_iterable(having.values()))
    starts = array("I", accumulate(map(len, having.values()), initial=0))
    return Piece(_row(texts), ids, _row(list(having)), places, starts)


def joined(pieces: Sequence[Piece]) -> Piece:
    """The same texts in one piece."""
    return piece_of(
        (number, piece.texts.text(place))
        for piece in pieces
        for place, number in enumerate(piece.ids)
    )


def _row(texts: Sequence[bytes]) -> Row:
    starts = array("q", accumulate((len(text) + 1 for text in texts), initial=0))
    return Row(b"".join(chain.from_iterable((text, b"\0") for text in texts)), starts)
