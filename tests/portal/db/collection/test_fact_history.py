"""The past of facts is read back as it was stored, however the differences fall."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.db.catalog.entities import by_ref
from portal.db.collection.fact_history import between, forget
from portal.db.collection.facts import for_entity
from portal.db.engine import Database
from scorecards.facts import FactRecord, FactState, FailedFact, Known, Missing, Unknown
from tests.catalog_rows import NOW, entity, save
from tests.result_rows import FactRows

RECORD = FactRecord(
    ref="component:default/a",
    collector="repo",
    version="1",
    url="file:///srv/shop",
    revision="r0",
    observed_at=NOW,
    valid_until=None,
    facts={"repo.readme.bytes": Known(value=1)},
)

STATES: st.SearchStrategy[FactState] = st.one_of(
    st.builds(Known, value=st.one_of(st.integers(-5, 5), st.just(NOW), st.just(("a", "b")))),
    st.builds(Missing, looked_for=st.sampled_from(["", "README"])),
    st.builds(FailedFact, reason=st.just(Unknown.STALE), detail=st.just("why")),
)
FACTS = st.dictionaries(st.sampled_from(["repo.a", "repo.b", "repo.c"]), STATES)


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def told(
    database: Database, start: datetime, end: datetime, name: str = "a"
) -> dict[str, tuple[FactRecord, ...]]:
    with database.read() as connection:
        row = by_ref(connection, f"component:default/{name}")
        assert row
        present = for_entity(connection, row.id)
        return between(connection, present, row.id, start=start, end=end)


def store(database: Database, records: Sequence[FactRecord]) -> None:
    for record in records:
        FactRows(database=database).save_facts([record])


@pytest.fixture
def records(database: Database) -> list[FactRecord]:
    """Three records of one collector, an hour apart, each other than the one before."""
    save(database, entity("a"))
    made = [
        replace(RECORD, observed_at=at(n), facts={"repo.readme.bytes": Known(value=n)})
        for n in range(3)
    ]
    store(database, made)
    return made


@pytest.mark.parametrize(
    ("start", "end", "places"),
    [
        (-1, 9, [0, 1, 2]),
        (0, 2, [0, 1, 2]),
        (0.5, 1.5, [0, 1]),
        (1, 1, [1]),
        (2.5, 9, [2]),
        (-2, -1, []),
    ],
)
def test_a_range_has_what_was_observed_in_it_and_what_held_at_its_start(
    database: Database, records: list[FactRecord], start: float, end: float, places: list[int]
) -> None:
    found = told(database, at(start), at(end))
    assert found == ({"repo": tuple(records[place] for place in places)} if places else {})


def test_looking_again_is_not_kept(database: Database) -> None:
    save(database, entity("a"))
    timed = [replace(RECORD, observed_at=at(n), valid_until=at(n + 1)) for n in range(3)]
    store(database, timed)
    assert told(database, at(-1), at(9)) == {"repo": (timed[-1],)}


def test_what_was_stale_before_it_was_said_again_is_kept(database: Database) -> None:
    save(database, entity("a"))
    timed = [replace(RECORD, observed_at=at(n), valid_until=at(n + 1)) for n in (0, 0.5, 3)]
    store(database, timed)
    assert told(database, at(-1), at(9)) == {"repo": tuple(timed[1:])}


def test_what_is_pruned_leaves_the_rest_readable(
    database: Database, records: list[FactRecord]
) -> None:
    with database.write() as connection:
        assert forget(connection, before=at(1.5)) == 1
        assert forget(connection, before=at(1.5)) == 0
    assert told(database, at(-1), at(9)) == {"repo": tuple(records[1:])}


def test_the_past_of_facts_goes_with_its_entity(
    database: Database, records: list[FactRecord]
) -> None:
    save(database, entity("b"))
    save(database, entity("a"), entity("b"))
    assert told(database, at(-1), at(9)) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(FACTS, min_size=1, max_size=6))
def test_every_former_record_comes_back_as_it_was(
    database: Database, history: list[dict[str, FactState]]
) -> None:
    save(database)
    save(database, entity("a"))
    made = [
        replace(RECORD, observed_at=at(n), revision=f"r{n}", facts=facts)
        for n, facts in enumerate(history)
    ]
    store(database, made)
    assert told(database, at(-1), at(99)) == {"repo": tuple(made)}
