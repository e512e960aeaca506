"""Simulating on both databases: what is taken over, left out, asked in full, and replayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest
from sqlalchemy import select

from portal.db import tables
from portal.db.engine import Database
from portal.pool import Pool
from portal.worker.assessment.asking import Means
from portal.worker.simulation.replaying import Replay, replay
from portal.worker.simulation.simulating import Simulated, simulate
from scorecards.definitions.loading import load_scorecards
from scorecards.evaluation.assessment import Assessor
from scorecards.facts import FactRecord, FactSchema, FactType, Known
from scorecards.insights.simulation import Case
from scorecards.scorecard import Scorecard
from tests.catalog_rows import NOW, owned, save
from tests.result_rows import FactRows, ResultRows

SCHEMAS = {
    name: FactSchema(name=name, type=FactType.INT, description="d", when_absent=0)
    for name in ("repo.size", "sonar.bugs")
}


def card(*rules: object, **spec: object) -> Scorecard:
    checks = [
        {"id": f"c{n}", "title": "t", "level": level, "why": "w", "fix": "f", "rule": rule}
        for n, (level, rule) in enumerate(
            zip(("Managed", "Managed", "Defined"), rules, strict=False)
        )
    ]
    document = {
        "apiVersion": "plumbline.dev/v1",
        "kind": "Scorecard",
        "metadata": {"name": "card", "title": "Card"},
        "spec": {"checks": checks, **spec},
    }
    (found,), problems = load_scorecards(
        orjson.dumps(document).decode(), file="c.yaml", schemas=SCHEMAS
    )
    assert problems == ()
    return found


def record(name: str, fact: str, value: int, *, at: datetime = NOW) -> FactRecord:
    return FactRecord(
        ref=f"component:default/{name}",
        collector=fact.partition(".")[0],
        version="1",
        url="u",
        revision="r",
        observed_at=at,
        valid_until=None,
        facts={fact: Known(value=value)},
    )


def assess(database: Database, scorecard: Scorecard) -> None:
    rows = ResultRows(database=database)
    with database.read() as connection:
        ids = connection.execute(select(tables.entities.c.id)).scalars().all()
    assessor = Assessor([scorecard], SCHEMAS)
    said = [r for subject in rows.assessable(ids) for r in assessor.assess(subject, now=NOW)]
    rows.save_results(ids, said)
    with database.write() as connection:
        connection.execute(tables.unassessed.delete())


@pytest.fixture
def filled(database: Database) -> Database:
    save(database, owned("a", "web"), owned("b", "web"), owned("c", "pay"))
    sizes = (("a", 10), ("b", 20), ("c", 30))
    FactRows(database=database).save_facts([record(n, "repo.size", size) for n, size in sizes])
    return database


def means(database: Database, pool: Pool, connection: object) -> Means:
    return Means(
        connection=connection,  # type: ignore[arg-type]
        pool=pool,
        collectors={name: name.partition(".")[0] for name in SCHEMAS},
        schemas=SCHEMAS,
        unfed={},
        now=NOW,
    )


def run(database: Database, pool: Pool, before: Scorecard | None, after: Scorecard) -> Simulated:
    with database.read() as connection:
        return simulate(means(database, pool, connection), before=before, after=after)


BEFORE = card("repo.size > 0", "repo.size > 5")


def test_who_falls_is_named_with_their_team(filled: Database, pool: Pool) -> None:
    assess(filled, BEFORE)
    found = run(filled, pool, BEFORE, card("repo.size > 0", "repo.size > 15"))
    assert found.difference.changed == (1,)
    assert [(e.ref, e.owner, e.case) for e in found.down] == [
        ("component:default/a", "group:default/web", Case("pp", "pf"))
    ]
    assert [(t.owner, t.down, t.minutes) for t in found.simulation.teams] == [
        ("group:default/web", 1, 120)
    ]
    assert found.up == ()
    assert found.missing == {}


def test_facts_that_are_missing_are_counted(filled: Database, pool: Pool) -> None:
    assess(filled, BEFORE)
    FactRows(database=filled).save_facts([record("a", "sonar.bugs", 0)])
    found = run(filled, pool, BEFORE, card("repo.size > 0", "sonar.bugs == 0"))
    assert found.missing == {("c1", "sonar.bugs", "not_collected"): 2}
    assert found.simulation.possible == {(3, 3): 3}


def test_whoever_waits_to_be_assessed_is_left_out(filled: Database, pool: Pool) -> None:
    assess(filled, BEFORE)
    with filled.write() as connection:
        b = select(tables.entities.c.id).where(tables.entities.c.name == "b").scalar_subquery()
        connection.execute(tables.unassessed.insert().values(entity_id=b, seq=1))
    found = run(filled, pool, BEFORE, card("repo.size > 0", "repo.size > 100"))
    assert (found.waiting, found.simulation.entities, found.simulation.down) == (1, 2, 2)


def test_results_of_another_definition_are_left_out(filled: Database, pool: Pool) -> None:
    assess(filled, card("repo.size > 0"))
    found = run(filled, pool, BEFORE, card("repo.size > 0", "repo.size > 100"))
    assert (found.waiting, found.simulation.entities) == (3, 0)


def test_what_is_exempt_stays_so(filled: Database, pool: Pool) -> None:
    assess(filled, BEFORE)
    with filled.write() as connection:
        connection.execute(tables.results.update().values(outcomes="px"))
    found = run(filled, pool, BEFORE, card("repo.size > 100", "repo.size > 100"))
    assert {example.case for example in found.down} == {Case("px", "fx")}


def test_answers_of_people_stay(filled: Database, pool: Pool) -> None:
    manual = {"manual": {"question": "Is it so?"}}
    before = card("repo.size > 0", manual)
    assess(filled, before)
    with filled.write() as connection:
        connection.execute(tables.results.update().values(outcomes="pp"))
    narrower = card("repo.size > 15", manual, applies_to="repo.size > 5")
    assert {e.case for e in run(filled, pool, before, narrower).down} == {Case("pp", "fp")}


def test_how_old_facts_may_be_is_part_of_a_rule(filled: Database, pool: Pool) -> None:
    assess(filled, BEFORE)
    old = record("c", "repo.size", 31, at=NOW - timedelta(days=9))
    FactRows(database=filled).save_facts([old])
    stricter = replace(BEFORE.checks[1], max_age=timedelta(days=2))
    after = replace(BEFORE, checks=(BEFORE.checks[0], stricter))
    found = run(filled, pool, BEFORE, after)
    assert found.difference.changed == (1,)
    assert {example.ref for example in found.down} == {"component:default/c"}
    assert found.missing == {("c1", "repo.size", "stale"): 1}


def test_where_it_cannot_be_told_whether_it_applies_nothing_is_made_up(
    filled: Database, pool: Pool
) -> None:
    condition = {"applies_to": "sonar.bugs >= 0"}
    FactRows(database=filled).save_facts([record("a", "sonar.bugs", 0)])
    before = card("repo.size > 0", "repo.size > 5", **condition)
    assess(filled, before)
    found = run(filled, pool, before, card("repo.size > 0", "repo.size > 100", **condition))
    cases = found.comparison.simulation({("", example.case): 1 for example in found.down})
    assert cases.entities == 1
    assert found.simulation.moves == {(3, 0): 1, (0, 0): 2}
    assert ("c1", "sonar.bugs", "not_collected") in found.missing


def test_a_definition_that_changes_nothing_changes_nobody(filled: Database, pool: Pool) -> None:
    assess(filled, BEFORE)
    found = run(filled, pool, BEFORE, BEFORE)
    assert (found.simulation.entities, found.simulation.up, found.simulation.down) == (3, 0, 0)
    assert found.simulation.teams == ()


def replayed(database: Database, pool: Pool, start: datetime, end: datetime) -> Replay:
    after = card("repo.size > 0", "repo.size > 15")
    with database.read() as connection:
        asked = means(database, pool, connection)
        return replay(asked, before=BEFORE, after=after, start=start, end=end)


def test_the_past_is_replayed_as_far_as_it_is_kept(filled: Database, pool: Pool) -> None:
    """What the catalog was is known from its history, and so is what facts were."""
    later = NOW + timedelta(days=2)
    FactRows(database=filled).save_facts([record("b", "repo.size", 11, at=later)])
    found = replayed(filled, pool, NOW - timedelta(days=1), NOW + timedelta(days=3))
    assert len(found.points) == 12
    first, *_, last = found.points
    assert (first.simulation.entities, last.simulation.entities) == (0, 3)
    assert (last.uncollected, last.simulation.down) == (0, 2)
    between = [p for p in found.points if NOW <= p.at < later]
    assert between
    assert {(point.uncollected, point.simulation.down) for point in between} == {(0, 1)}


def test_a_replay_of_an_instant_is_one_point(filled: Database, pool: Pool) -> None:
    (point,) = replayed(filled, pool, NOW, NOW).points
    assert point.simulation.down == 1
