"""What a simulation reads, on both databases: all that is looked at, and of long records no more."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from portal.db.collection import facts
from portal.db.engine import Database
from portal.db.insights.simulated import Reads, Wanted, rows
from scorecards.collection.serialization import facts_to_json, state_in
from scorecards.collection.stored_facts import pack_record
from scorecards.facts import FactRecord, Known
from tests.catalog_rows import NOW, entity, save

FACTS = {
    "ci.builds": Known(value=1),
    "ci.tests": Known(value='},"ci.told":{"'),
    "ci.tests.slow": Known(value=2),
    "ci.uptime": Known(value=3),
}


@pytest.fixture
def record(database: Database) -> FactRecord:
    """What is stored of the only entity."""
    save(database, entity("a"))
    made = FactRecord(
        ref="component:default/a",
        collector="ci",
        version="1",
        url="",
        revision="",
        observed_at=NOW,
        valid_until=None,
        facts=FACTS,
    )
    with database.write() as connection:
        facts.save(connection, [pack_record(made)])
    return made


def sent(database: Database, *names: str) -> bytes:
    """The facts of the entity, where these are looked at."""
    reads = Reads(collectors=("ci",), facts=names, bodies=False, ages=False)
    wanted = Wanted(scorecard="ours", reads=reads, everyone=True, settled=False, ids=None, now=NOW)
    with database.read() as connection:
        ((row,),) = rows(connection, wanted)
    return bytes(row[3])


@pytest.mark.parametrize(
    "names",
    [
        ("ci.tests",),
        ("ci.tests", "ci.tests.slow"),
        ("ci.builds", "ci.uptime"),
        ("ci.uptime", "scan.bugs"),
    ],
)
def test_every_fact_that_is_looked_at_is_sent(
    database: Database, record: FactRecord, names: tuple[str, ...]
) -> None:
    found, whole = sent(database, *names), facts_to_json(record)
    states: Mapping[str, bytes] = {name: state_in(found, _quoted(name)) for name in names}
    assert states == {name: state_in(whole, _quoted(name)) for name in names}
    assert {name for name in names if states[name]} == FACTS.keys() & {*names}


def test_postgresql_sends_no_more_than_the_end_of_a_long_record(
    database: Database, record: FactRecord
) -> None:
    whole = facts_to_json(record)
    is_cut = database.engine.dialect.name == "postgresql"
    assert sent(database, "ci.uptime") == (
        whole[whole.index(b'"ci.uptime"') :] if is_cut else whole
    )
    assert sent(database, "ci.nothing") == (b"" if is_cut else whole)


def _quoted(name: str) -> bytes:
    return f'"{name}":'.encode()
