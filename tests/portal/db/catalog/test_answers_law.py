"""The databases put answers together as `Answerable.answer` does, byte for byte."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from portal.db.catalog import answerable
from portal.db.catalog.answerable import Answerable
from portal.db.catalog.selection import ids_in_order
from portal.db.engine import Database
from portal.db.tables import entities
from tests.catalog_rows import entity, save

NAMES = ("a", "b", "c")

# PostgreSQL knows no NUL, and neither knows half a character.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_VALUES = st.dictionaries(_TEXTS, st.one_of(_TEXTS, st.none(), st.lists(_TEXTS)), min_size=1)

STORED = st.fixed_dictionaries(
    {
        "uid": st.uuids().map(str),
        "etag": st.one_of(_TEXTS, st.sampled_from(['"', "\\", "\\x41", "\x1f\x7f\b\n\u2028", "é"])),
        "body": _VALUES.map(lambda values: orjson.dumps({"metadata": values, "kind": "X"})),
        "relations": st.lists(_VALUES).map(orjson.dumps),
        "status": st.one_of(st.none(), _VALUES.map(orjson.dumps)),
    }
)


@pytest.fixture(scope="module")
def catalogs(pair: list[Database]) -> list[Database]:
    """Three entities on each of the two databases."""
    for database in pair:
        save(database, *map(entity, NAMES))
    return pair


@given(
    st.lists(STORED, min_size=3, max_size=3, unique_by=lambda row: row["uid"]),
    st.lists(
        st.sampled_from([*(f"component:default/{name}" for name in NAMES), "", "x:y/z", "\0"])
    ),
    st.integers(1, 4),
)
def test_what_a_database_makes_of_its_rows_is_what_is_made_of_them(
    catalogs: list[Database], stored: list[dict[str, object]], refs: list[str], together: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answerable, "TOGETHER", together)
        for database in catalogs:
            with database.write() as connection:
                ids = ids_in_order(connection, None)
                for number, row in zip(ids, stored, strict=True):
                    connection.execute(update(entities).where(entities.c.id == number).values(row))
                turned = [ids[1], 10**9, ids[0], ids[2]]
                made = answerable.by_ids(connection, turned, Answerable.answer)
                assert b",".join(answerable.by_ids(connection, turned)) == b",".join(made)
                made = answerable.by_refs(connection, refs, Answerable.answer)
                assert b",".join(answerable.by_refs(connection, refs)) == b",".join(made)
                assert len(orjson.loads(b"[%b]" % b",".join(made))) == len(refs)


def test_answers_of_many_come_in_pieces(database: Database) -> None:
    save(database, *(entity(f"n-{n:03}") for n in range(2 * answerable.TOGETHER + 1)))
    with database.read() as connection:
        ids = ids_in_order(connection, None)
        pieces = answerable.by_ids(connection, ids)
        assert len(pieces) == (3 if database.is_sqlite else len(ids))
        assert b",".join(pieces) == b",".join(answerable.by_ids(connection, ids, Answerable.answer))
        assert answerable.by_ids(connection, []) == answerable.by_refs(connection, []) == []
