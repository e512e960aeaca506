"""Spans say of every moment what was stored then, on both databases, or that it is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.db import tables
from portal.db.catalog.entities import by_ref
from portal.db.collection.fact_history import forget
from portal.db.collection.facts import for_entity
from portal.db.engine import Database
from portal.db.insights import spans
from portal.db.insights.spans import Span
from scorecards.collection.serialization import facts_to_json
from scorecards.collection.stored_facts import StoredFacts
from scorecards.facts import FactRecord, Known
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
    facts={"repo.size": Known(value=1)},
)


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def id_of(database: Database, name: str = "a") -> int:
    with database.read() as connection:
        row = by_ref(connection, f"component:default/{name}")
    assert row
    return row.id


def observed(database: Database, entity_id: int) -> list[Span[StoredFacts | None]]:
    with database.read() as connection:
        found = spans.observed(connection, [entity_id], ["repo"], since=at(-9))
    return [*found[entity_id, "repo"]]


def seen(spans_: list[Span[StoredFacts | None]], instant: datetime) -> tuple[bytes, bool] | None:
    """The facts of a moment, and whether they were stale."""
    span = spans.at(spans_, instant)
    if span is None:
        return None
    assert span.what is not None, "everything is kept"
    _, valid_until, facts = span.what
    return facts, valid_until is not None and valid_until < instant


STEPS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 2), st.sampled_from([None, 1, 3])), max_size=8
)
"""After how many hours which size is seen, and for how many hours that is valid."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_facts_of_a_moment_are_what_was_stored_then(
    database: Database, steps: list[tuple[int, int, int | None]]
) -> None:
    save(database)
    save(database, entity("a"))
    a, hour = id_of(database), 0
    known: dict[datetime, tuple[bytes, bool] | None] = {at(0.5): None}
    for hours, size, valid in [*steps, (4, 0, None)]:
        for passed in range(hours):
            with database.read() as connection:
                stored = for_entity(connection, a)
            instant = at(hour + passed + 0.5)
            known[instant] = None
            for one in stored:
                until = one.valid_until
                known[instant] = facts_to_json(one), until is not None and until < instant
        hour += hours
        record = replace(
            RECORD,
            observed_at=at(hour),
            valid_until=None if valid is None else at(hour + valid),
            facts={"repo.size": Known(value=size)},
        )
        FactRows(database=database).save_facts([record])
    told = observed(database, a)
    assert {instant: seen(told, instant) for instant in known} == known


def test_what_a_row_does_not_say_the_beginning_of_is_not_kept_before(database: Database) -> None:
    save(database, entity("a"))
    for hour in (1, 2):
        timed = replace(RECORD, observed_at=at(hour), valid_until=at(hour + 3))
        FactRows(database=database).save_facts([timed])
    with database.write() as connection:
        connection.execute(tables.facts.update().values(since=None))  # as an older portal wrote it
    told = observed(database, id_of(database))
    assert [(span.start, span.end, span.what is None) for span in told[1:]] == [
        (None, at(2), True),
        (at(2), None, False),
    ]


def test_facts_that_nobody_collects_any_more_are_not_kept(database: Database) -> None:
    save(database, entity("a"))
    for hour in (1, 2):
        sized = replace(RECORD, observed_at=at(hour), facts={"repo.size": Known(value=hour)})
        FactRows(database=database).save_facts([sized])
    with database.write() as connection:
        connection.execute(tables.facts.delete())
    assert observed(database, id_of(database))[1:] == [Span(None, at(2), None)]
    with database.write() as connection:
        forget(connection, before=at(9))
    assert observed(database, id_of(database))[1:] == []


def test_entities_that_went_are_among_those_that_were(database: Database) -> None:
    save(database, entity("a"), entity("b"))
    a, b = id_of(database), id_of(database, "b")
    save(database, entity("b", metadata={"title": "B"}), now=at(2))
    with database.read() as connection:
        assert spans.page(connection, after=0, limit=1) == [min(a, b)]
        assert spans.page(connection, after=min(a, b), limit=9) == [max(a, b)]
        found = spans.bodies(connection, [a, b], since=at(1))
        of_then = spans.bodies(connection, [a], since=at(3))
    assert [(span.start, span.end) for span in found[a]] == [(NOW, at(2))]
    assert [(span.start, span.end) for span in found[b]] == [(NOW, at(2)), (at(2), None)]
    assert observed(database, a) == [Span(None, None, None)], "facts go with their entity"
    assert of_then.get(a, []) == []
