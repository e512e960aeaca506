"""Packed results in the store: read, followed and told as those that are written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.db.collection.facts import stored_for
from portal.db.engine import Database
from portal.db.evaluation import layouts, result_history, results
from portal.db.evaluation.results import StoredResult
from portal.db.tables import entities, metadata, transitions
from portal.db.tables import layouts as layout_table
from portal.db.tables import results as result_table
from scorecards.collection.store import Asked
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.layouts import layout_to_json
from scorecards.facts import FactState, FailedFact, Known, Missing, Unknown
from scorecards.scorecard import Scorecard
from tests.catalog_rows import NOW, entity, save
from tests.recomputing import mismatches, recompute
from tests.result_rows import FactRows, ResultRows
from tests.scorecards.scorecard_samples import SCHEMAS, check, record, renamed, scorecard

A = "component:default/a"
FIRST = check("repo.readme.bytes >= 500", id="readme", observe=["repo.readme.path"])
SECOND = check({"any": ["repo.ci.runs_tests", "'b' in repo.ci.systems"]}, id="tests")
THIRD = check("entity.spec.tier == 'one'", id="tier", applies_to="repo.readme.bytes > 0")

CARDS: dict[str, list[Scorecard]] = {
    "two checks": [scorecard(FIRST, SECOND)],
    "turned round": [scorecard(SECOND, FIRST, THIRD)],
    "two scorecards": [scorecard(FIRST, THIRD), renamed(scorecard(SECOND), "other")],
    "does not apply": [scorecard(FIRST, applies_to="repo.ci.runs_tests")],
    "none": [],
}

STATES: list[FactState] = [Missing(looked_for="it"), FailedFact(reason=Unknown.STALE, detail="d")]
OBSERVED = st.fixed_dictionaries(
    {},
    optional={
        "repo.readme.bytes": st.sampled_from([0, 1, 500]).map(lambda v: Known(value=v))
        | st.sampled_from(STATES),
        "repo.readme.path": st.sampled_from(["README", ""]).map(lambda v: Known(value=v)),
        "repo.ci.runs_tests": st.booleans().map(lambda v: Known(value=v)) | st.sampled_from(STATES),
    },
)
STEPS = st.lists(st.tuples(st.sampled_from(sorted(CARDS)), OBSERVED), min_size=1, max_size=6)


def emptied(database: Database) -> Database:
    with database.write() as connection:
        for one in reversed(metadata.sorted_tables):
            connection.execute(one.delete())
    save(database, entity("a", spec={"tier": "one"}))
    return database


def observe(database: Database, facts: dict[str, Any], at: datetime) -> None:
    one = record(facts, ref=A, observed_at=at)
    FactRows(database=database).save_facts([one])


def number(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(entities.c.id)).scalar_one())


def asked(cards: Sequence[Scorecard], at: datetime) -> Asked:
    return Asked(rules={card.name: card.version for card in cards}, seq=1 << 40, at=at)


def assess_packed(database: Database, cards: Sequence[Scorecard], at: datetime) -> None:
    """Stored facts to stored results, as the worker does it."""
    assessor, id_ = Assessor(cards, SCHEMAS), number(database)
    with database.write() as connection:
        body = connection.execute(select(entities.c.body)).scalar_one()
        facts = stored_for(connection, [id_]).get(id_, [])
        packed = assessor.pack(body, facts, now=at)
        kept = {one.digest: layout_to_json(one) for one in assessor.layouts.values()}
        layouts.keep(connection, kept)
        results.save(connection, {id_: packed}, at=at, asked=asked(cards, at))


def assess_in_words(database: Database, cards: Sequence[Scorecard], at: datetime) -> None:
    rows = ResultRows(database=database)
    (one,) = rows.assessable([number(database)])
    said = Assessor(cards, SCHEMAS).assess(one, now=at)
    rows.save_results([one.id], said, asked=asked(cards, at))


def stored(database: Database) -> tuple[StoredResult, ...]:
    id_ = number(database)
    with database.read() as connection:
        return results.for_entity(connection, id_)


def told(database: Database) -> list[tuple[Any, ...]]:
    """The past, in words, with what was said at each transition."""
    id_, found = number(database), []
    with database.read() as connection:
        for name in ("sample", "other"):
            for move in result_history.moves(connection, [id_], name).items:
                one = move.transition
                found.append((name, one.at, one.reason, one.stand, move.changes, move.said))
    return found


@given(STEPS)
def test_packed_results_are_those_that_are_written_out(
    pair: list[Database], steps: list[tuple[str, dict[str, Any]]]
) -> None:
    answers = []
    for database in pair:
        for assess in (assess_packed, assess_in_words):
            emptied(database)
            seen = []
            for hour, (cards, facts) in enumerate(steps):
                at = NOW + timedelta(hours=hour)
                observe(database, facts, at)
                assess(database, CARDS[cards], at)
                seen.append(
                    [(one.since, replace(one.result, evaluated_at=NOW)) for one in stored(database)]
                )
            answers.append((seen, told(database)))
    assert all(one == answers[0] for one in answers[1:])


def test_every_past_result_can_be_made_again(database: Database) -> None:
    save(database, entity("a", spec={"tier": "one"}))
    for hour, bytes_ in enumerate([0, 500, 1]):
        at = NOW + timedelta(hours=hour)
        observe(database, {"repo.readme.bytes": bytes_, "repo.ci.runs_tests": True}, at)
        assess_packed(database, CARDS["turned round"], at)
    with database.read() as connection:
        items = result_history.moves(connection, [number(database)], "sample").items
        assert len(items) == 3
        for move in items:
            basis = result_history.basis_of(connection, move.transition)
            assert basis is not None
            assert move.transition.stand is not None
            again = recompute(basis, CARDS["turned round"][0], SCHEMAS)
            assert mismatches(move.transition.stand, again) == {}


def test_assessing_again_writes_nothing(database: Database) -> None:
    save(database, entity("a", spec={"tier": "one"}))
    observe(database, {"repo.readme.bytes": 500}, NOW)
    counted = []
    for hour in range(3):
        assess_packed(database, CARDS["two scorecards"], NOW + timedelta(hours=hour))
        with database.read() as connection:
            tables = (result_table, transitions, layout_table)
            counts = [select(func.count()).select_from(table) for table in tables]
            counted.append([connection.execute(one).scalar_one() for one in counts])
    assert counted == [[2, 2, 2]] * 3
    assert {one.result.evaluated_at for one in stored(database)} == {NOW}


def test_only_the_scorecards_that_are_asked_are_replaced(database: Database) -> None:
    save(database, entity("a", spec={"tier": "one"}))
    observe(database, {"repo.readme.bytes": 500}, NOW)
    assess_packed(database, CARDS["two scorecards"], NOW)
    id_ = number(database)
    with database.write() as connection:
        results.save(connection, {id_: []}, at=NOW, cards=["other"])
    assert [one.result.scorecard for one in stored(database)] == ["sample"]
    with database.write() as connection:
        results.save(connection, {id_: []}, at=NOW)
    assert stored(database) == ()
