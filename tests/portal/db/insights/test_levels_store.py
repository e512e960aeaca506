"""What stands where on a scorecard: as a filter, and counted, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from catalog.queries.predicates import parse_predicate, predicate_of
from catalog.queries.query import All, EntityQuery, Equals, Filter, Order, parse_filters
from portal.db.catalog.entities import by_query
from portal.db.catalog.filters import Way
from portal.db.catalog.keys import LEVEL
from portal.db.catalog.questions import ask
from portal.db.engine import Database
from portal.db.insights.levels import (
    MOST_LEVELS,
    OnLevels,
    follows_results,
    level_counts,
    on_levels,
)
from portal.db.tables import entities, results
from tests.catalog_rows import entity, save

KIND = Equals(key="kind", values=("component",))
CARDS = {"care": 3, "other": 2, "unheard-of": 4}


@pytest.fixture
def levels(database: Database) -> Database:
    """Four components and a group: `a` on 0, `b` on 1, `c` on 2, and `d` on a level that is gone."""
    save(database, *(entity(name) for name in "abcde"), entity("g", "Group"))
    with database.write() as connection:
        ids = {
            row.name: row.id for row in connection.execute(select(entities.c.name, entities.c.id))
        }
        stands = [("care", name, rank) for name, rank in zip("abcdg", (0, 1, 2, 7, 1), strict=True)]
        connection.execute(
            insert(results),
            [
                {
                    "scorecard": card,
                    "entity_id": ids[name],
                    "version": "1",
                    "proven": rank,
                    "possible": rank,
                    "outcomes": "p",
                    "passes": 1,
                    "fails": 0,
                    "unknowns": 0,
                    "evidence": b"{}",
                    "since": "[]",
                    "evaluated_at": datetime(2026, 3, 1, tzinfo=UTC),
                }
                for card, name, rank in [*stands, ("other", "a", 1)]
            ],
        )
    return database


def names(database: Database, tree: Filter) -> str:
    """What matches, which is the same whichever way it is found."""
    with database.read() as connection:
        asked = ask(connection, tree)
        found = select(entities.c.name).order_by(entities.c.name)
        answers = {
            "".join(connection.execute(found.where(asked.condition(way))).scalars()) for way in Way
        }
        [answer] = answers
        assert asked.most is None or asked.most >= len(answer)
        assert asked.exact in (None, len(answer))
    return answer


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ((0,), "a"),
        ((1,), "bg"),
        ((2,), "cd"),
        ((0, 2), "acd"),
        ((None,), "e"),
        ((None, 0), "ae"),
        ((), ""),
    ],
)
def test_what_stands_on_a_level_is_found_and_what_has_no_result_by_itself(
    levels: Database, chosen: tuple[int | None, ...], expected: str
) -> None:
    assert names(levels, on_levels("care", 3, chosen)) == expected


def test_levels_go_with_other_filters_and_through_cursors(levels: Database) -> None:
    tree = All(parts=(KIND, on_levels("care", 3, (1, 2))))
    assert names(levels, tree) == "bcd"
    assert parse_predicate(predicate_of(tree)) == tree
    query = EntityQuery(filter=tree, order=Order(field="metadata.name"), limit=2)
    with levels.read() as connection:
        first = by_query(connection, query)
        second = by_query(connection, EntityQuery(cursor=first.next_cursor, limit=2))
    assert [row.name for row in (*first.items, *second.items)] == ["b", "c", "d"]
    assert first.total == 3


@pytest.mark.parametrize(
    ("tree", "care"),
    [
        (None, OnLevels(proven=(1, 2, 2), unassessed=1)),
        (KIND, OnLevels(proven=(1, 1, 2), unassessed=1)),
        (Equals(key="kind", values=("group",)), OnLevels(proven=(0, 1, 0), unassessed=0)),
        (Equals(key="metadata.name", values=("a", "e")), OnLevels(proven=(1, 0, 0), unassessed=1)),
        (All(parts=(KIND, on_levels("other", 2, (1,)))), OnLevels(proven=(1, 0, 0), unassessed=0)),
        (Equals(key="kind", values=("x",)), OnLevels(proven=(0, 0, 0), unassessed=0)),
    ],
)
def test_counts_say_how_many_stand_where_and_how_many_nowhere(
    levels: Database, tree: Filter | None, care: OnLevels
) -> None:
    with levels.read() as connection:
        found = level_counts(connection, CARDS, tree)
    assert found["care"] == care
    total = sum(care.proven) + care.unassessed
    assert found["unheard-of"] == OnLevels(proven=(0, 0, 0, 0), unassessed=total)


def test_counts_of_many_are_those_of_few(levels: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Equals(key="metadata.name", values=("a", "b", "g"))
    with levels.read() as connection:
        few = level_counts(connection, CARDS, tree)
        monkeypatch.setattr("portal.db.catalog.questions.FEW", 0)
        assert ask(connection, tree).way is Way.PROBE
        assert level_counts(connection, CARDS, tree) == few


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 30, "0" * 5_000, "\0", "٣"])
def test_no_level_is_read_out_of_nonsense(levels: Database, value: str) -> None:
    assert names(levels, Equals(key=f"{LEVEL}care", values=(value,))) == ""
    assert names(levels, Equals(key=f"{LEVEL}{value}", values=("0",))) == ""


def test_a_filter_that_people_write_cannot_say_levels() -> None:
    assert not follows_results(parse_filters([f"{LEVEL}care=1", f"{LEVEL}care"]))
    assert follows_results(All(parts=(KIND, on_levels("care", 3, (None,)))))
    assert not follows_results(KIND)


def test_every_level_that_a_scorecard_can_have_is_found() -> None:
    chosen = on_levels("care", 3, (2,))
    assert chosen == Equals(key=f"{LEVEL}care", values=tuple(str(n) for n in range(2, MOST_LEVELS)))
