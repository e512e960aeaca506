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
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from portal.db.catalog.words import Piece, joined, piece_of
from portal.db.postgres import Family
from portal.db.prepared import FAMILY, Prepared
from portal.db.tables import refs, terms

MOST_KEYS = 16
"""Keys whose texts are kept: anybody may ask for any."""

MOST_PIECES = 8
"""Pieces that the texts of a kind are in before they are joined."""

NAMES = ""
"""Stands for the names of entities, where a key is asked for."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What one connection, which must not have written, may find."""

    _connection: Connection
    _texts: _Texts
    _last_ref: int
    _last_term: int

    def ids(self, key: str, words: Sequence[str], kinds: Sequence[str] | None = None) -> list[int]:
        """The ids of the terms with this key, or of the refs with `NAMES`, that have every word.

        Only those of some kinds; None: of all. Words are in lower case, and neither empty nor with
        a NUL.
        """
        if len(words) > 1:
            return [piece.ids[place] for piece, place in self._places(key, words, kinds)]
        [part] = map(_bytes, words)
        return list(
            chain.from_iterable(
                map(piece.ids.__getitem__, piece.scan(part)) for piece in self._pieces(key, kinds)
            )
        )

    def texts(self, key: str, words: Sequence[str]) -> list[tuple[int, str]]:
        """As `ids`, with the texts."""
        return [
            (piece.ids[place], piece.texts.text(place).decode("utf-8", "surrogatepass"))
            for piece, place in self._places(key, words, None)
        ]

    def _places(
        self, key: str, words: Sequence[str], kinds: Sequence[str] | None
    ) -> Iterator[tuple[Piece, int]]:
        first, *others = map(_bytes, words)
        for piece in self._pieces(key, kinds):
            for place in piece.scan(first):
                if not others or all(word in piece.texts.text(place) for word in others):
                    yield piece, place

    def _pieces(self, key: str, kinds: Sequence[str] | None) -> Iterator[Piece]:
        last = self._last_ref if key == NAMES else self._last_term
        pieces = self._texts.pieces(self._connection, key, last)
        wanted = pieces if kinds is None else pieces.keys() & set(kinds)
        return chain.from_iterable(pieces[kind] for kind in wanted)


def reader(connection: Connection, last: tuple[int, int] | None = None) -> Reader:
    """What is read with this connection; `last` are the greatest ids of refs and terms, where known."""
    with _opening:
        texts = _texts.setdefault(connection.info.get(FAMILY, connection.engine), _Texts())
    last_ref, last_term = last or _LAST.rows(connection, {})[0]
    return Reader(connection, texts, last_ref or 0, last_term or 0)


@dataclass(frozen=True, slots=True)
class _Column:
    """The texts of one key, as far as they were read."""

    pieces: Mapping[str, tuple[Piece, ...]]
    """By kind."""
    last: int
    """No id up to here is missing."""


_EMPTY = _Column({}, 0)


@dataclass(kw_only=True)
class _Texts:
    """The columns of one database. Threads may share it."""

    _columns: dict[str, _Column] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def pieces(
        self, connection: Connection, key: str, last: int
    ) -> Mapping[str, tuple[Piece, ...]]:
        """All texts of a key with ids up to `last`, and perhaps some more, by kind."""
        with self._guard:
            column = self._columns.pop(key, _EMPTY)
            if last > column.last:
                pieces = dict(column.pieces)
                for kind, new in _read(connection, key, column.last).items():
                    rows = ((number, _bytes(text)) for number, text in new)
                    pieces[kind] = _fewer((*pieces.get(kind, ()), piece_of(rows)))
                column = _Column(pieces, last)
            self._columns[key] = column
            if len(self._columns) > MOST_KEYS:
                del self._columns[next(iter(self._columns))]
            return column.pieces


_LAST = Prepared(
    lambda _: select(
        select(func.max(refs.c.id)).scalar_subquery(),
        select(func.max(terms.c.id)).scalar_subquery(),
    )
)

_texts: WeakKeyDictionary[Engine | Family, _Texts] = WeakKeyDictionary()
_opening = threading.Lock()


def _read(connection: Connection, key: str, last: int) -> dict[str, list[tuple[int, str]]]:
    """The texts of a key whose ids are behind `last`, with these, by kind."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    if key == NAMES:
        for number, ref in connection.execute(
            select(refs.c.id, refs.c.ref).where(refs.c.id > last)
        ):
            found[ref.partition(":")[0]].append((number, ref.partition("/")[2]))
        return found
    wanted = select(terms.c.id, terms.c.kind, terms.c.value).where(terms.c.known)
    if last:
        # The few behind the last one, not all of the key: an expression is not found in an index.
        wanted = wanted.where(terms.c.id > last, terms.c.key.concat("") == key)
    else:
        wanted = wanted.where(terms.c.key == key)
    for number, kind, value in connection.execute(wanted):
        found[kind].append((number, value))
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _fewer(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The same texts in not too many pieces. What is large is not joined to each few that come."""
    if len(pieces) <= MOST_PIECES:
        return pieces
    sizes = [len(piece.ids) for piece in pieces]
    small = (n for n in range(len(pieces) - 1) if sizes[n] <= sum(sizes[n + 1 :]))
    first = next(small, len(pieces) - 2)
    return (*pieces[:first], joined(pieces[first:]))
