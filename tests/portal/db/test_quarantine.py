"""The quarantine and the entities without an answer, on both databases."""

from __future__ import annotations

from portal.db import quarantine, unanswerable
from portal.db.engine import Database
from portal.db.entities import by_ref
from portal.db.state import Connection
from tests.catalog_rows import NOW, entity, save

LONGEST = "entity.kind == '" + "ß" * 1_980 + "'"


def put(connection: Connection, expression: str, *, edition: str = "1") -> bool:
    return quarantine.put(connection, expression, "was slow", edition=edition, now=NOW)


def test_what_is_put_is_refused_by_its_edition_alone(database: Database) -> None:
    with database.write() as connection:
        assert put(connection, LONGEST)
        assert not put(connection, LONGEST)  # another process found it out as well
        assert put(connection, "b", edition="2")
    with database.read() as connection:
        assert quarantine.refused(connection, "1") == {LONGEST: "was slow"}
        assert quarantine.refused(connection, "2") == {"b": "was slow"}
        (one,) = quarantine.listed(connection, "1")
    assert one.at == NOW


def test_another_edition_forgets_it(database: Database) -> None:
    with database.write() as connection:
        put(connection, "a")
        put(connection, "b", edition="2")
        quarantine.forget_others(connection, "2")
    with database.read() as connection:
        assert quarantine.refused(connection, "1") == {}
        assert quarantine.refused(connection, "2") == {"b": "was slow"}


def test_it_is_spread_once(database: Database) -> None:
    with database.write() as connection:
        put(connection, "a")
        put(connection, "b")
        quarantine.spread(connection, ["a"], "1")
        assert quarantine.unspread(connection, "1") == ["b"]


def test_a_pardon_is_counted_where_there_was_something_to_pardon(database: Database) -> None:
    with database.write() as connection:
        put(connection, "a")
        put(connection, "b")
        assert quarantine.pardon(connection, ["a", "c"], "1") == ["a"]
        assert quarantine.pardon(connection, ["a", "c"], "1") == []
        assert quarantine.pardons(connection) == 1
        assert list(quarantine.refused(connection, "1")) == ["b"]


def test_an_entity_has_no_answer_until_it_is_answered(database: Database) -> None:
    save(database, entity("x"), entity("y"))
    with database.write() as connection:
        row = by_ref(connection, "component:default/x")
        assert row is not None
        unanswerable.give_up(connection, {row.id: "first"}, now=NOW)
        unanswerable.give_up(connection, {row.id: "then"}, now=NOW)
        assert unanswerable.listed(connection) == {"component:default/x": "then"}
        unanswerable.answered(connection, [row.id])
        assert unanswerable.listed(connection) == {}
