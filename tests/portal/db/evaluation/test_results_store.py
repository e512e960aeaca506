from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from catalog.errors import QueryError
from portal.db.engine import Database
from portal.db.evaluation import results
from portal.db.evaluation.results import Distribution, StoredResult
from portal.db.state import state_of
from scorecards.facts import FactRecord
from scorecards.results import LETTERS, CheckResult, Outcome, ScorecardResult, outcome_letters
from tests.catalog_rows import NOW, entity, owned, save
from tests.result_rows import FactRows, ResultRows

LATER = NOW + timedelta(days=1)
OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


def said(
    name: str,
    letters: str,
    *,
    scorecard: str = "maturity",
    proven: int = 0,
    possible: int = 0,
    at: datetime = NOW,
    checks: Sequence[str] = "abcdef",
    seen: int = 1,
) -> ScorecardResult:
    return ScorecardResult(
        ref=f"component:default/{name}",
        scorecard=scorecard,
        version="v1",
        proven=proven,
        possible=possible,
        results=tuple(
            CheckResult(
                check=check,
                outcome=OUTCOMES[letter],
                reason="because",
                observed={"x": seen},
                unknown={"y": "stale"},
                leaves=(("x > 1", Outcome.PASS),),
            )
            for check, letter in zip(checks, letters, strict=False)
        ),
        evaluated_at=at,
    )


@pytest.fixture
def rows(database: Database) -> ResultRows:
    save(
        database,
        owned("a", "web"),
        owned("b", "web"),
        owned("c", "pay"),
        entity("d"),
    )
    return ResultRows(database=database)


def ids_of(rows: ResultRows, names: str) -> list[int]:
    found = {one.ref: one.id for one in rows.assessable(range(1, 50))}
    return [found[f"component:default/{name}"] for name in names]


def stored(rows: ResultRows, name: str) -> tuple[StoredResult, ...]:
    (number,) = ids_of(rows, name)
    with rows.database.read() as connection:
        return results.for_entity(connection, number)


def state(rows: ResultRows) -> str:
    with rows.database.read() as connection:
        return state_of(connection)


def test_what_is_assessed_comes_with_its_facts_in_the_order_asked_for(rows: ResultRows) -> None:
    record = FactRecord(
        ref="component:default/b",
        collector="catalog",
        version="1",
        url="",
        revision="",
        observed_at=NOW,
        valid_until=None,
        facts={},
    )
    FactRows(database=rows.database).save_facts([record])
    b, a = ids_of(rows, "ba")
    first, second = rows.assessable([b, 999, a])
    assert (first.id, first.ref, first.records) == (b, "component:default/b", (record,))
    assert (second.id, second.records) == (a, ())
    assert first.body.startswith(b'{"metadata":{')


def test_a_result_comes_back_as_it_was(rows: ResultRows) -> None:
    result = said("a", "pfunxe", proven=1, possible=2)
    rows.save_results(ids_of(rows, "a"), [result])
    (found,) = stored(rows, "a")
    assert found.result == result
    assert found.since == dict.fromkeys("abcdef", NOW)
    (number,) = ids_of(rows, "a")
    with rows.database.read() as connection:
        ((summary,),) = results.summaries(connection, [number, 999]).values()
    assert summary.outcomes == outcome_letters(result)
    assert (summary.passes, summary.fails, summary.unknowns) == (1, 1, 2)
    assert (summary.proven, summary.possible, summary.scorecard) == (1, 2, "maturity")
    assert (summary.version, summary.evaluated_at) == ("v1", NOW)


def test_since_is_kept_as_long_as_the_outcome_is_the_same(rows: ResultRows) -> None:
    rows.save_results(ids_of(rows, "a"), [said("a", "pff")])
    rows.save_results(ids_of(rows, "a"), [said("a", "ppf", at=LATER)])
    (found,) = stored(rows, "a")
    assert found.since == {"a": NOW, "b": LATER, "c": NOW}


def test_since_follows_a_check_to_another_place(rows: ResultRows) -> None:
    rows.save_results(ids_of(rows, "a"), [said("a", "pfu", checks="abc")])
    rows.save_results(ids_of(rows, "a"), [said("a", "upf", checks="cxb", at=LATER)])
    (found,) = stored(rows, "a")
    assert found.since == {"c": NOW, "x": LATER, "b": NOW}


def test_the_same_result_is_not_written_again(rows: ResultRows) -> None:
    rows.save_results(ids_of(rows, "a"), [said("a", "pf")])
    before = state(rows)
    rows.save_results(ids_of(rows, "a"), [said("a", "pf", at=LATER)])
    assert stored(rows, "a")[0].result.evaluated_at == NOW
    assert state(rows) == before
    rows.save_results(ids_of(rows, "a"), [said("a", "pf", at=LATER, seen=2)])
    (found,) = stored(rows, "a")
    assert found.result.evaluated_at == LATER
    assert found.since == {"a": NOW, "b": NOW}
    assert state(rows) != before


def test_a_scorecard_without_a_result_applies_no_more(rows: ResultRows) -> None:
    ids = ids_of(rows, "ab")
    both = [said(name, "p", scorecard=card) for name in "ab" for card in ("maturity", "other")]
    rows.save_results(ids, both)
    rows.save_results(ids[:1], [said("a", "p", scorecard="other")])
    assert [found.result.scorecard for found in stored(rows, "a")] == ["other"]
    assert [found.result.scorecard for found in stored(rows, "b")] == ["maturity", "other"]


def test_results_of_what_is_not_there_are_dropped(rows: ResultRows) -> None:
    rows.save_results([*ids_of(rows, "a"), 999], [said("gone", "p"), said("a", "p")])
    save(rows.database, entity("b"))
    save(rows.database, entity("a"))
    assert stored(rows, "a") == ()


@pytest.fixture
def assessed(rows: ResultRows) -> ResultRows:
    rows.save_results(
        ids_of(rows, "abcd"),
        [
            said("a", "ppf", proven=1, possible=1),
            said("b", "pff", proven=1, possible=2),
            said("c", "ppp", proven=2, possible=2),
            said("d", "uep", proven=0, possible=2),
            said("d", "p", scorecard="other", proven=7, possible=7),
        ],
    )
    return rows


def test_levels_and_checks_are_counted(assessed: ResultRows) -> None:
    with assessed.database.read() as connection:
        assert results.distribution(connection, "maturity", 3) == Distribution(
            proven=(1, 2, 1), possible=(0, 1, 3), total=4
        )
        assert results.distribution(connection, "other", 3).proven == (0, 0, 1)
        assert results.distribution(connection, "nope", 2).total == 0
        counts = results.check_counts(connection, "maturity", 3)
        assert counts == ({"p": 3, "u": 1}, {"p": 2, "f": 1, "e": 1}, {"f": 2, "p": 2})
        assert results.check_counts(connection, "maturity", 4) == ({}, {}, {}, {})


def test_entities_are_listed_by_level_and_by_check(assessed: ResultRows) -> None:
    with assessed.database.read() as connection:

        def names(**asked: int | str) -> list[str]:
            page = results.entities(connection, "maturity", **asked)  # type: ignore[arg-type]
            return [row.name for row, _ in page.items]

        assert names() == ["a", "b", "c", "d"]
        assert names(level=1) == ["a", "b"]
        assert names(check=2, letter="f") == ["a", "b"]
        assert names(check=1, letter="f", level=1) == ["b"]
        assert names(level=9) == []


def test_the_list_has_pages(assessed: ResultRows) -> None:
    with assessed.database.read() as connection:
        first = results.entities(connection, "maturity", limit=3)
        rest = results.entities(connection, "maturity", limit=3, after=first.after)
        assert [row.name for row, _ in first.items] == ["a", "b", "c"]
        assert [(row.name, summary.outcomes) for row, summary in rest.items] == [("d", "uep")]
        assert rest.after is None
        with pytest.raises(QueryError):
            results.entities(connection, "maturity", after="x")


def test_what_needs_attention_comes_worst_first(assessed: ResultRows) -> None:
    with assessed.database.read() as connection:

        def names(*owners: str) -> list[str]:
            found = results.attention(connection, owners, "maturity", 9)
            return [row.name for row, _ in found]

        assert names() == ["b", "a", "d"]
        assert names("group:default/web", "group:default/none") == ["b", "a"]
        assert names("group:default/pay") == []
        assert len(results.attention(connection, (), "maturity", 1)) == 1
