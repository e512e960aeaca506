"""Search: the entities that a person most likely means by a few letters.

The first ranks are ranges of an index, the others scan texts in memory (`portal.db.catalog.texts`). A rank
is looked into only when those before it leave room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, or_, select, tuple_

from portal.db.catalog.entity_rows import EntityRow, by_ids
from portal.db.catalog.filters import FEW
from portal.db.catalog.full_text import having_any
from portal.db.catalog.index import unpack
from portal.db.catalog.keys import LONGEST_VALUE, begins
from portal.db.catalog.texts import NAMES, reader
from portal.db.tables import entities, postings, terms

TITLE = "metadata.title"

PIECE = 500
"""Entities that are looked at in one go, where many match."""

Texts = Iterable[tuple[int, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hits:
    """Entities by their ids, and by the ids of terms that they have."""

    ids: Sequence[int] = ()
    terms: Sequence[int] = ()


def search(connection: Connection, text: str, limit: int) -> list[EntityRow]:
    """At most `limit` entities, the best first.

    In order: ref or name is the text; name begins with it; title begins with it; a word of the
    name, then of the title, begins with it; name, then title, has it inside; a tag or the owner
    has it; the description has it. Of several words the same text has to have each, in any order
    ('api payment' finds payment-api). Each rank is by name.
    """
    words = text.lower().split()
    wanted = " ".join(words)
    if not wanted or "\0" in wanted or len(wanted) > LONGEST_VALUE:
        return []
    found: dict[int, None] = {}
    for rank in _ranks(connection, words):
        # It has those of better ranks, too: among so many rows there are enough others.
        found.update(dict.fromkeys(_first(connection, rank, limit)))
        if len(found) >= limit:
            break
    return by_ids(connection, list(found)[:limit])


def _ranks(connection: Connection, words: Sequence[str]) -> Iterator[ColumnElement[bool] | _Hits]:
    """What is of a rank, from the best; made when it is asked for."""
    spaced, dashed = " ".join(words), "-".join(words)
    name = entities.c.name
    yield or_(entities.c.ref == spaced, name == dashed)
    yield begins(name, dashed)
    titled = and_(terms.c.key == TITLE, terms.c.known, begins(terms.c.value, spaced))
    owners = select(postings.c.entity_id).where(
        postings.c.term_id.in_(select(terms.c.id).where(titled))
    )
    yield entities.c.id.in_(owners)
    looked = reader(connection)
    names, titles = looked.texts(NAMES, words), looked.texts(TITLE, words)
    yield _Hits(ids=_at_a_word(names, words[0]))
    yield _Hits(terms=_at_a_word(titles, words[0]))
    yield _Hits(ids=[number for number, _ in names])
    yield _Hits(terms=[number for number, _ in titles])
    for keys in (("metadata.tags", "spec.owner"), ("metadata.description",)):
        yield _Hits(terms=[number for key in keys for number in looked.ids(key, words)])


def _at_a_word(texts: Texts, word: str) -> list[int]:
    """The ids of the texts in which a word begins so."""
    begin = re.compile(r"(?<![^\W_])" + re.escape(word))
    return [number for number, text in texts if begin.search(text)]


def _first(connection: Connection, rank: ColumnElement[bool] | _Hits, limit: int) -> Iterable[int]:
    """The first of a rank by name."""
    if isinstance(rank, _Hits):
        if len(rank.ids) + len(rank.terms) > FEW:
            return _walked(connection, rank, limit)
        rank = having_any(connection, rank.ids, rank.terms).element(connection.dialect.name)
    ordered = select(entities.c.id).where(rank).order_by(entities.c.name, entities.c.id)
    return connection.execute(ordered.limit(limit)).scalars()


def _walked(connection: Connection, hits: _Hits, limit: int) -> list[int]:
    """The same for many hits, which are met soon by whoever goes from name to name."""
    ids, wanted = set(hits.ids), set(hits.terms)
    here = tuple_(entities.c.name, entities.c.id)
    ordered = (
        select(entities.c.id, entities.c.name, entities.c.terms)
        .order_by(entities.c.name, entities.c.id)
        .limit(PIECE)
    )
    found: list[int] = []
    rows = connection.execute(ordered).all()
    while rows and len(found) < limit:
        found += [
            row.id for row in rows if row.id in ids or not wanted.isdisjoint(unpack(row.terms))
        ]
        last = tuple_(rows[-1].name, rows[-1].id)
        rows = connection.execute(ordered.where(here > last)).all()
    return found[:limit]
