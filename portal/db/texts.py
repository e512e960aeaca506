"""Texts: what searches look into, kept in memory, because scanning is what finds a part of a word.

A hundred thousand names are scanned within a millisecond (docs/performance.md). An index of trigrams
would be larger than the entities, cost more than the rest of the index to keep, and not know words
of two letters; those of SQLite and PostgreSQL would differ.

What is found are candidates: ids of refs and of terms, which mean the same for ever. They are only
ever added, so one look at the last ids tells what is missing here; and an id that is no longer in
use is harmless, since nothing is joined to it. So every process that reads has texts of its own,
and none has to hear of changes.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from portal.db.tables import refs, terms

MOST_KEYS = 16
"""Keys whose texts are kept: anybody may ask for any."""

MOST_PIECES = 8
"""Pieces that a column is in before they are joined."""

NAMES = ""
"""Stands for the names of entities, where a key is asked for."""


def ids_with(connection: Connection, key: str, word: str) -> list[int]:
    """The ids of the terms with this key, or of the refs with `NAMES`, that have `word` inside.

    `word` is in lower case, and neither empty nor with a NUL. The connection must not have written.
    """
    return [number for number, _ in texts_with(connection, key, [word])]


def texts_with(connection: Connection, key: str, words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """As `ids_with`, with the texts, for those that have every word inside."""
    first, *others = [word.encode("utf-8", "surrogatepass") for word in words]
    for piece in _texts_of(connection.engine).pieces(connection, key):
        for number, text in piece.scan(first):
            if all(word in text for word in others):
                yield number, text.decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Texts, one after the other, each with a NUL behind it."""

    joined: bytes
    starts: array[int]
    """Where each text begins, and where the next one would."""
    ids: array[int]

    def scan(self, word: bytes) -> Iterator[tuple[int, bytes]]:
        """Each text that has `word` inside, with its id."""
        joined, starts, ids = self.joined, self.starts, self.ids
        at = joined.find(word)
        while at >= 0:
            place = bisect_right(starts, at) - 1
            end = starts[place + 1]
            yield ids[place], joined[starts[place] : end - 1]
            at = joined.find(word, end)


@dataclass(frozen=True, slots=True)
class _Column:
    """The texts of one key, as far as they were read."""

    pieces: tuple[_Piece, ...]
    last: int
    """No id up to here is missing."""


_EMPTY = _Column((), 0)


@dataclass(kw_only=True)
class _Texts:
    """The columns of one database. Threads may share it."""

    _columns: dict[str, _Column] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def pieces(self, connection: Connection, key: str) -> tuple[_Piece, ...]:
        """All texts of a key that the connection sees, and perhaps some that it does not."""
        with self._guard:
            column = self._columns.pop(key, _EMPTY)
            last = connection.execute(_LAST_REF if key == NAMES else _LAST_TERM).scalar() or 0
            if last > column.last:
                rows = _read(connection, key, column.last)
                new = (_piece(rows),) if rows else ()
                column = _Column(_joined((*column.pieces, *new)), last)
            self._columns[key] = column
            if len(self._columns) > MOST_KEYS:
                del self._columns[next(iter(self._columns))]
            return column.pieces


_LAST_REF = select(func.max(refs.c.id))
_LAST_TERM = select(func.max(terms.c.id))

_texts: WeakKeyDictionary[Engine, _Texts] = WeakKeyDictionary()
_opening = threading.Lock()


def _texts_of(engine: Engine) -> _Texts:
    with _opening:
        return _texts.setdefault(engine, _Texts())


def _read(connection: Connection, key: str, last: int) -> list[tuple[int, str]]:
    """The texts of a key whose ids are behind `last`, with these."""
    if key == NAMES:
        rows = connection.execute(select(refs.c.id, refs.c.ref).where(refs.c.id > last))
        return [(number, ref.partition("/")[2]) for number, ref in rows]
    found = select(terms.c.id, terms.c.value).where(terms.c.known)
    if last:
        # The few behind the last one, not all of the key: an expression is not found in an index.
        found = found.where(terms.c.id > last, terms.c.key.concat("") == key)
    else:
        found = found.where(terms.c.key == key)
    return [(number, value) for number, value in connection.execute(found)]


def _piece(texts: Iterable[tuple[int, str]]) -> _Piece:
    joined = bytearray()
    starts, ids = array("q", [0]), array("q")
    for number, text in texts:
        joined += text.encode("utf-8", "surrogatepass") + b"\0"
        starts.append(len(joined))
        ids.append(number)
    return _Piece(bytes(joined), starts, ids)


def _joined(pieces: tuple[_Piece, ...]) -> tuple[_Piece, ...]:
    """The same texts in not too many pieces."""
    if len(pieces) <= MOST_PIECES:
        return pieces
    starts, ids = array("q", [0]), array("q")
    for piece in pieces:
        base = starts[-1]
        ids.extend(piece.ids)
        starts.extend(base + start for start in piece.starts[1:])
    return (_Piece(b"".join(piece.joined for piece in pieces), starts, ids),)
