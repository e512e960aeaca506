"""Whom other scorecards and collectors concern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import delete

from portal.db.engine import Database
from portal.db.evaluation import editions
from portal.db.tables import unassessed
from portal.db.work import marks, rounds
from scorecards.scorecard import Scorecard
from tests.catalog_rows import entity, save
from tests.scorecards.scorecard_samples import check, renamed, scorecard

ONE = renamed(scorecard(check("repo.readme.bytes > 0")), "one")
OTHERWISE = renamed(scorecard(check("repo.readme.bytes > 9")), "one")
TWO = renamed(scorecard(check("repo.ci.runs_tests")), "two")


def asked(
    database: Database, cards: Sequence[Scorecard], observed: str = "repo=1"
) -> frozenset[str] | None:
    """The scorecards that are asked once these are in force; None: facts are collected."""
    with database.write() as connection:
        connection.execute(delete(unassessed))
        editions.mark_changed(connection, scorecards=cards, readers={}, observed=[observed])
    with database.read() as connection:
        if rounds.next_marked(connection, limit=10):
            assert marks.count_marks(connection) == 2
            return None
        due = rounds.next_due(connection, limit=10)
    return frozenset() if due is None else due.cards


def test_a_changed_scorecard_alone_is_asked_and_a_changed_collector_collects(
    database: Database,
) -> None:
    save(database, entity("a"), entity("b"))
    assert asked(database, [ONE]) is None  # nothing was ever collected
    assert asked(database, [ONE]) == set()
    assert asked(database, [ONE, TWO]) == {"two"}
    assert asked(database, [OTHERWISE, TWO]) == {"one"}
    assert asked(database, [TWO]) == {"one"}
    assert asked(database, [ONE], observed="repo=2") is None
    assert asked(database, [ONE], observed="repo=2") == set()


def test_a_scorecard_that_lost_a_check_to_something_else_is_asked(database: Database) -> None:
    """Its version follows its text, which is the same."""
    whole = renamed(scorecard(check("repo.readme.bytes > 0"), check("repo.ci.runs_tests")), "one")
    save(database, entity("a"), entity("b"))
    asked(database, [whole, TWO])
    less = replace(whole, checks=whole.checks[:1])
    assert less.version == whole.version
    assert asked(database, [less, TWO]) == {"one"}
