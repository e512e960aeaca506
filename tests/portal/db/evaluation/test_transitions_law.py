"""What follows from any schedule of assessments and removals, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.db.changes.instants import kept_since
from portal.db.engine import Database, utc
from portal.db.evaluation import result_history, results, transitions
from portal.db.tables import entities, evidence, metadata, refs
from portal.db.tables import transitions as table
from scorecards.collection.store import Asked
from scorecards.evaluation.transitions import OUTCOMES, Reason, Stand
from scorecards.facts import FactRecord, Known
from scorecards.results import LETTERS, CheckResult, ScorecardResult
from tests.catalog_rows import NOW, entity, save
from tests.result_rows import FactRows, ResultRows

NAMES = "abc"
CHECKS = {"1": "xyz", "2": "xzw"}

SAID = st.tuples(
    st.sampled_from(["1", "2"]),
    st.text("pfunxe", min_size=3, max_size=3),
    st.integers(0, 2),
    st.integers(0, 2),
)
ASSESSMENT = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["one", "two"])), SAID, max_size=4
)
STEPS = st.lists(
    st.one_of(
        ASSESSMENT.map(lambda given: ("assess", given)),
        st.sets(st.sampled_from(NAMES), min_size=1).map(lambda names: ("serve", names)),
    ),
    min_size=1,
    max_size=8,
)
Step = tuple[str, Any]


def emptied(database: Database) -> Database:
    with database.write() as connection:
        for one in reversed(metadata.sorted_tables):
            connection.execute(one.delete())
    save(database, *(entity(name) for name in NAMES))
    return database


def result(name: str, card: str, said: tuple[str, str, int, int], at: datetime) -> ScorecardResult:
    version, letters, proven, more = said
    return ScorecardResult(
        ref=f"component:default/{name}",
        scorecard=card,
        version=version,
        proven=proven,
        possible=proven + more,
        results=tuple(
            CheckResult(
                check=check,
                outcome=OUTCOMES[letter],
                reason="",
                observed={},
                unknown={},
                leaves=(),
            )
            for check, letter in zip(CHECKS[version], letters, strict=True)
        ),
        evaluated_at=at,
    )


def play(database: Database, steps: list[Step]) -> list[dict[tuple[str, str], Stand]]:
    """Do the steps, one an hour; returns what was stored after each."""
    states = []
    for hour, (what, given_) in enumerate(steps, start=1):
        at = NOW + timedelta(hours=hour)
        if what == "serve":
            save(database, *(entity(name) for name in sorted(given_)), now=at)
        else:
            names = {name for name, _ in given_}
            with database.read() as connection:
                ids = [
                    row.id
                    for row in connection.execute(select(entities.c.id, entities.c.name))
                    if row.name in names
                ]
            found = [result(name, card, said, at) for (name, card), said in given_.items()]
            asked = Asked(rules={"one": "1", "two": "1"}, seq=1 << 40, at=at)
            ResultRows(database=database).save_results(ids, found, asked=asked)
        states.append(stored(database))
    return states


def stored(database: Database) -> dict[tuple[str, str], Stand]:
    """The present results, as they are stored."""
    with database.read() as connection:
        found = connection.execute(select(entities.c.id, entities.c.name)).all()
        names = {row.id: row.name for row in found}
        rows = results.for_entities(connection, names)
    return {
        (names[number], one.result.scorecard): Stand(
            version="",
            seq=0,
            proven=one.result.proven,
            possible=one.result.possible,
            outcomes={said.check: LETTERS[said.outcome] for said in one.result.results},
        )
        for number, of_entity in rows.items()
        for one in of_entity
    }


def told(database: Database, at: datetime) -> dict[tuple[str, str], Stand]:
    """The results of an instant, as the transitions tell them."""
    found = {}
    with database.read() as connection:
        for name in NAMES:
            ref = f"component:default/{name}"
            number = connection.execute(select(refs.c.id).where(refs.c.ref == ref)).scalar_one()
            for past in result_history.results_at(connection, [number], at):
                found[name, past.transition.scorecard] = Stand(
                    version="",
                    seq=0,
                    proven=past.stand.proven,
                    possible=past.stand.possible,
                    outcomes=past.stand.outcomes,
                )
    return found


def count(database: Database, what: Any) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(what)).scalar_one())


@given(STEPS)
def test_replaying_the_transitions_gives_every_result_that_ever_was(
    pair: list[Database], steps: list[Step]
) -> None:
    answers = []
    for database in pair:
        emptied(database)
        states = play(database, steps)
        for hour, state in enumerate(states, start=1):
            assert told(database, NOW + timedelta(hours=hour, minutes=1)) == state
        answers.append(states)
    assert answers[0] == answers[1]


@given(STEPS)
def test_since_replayed_is_since_stored(pair: list[Database], steps: list[Step]) -> None:
    database = emptied(pair[0])
    play(database, steps)
    with database.read() as connection:
        ids = connection.execute(select(entities.c.id)).scalars().all()
        for number, of_entity in results.for_entities(connection, ids).items():
            past = result_history.results_at(connection, [number], NOW + timedelta(days=9))
            told = {found.transition.scorecard: found.since for found in past}
            assert {one.result.scorecard: one.since for one in of_entity} == told


@given(STEPS)
def test_the_same_again_writes_nothing(pair: list[Database], steps: list[Step]) -> None:
    for database in pair[:1]:
        emptied(database)
        play(database, steps)
        before = count(database, table), count(database, evidence)
        state = stored(database)
        again = {
            key: (
                "1" if "".join(one.outcomes) == CHECKS["1"] else "2",
                "".join(one.outcomes.values()),
                one.proven,
                one.possible - one.proven,
            )
            for key, one in state.items()
        }
        play(database, [("assess", again)] * 3)
        assert (count(database, table), count(database, evidence)) == before


@given(STEPS, st.integers(0, 9))
def test_pruning_leaves_what_came_after_as_it_was(
    pair: list[Database], steps: list[Step], hour: int
) -> None:
    for database in pair:
        emptied(database)
        states = play(database, steps)
        before = NOW + timedelta(hours=hour)
        with database.write() as connection:
            while transitions.prune(connection, before, limit=2):
                pass
        for n, state in enumerate(states, start=1):
            if n >= hour:
                assert told(database, NOW + timedelta(hours=n, minutes=1)) == state
        with database.read() as connection:
            ends = connection.execute(select(table.c.until)).scalars().all()
            assert all(end is None or (utc(end) or NOW) >= before for end in ends)
            kept = connection.execute(select(evidence.c.id)).scalars().all()
            used = connection.execute(select(table.c.said_id, table.c.facts_id)).all()
            assert set(kept) == {number for row in used for number in row} - {None}


@pytest.fixture
def rows(database: Database) -> ResultRows:
    save(database, *(entity(name) for name in NAMES))
    return ResultRows(database=database)


def test_storage_grows_with_transitions_and_not_with_runs(rows: ResultRows) -> None:
    ids = [one.id for one in rows.assessable(range(1, 50))]
    for day in range(40):
        at = NOW + timedelta(days=day)
        letters = "pff" if day < 20 else "ppf"
        found = [result(name, "one", ("1", letters, 0, day % 2), at) for name in NAMES]
        steady = [result(name, "two", ("1", letters, 0, 0), at) for name in NAMES]
        rows.save_results(ids, [*found, *steady])
    # Levels of the first went up and down each day; the second one changed once.
    assert count(rows.database, table) == 3 * 40 + 3 * 2
    assert count(rows.database, evidence) == 2  # what was said, twice, of whomever


def test_facts_that_change_nothing_are_kept_once(rows: ResultRows) -> None:
    (a,) = [one.id for one in rows.assessable(range(1, 50)) if one.ref.endswith("/a")]
    for day in range(20):
        at = NOW + timedelta(days=day)
        record = FactRecord(
            ref="component:default/a",
            collector="repo",
            version="1",
            url="",
            revision=str(day),
            observed_at=at,
            valid_until=None,
            facts={"repo.x": Known(value=day)},
        )
        FactRows(database=rows.database).save_facts([record])
        rows.save_results([a], [result("a", "one", ("1", "pfu", 0, 1), at)])
    assert count(rows.database, table) == 1
    assert count(rows.database, evidence) == 1  # the facts of the first day


def test_reasons_tell_what_made_a_result_begin_and_end(rows: ResultRows) -> None:
    (a,) = [one.id for one in rows.assessable(range(1, 50)) if one.ref.endswith("/a")]
    steps: list[tuple[dict[str, str], list[tuple[str, str]], Reason]] = [
        ({"one": "1"}, [("one", "1")], Reason.ENTITY),
        ({"one": "1", "two": "1"}, [("one", "1"), ("two", "1")], Reason.RULES),
        ({"one": "1", "two": "1"}, [("one", "1")], Reason.FACTS),
        ({"one": "1", "two": "1"}, [("one", "1"), ("two", "1")], Reason.FACTS),
        ({"one": "1"}, [("one", "1")], Reason.RULES),
    ]
    for day, (rules, cards, _) in enumerate(steps, start=1):
        at = NOW + timedelta(days=day)
        # Something else is observed each day, so that results are found each day.
        found = [result("a", card, (version, "pfu", 0, 1), at) for card, version in cards]
        rows.save_results([a], found, asked=Asked(rules=rules, seq=1 << 40, at=at))
    with rows.database.read() as connection:
        reasons = connection.execute(select(table.c.reason).order_by(table.c.id)).scalars().all()
    assert reasons[:3] == [Reason.ENTITY, Reason.RULES, Reason.FACTS]
    assert reasons[-1] == Reason.RULES
    save(rows.database, entity("b"))
    with rows.database.read() as connection:
        last = connection.execute(select(table).order_by(table.c.id.desc()).limit(1)).one()
    assert (last.entity_id, last.reason, last.outcomes) == (a, Reason.ENTITY, None)


def test_what_changed_since_it_was_read_is_left_for_the_next_round(rows: ResultRows) -> None:
    ids = [one.id for one in rows.assessable(range(1, 50))]
    found = [result(name, "one", ("1", "ppp", 0, 0), NOW) for name in NAMES]
    rows.save_results(ids, found, asked=Asked(rules={"one": "1"}, seq=0, at=NOW))
    assert stored(rows.database) == {}
    assert count(rows.database, table) == 0


def test_pruning_says_since_when_the_past_is_whole(rows: ResultRows) -> None:
    ids = [one.id for one in rows.assessable(range(1, 50))]
    for day, letters in enumerate(("ppp", "pfp", "ppp")):
        at = NOW + timedelta(days=day)
        rows.save_results(ids, [result("a", "one", ("1", letters, 0, 0), at)])
    before = NOW + timedelta(days=1, hours=1)
    with rows.database.write() as connection:
        assert transitions.prune(connection, NOW) == 0
        assert kept_since(connection) is None
        assert transitions.prune(connection, before) > 0
        assert kept_since(connection) == before


def test_the_facts_of_a_transition_are_kept_with_where_they_came_from(rows: ResultRows) -> None:
    record = FactRecord(
        ref="component:default/a",
        collector="repo",
        version="1",
        url="https://git.example.com/a",
        revision="0a1b",
        observed_at=NOW,
        valid_until=NOW + timedelta(days=1),
        facts={"repo.x": Known(value=1, path="README.md", line=3)},
    )
    FactRows(database=rows.database).save_facts([record])
    (a,) = [one.id for one in rows.assessable(range(1, 50)) if one.ref.endswith("/a")]
    rows.save_results([a], [result("a", "one", ("1", "pfu", 0, 1), NOW)])
    FactRows(database=rows.database).save_facts(
        [FactRecord(**{name: getattr(record, name) for name in record.__slots__} | {"facts": {}})]
    )
    with rows.database.read() as connection:
        (past,) = result_history.results_at(connection, [a], NOW)
        basis = result_history.basis_of(connection, past.transition)
    assert basis is not None
    assert basis.records == (record,)
    assert (basis.ref, basis.at) == ("component:default/a", NOW)
    assert orjson.loads(basis.body)["metadata"]["name"] == "a"
