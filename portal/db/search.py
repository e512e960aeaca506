"""Search: the entities that a person most likely means by a few letters.

The first ranks are ranges of an index, the others scan texts in memory (`portal.db.texts`). A rank
is looked into only when those before it leave room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from portal.db.bulk import among
from portal.db.entity_rows import EntityRow, by_ids
from portal.db.filters import LONGEST_VALUE, begins
from portal.db.full_text import having_any
from portal.db.tables import entities, postings, terms
from portal.db.texts import NAMES, reader

TITLE = "metadata.title"

Texts = Iterable[tuple[int, str]]


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
        ordered = select(entities.c.id).where(rank).order_by(entities.c.name, entities.c.id)
        found.update(dict.fromkeys(connection.execute(ordered.limit(limit)).scalars()))
        if len(found) >= limit:
            break
    return by_ids(connection, list(found)[:limit])


def _ranks(connection: Connection, words: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """What holds for the rows of `entities` that are of a rank, from the best; made when asked."""
    spaced, dashed = " ".join(words), "-".join(words)
    name = entities.c.name
    yield or_(entities.c.ref == spaced, name == dashed)
    yield begins(name, dashed)
    yield _have(and_(terms.c.key == TITLE, terms.c.known, begins(terms.c.value, spaced)))
    looked = reader(connection)
    names, titles = list(looked.texts(NAMES, words)), list(looked.texts(TITLE, words))
    yield among(connection, entities.c.id, _at_a_word(names, words[0]))
    yield having_any(connection, [], _at_a_word(titles, words[0]))
    yield among(connection, entities.c.id, [number for number, _ in names])
    yield having_any(connection, [], [number for number, _ in titles])
    for keys in (("metadata.tags", "spec.owner"), ("metadata.description",)):
        texts = (found for key in keys for found in looked.texts(key, words))
        yield having_any(connection, [], [number for number, _ in texts])


def _at_a_word(texts: Texts, word: str) -> list[int]:
    """The ids of the texts in which a word begins so."""
    begin = re.compile(r"(?<![^\W_])" + re.escape(word))
    return [number for number, text in texts if begin.search(text)]


def _have(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    listed = select(terms.c.id).where(wanted)
    return entities.c.id.in_(select(postings.c.entity_id).where(postings.c.term_id.in_(listed)))
