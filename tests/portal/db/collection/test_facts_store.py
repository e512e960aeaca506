from dataclasses import replace
from datetime import timedelta

import pytest

from portal.db.catalog.entities import by_ref
from portal.db.collection.facts import for_entities, for_entity
from portal.db.engine import Database
from portal.db.state import state_of
from scorecards.facts import FactRecord, FailedFact, Known, Missing, Unknown
from tests.catalog_rows import NOW, entity, save
from tests.result_rows import FactRows

LATER = NOW + timedelta(hours=1)
RECORD = FactRecord(
    ref="component:default/a",
    collector="repo",
    version="1",
    url="file:///srv/shop",
    revision="r1",
    observed_at=NOW,
    valid_until=None,
    facts={
        "repo.readme.bytes": Known(value=12, path="README.md", line=1),
        "repo.commit.at": Known(value=NOW),
        "repo.lockfiles": Known(value=("a", "b")),
        "repo.license.path": Missing(looked_for="LICENSE"),
        "repo.docs.files": FailedFact(reason=Unknown.SOURCE_FAILED, detail="gone"),
    },
)


@pytest.fixture
def rows(database: Database) -> FactRows:
    save(database, entity("a"), entity("b"))
    return FactRows(database=database)


def stored(rows: FactRows, name: str = "a") -> tuple[FactRecord, ...]:
    with rows.database.read() as connection:
        row = by_ref(connection, f"component:default/{name}")
        assert row
        return for_entity(connection, row.id)


def state(rows: FactRows) -> str:
    with rows.database.read() as connection:
        return state_of(connection)


def test_a_record_comes_back_as_it_was(rows: FactRows) -> None:
    other = replace(RECORD, collector="catalog", valid_until=LATER)
    rows.save_facts([RECORD, other])
    assert stored(rows) == (other, RECORD)
    assert stored(rows, "b") == ()


def test_the_latest_record_of_a_collector_replaces_the_one_before(rows: FactRows) -> None:
    other = replace(RECORD, collector="catalog")
    rows.save_facts([RECORD, other])
    new = replace(RECORD, observed_at=LATER, revision="r2", facts={"x": Missing()})
    rows.save_facts([new])
    assert stored(rows) == (other, new)


def test_the_same_facts_are_not_written_again(rows: FactRows) -> None:
    rows.save_facts([RECORD])
    before = state(rows)
    rows.save_facts([replace(RECORD, observed_at=LATER)])
    assert stored(rows) == (RECORD,)
    assert state(rows) == before
    longer = replace(RECORD, observed_at=LATER, valid_until=LATER)
    rows.save_facts([longer])
    assert stored(rows) == (longer,)
    assert state(rows) != before


def test_facts_of_what_is_not_there_are_dropped(rows: FactRows) -> None:
    rows.save_facts([replace(RECORD, ref="component:default/gone")])
    rows.save_facts([])
    assert stored(rows) == ()


def test_many_are_saved_and_read_at_once(database: Database) -> None:
    save(database, *(entity(f"e{n}") for n in range(600)))
    records = [replace(RECORD, ref=f"component:default/e{n}") for n in range(600)]
    rows = FactRows(database=database)
    rows.save_facts(records)
    rows.save_facts([replace(record, revision="r2") for record in records[:300]])
    with database.read() as connection:
        found = for_entities(connection, range(10_000))
    revisions = [record.revision for entry in found.values() for record in entry]
    assert sorted(revisions) == ["r1"] * 300 + ["r2"] * 300


def test_facts_go_with_their_entity(rows: FactRows) -> None:
    rows.save_facts([RECORD])
    save(rows.database, entity("b"))
    save(rows.database, entity("a"), entity("b"))
    assert stored(rows) == ()
