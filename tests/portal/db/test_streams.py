"""What is read in a stream is what is read at once, and bytes come as they are."""

from __future__ import annotations

from datetime import timedelta

from psycopg.pq import Format
from sqlalchemy import insert, select, type_coerce
from sqlalchemy.types import NullType

from portal.db.catalog.entities import by_ref
from portal.db.engine import Database, utc
from portal.db.tables import facts
from tests.catalog_rows import NOW, entity, save

SAID = bytes(range(256)) * 20


def test_a_stream_of_rows_has_the_types_of_any_other(database: Database) -> None:
    save(database, *map(entity, "ab"))
    with database.write() as connection:
        for name in "ab":
            row = by_ref(connection, f"component:default/{name}")
            assert row is not None
            end = NOW + timedelta(microseconds=1) if name == "a" else None
            about = {
                "entity_id": row.id,
                "collector": "x",
                "version": "ß",
                "url": "",
                "revision": "",
            }
            said = {"observed_at": NOW, "valid_until": end, "facts": SAID}
            connection.execute(insert(facts).values(**about, **said))
    raw = type_coerce(facts.c.facts, NullType())
    columns = (facts.c.entity_id, facts.c.version, raw, facts.c.observed_at, facts.c.valid_until)
    stale = facts.c.valid_until < NOW
    found = select(*columns, stale).order_by(facts.c.entity_id)
    with database.read() as connection:
        at_once = connection.execute(found).all()
        streaming = connection.execution_options(stream_results=True, yield_per=1).execute(found)
        if not database.is_sqlite:
            assert streaming.cursor.format is Format.BINARY  # type: ignore[attr-defined]
        streamed = streaming.all()
    assert streamed == at_once
    (_, version, said, observed_at, valid_until, is_stale), (*_, never, no_stale) = streamed
    assert (version, bytes(said), utc(observed_at)) == ("ß", SAID, NOW)
    assert (utc(valid_until), bool(is_stale)) == (NOW + timedelta(microseconds=1), False)
    assert (never, no_stale) == (None, None)
