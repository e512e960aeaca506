"""Rations: what may be had at once, how soon there is more, and that one's need is not another's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from portal.db.engine import Database
from portal.db.tables import meta
from portal.db.work import rations
from portal.db.work.rations import Ration

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SMALL = Ration(most=3, every=timedelta(seconds=10))


def take(
    database: Database, wanted: dict[str, int], *, after: float = 0.0
) -> tuple[str, float] | None:
    """What lacks, and for how many seconds."""
    now = NOW + timedelta(seconds=after)
    with database.write() as connection:
        asked = {name: (SMALL, number) for name, number in wanted.items()}
        found = rations.take(connection, asked, now=now)
    return None if found is None else (found[0], found[1].total_seconds())


def test_so_much_may_be_had_at_once_and_then_one_each_time(database: Database) -> None:
    assert [take(database, {"a": 1}) for _ in range(4)] == [None, None, None, ("a", 10)]
    assert take(database, {"b": 1}) is None
    assert take(database, {"a": 1}, after=9.5) == ("a", 0.5)
    assert take(database, {"a": 1}, after=10) is None
    assert take(database, {"a": 1}, after=10) == ("a", 10)
    assert [take(database, {"a": 1}, after=60) for _ in range(4)][2:] == [None, ("a", 10)]


def test_where_one_lacks_nothing_of_the_others_is_taken(database: Database) -> None:
    for _ in range(3):
        assert take(database, {"full": 1}) is None
    assert [take(database, {"full": 1, "other": 1}) for _ in range(3)] == [("full", 10)] * 3
    assert [take(database, {"other": 1}) for _ in range(3)] == [None] * 3


def test_what_needs_many_can_be_had_and_the_next_waits_for_all_of_it(database: Database) -> None:
    assert take(database, {"a": 500}) is None
    assert take(database, {"a": 1}) == ("a", 10)
    assert take(database, {"a": 1}, after=10) is None
    assert take(database, {"a": 500}, after=20) is None
    assert take(database, {"a": 1}, after=20) == ("a", 30)


def test_nobody_waits_for_a_clock_that_was_ahead(database: Database) -> None:
    for _ in range(3):
        assert take(database, {"a": 1}, after=86_400) is None
    assert take(database, {"a": 1}) is None


def test_nothing_is_kept_of_whoever_has_not_asked_lately(database: Database) -> None:
    for number in range(20):
        assert take(database, {f"by-{number}": 1}) is None
    assert take(database, {"late": 1}, after=60) is None
    with database.read() as connection:
        kept = select(func.count()).where(meta.c.key.startswith(rations.PREFIX))
        assert connection.execute(kept).scalar_one() == 1
