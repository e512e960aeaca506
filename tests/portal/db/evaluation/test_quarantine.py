"""The quarantine and the entities without an answer, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from portal.db.catalog.entities import by_ref
from portal.db.engine import Database
from portal.db.evaluation import quarantine, unanswerable
from portal.db.insights.unfresh import Unfresh, unfresh
from portal.db.state import Connection, state_of
from scorecards.results import ScorecardResult
from tests.catalog_rows import NOW, entity, owned, save
from tests.result_rows import ResultRows

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
        told = state_of(connection)
        unanswerable.give_up(connection, {row.id: "then"}, now=NOW + timedelta(hours=1))
        found = unanswerable.about(connection, row.id)
        assert found == unanswerable.Unanswered(ref=row.ref, reason="then", since=NOW)
        assert unanswerable.listed(connection) == (found,)
        assert state_of(connection) != told, "pages and tags are made anew"
        unanswerable.answered(connection, [row.id])
        assert unanswerable.listed(connection) == ()
        unanswerable.give_up(connection, {row.id: "again"}, now=NOW + timedelta(hours=2))
        assert unanswerable.about(connection, row.id) == unanswerable.Unanswered(
            ref=row.ref, reason="again", since=NOW + timedelta(hours=2)
        )


def test_who_has_no_answer_can_be_asked_by_owner(database: Database) -> None:
    save(database, owned("a", "web"), owned("b", "pay"), owned("c", "web"))
    with database.write() as connection:
        ids = {one: by_ref(connection, f"component:default/{one}").id for one in "abc"}  # type: ignore[union-attr]
        unanswerable.give_up(connection, {ids["a"]: "w", ids["b"]: "w"}, now=NOW)
        web = ["group:default/web"]
        assert [one.ref[-1] for one in unanswerable.listed(connection)] == ["a", "b"]
        assert [one.ref[-1] for one in unanswerable.listed(connection, owners=web)] == ["a"]
        assert len(unanswerable.listed(connection, limit=1)) == 1
        assert unanswerable.count(connection) == 2
        assert unanswerable.count(connection, owners=web) == 1
        assert unanswerable.about(connection, ids["c"]) is None


def test_who_has_no_answer_is_counted_by_scorecard(database: Database) -> None:
    save(database, *map(entity, "abcd"))
    with database.write() as connection:
        ids = {one: by_ref(connection, f"component:default/{one}").id for one in "abcd"}  # type: ignore[union-attr]
    said = ScorecardResult(
        ref="component:default/a",
        scorecard="care",
        version="1",
        proven=0,
        possible=0,
        results=(),
        evaluated_at=NOW,
    )
    other = replace(said, ref="component:default/b", scorecard="other")
    fine = replace(said, ref="component:default/d")
    ResultRows(database=database).save_results([ids["a"], ids["b"], ids["d"]], [said, other, fine])
    with database.write() as connection:
        unanswerable.give_up(connection, {ids[one]: "w" for one in "abc"}, now=NOW)
        found = {name: unfresh(connection, name) for name in ("care", "none")}
        assert found == {
            "care": Unfresh(before=1, never=1, waiting=1),
            "none": Unfresh(before=0, never=1, waiting=3),
        }
        listed = unanswerable.listed(connection, scorecards=["care"])
        assert [one.ref[-1] for one in listed] == ["a", "c"]
        assert unanswerable.count(connection, scorecards=["care", "other"]) == 3
        assert unanswerable.about_all(connection, ids.values()).keys() == {ids[x] for x in "abc"}
