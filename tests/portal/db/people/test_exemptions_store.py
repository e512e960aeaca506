"""Exemptions in the store: their steps, whom they cover, what they cost, and that they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from catalog.errors import QueryError
from catalog.problems import Problem
from portal.db.engine import Database
from portal.db.people import exemptions as store
from portal.db.people.exemption_lists import Wanted, list_exemptions
from portal.db.people.spending import owners_of, spendings
from portal.db.tables import unassessed
from portal.db.work import rounds
from scorecards.people.exempting import approve, request, revoke
from scorecards.people.exemptions import (
    Actor,
    Budget,
    Exemption,
    Ground,
    Matching,
    OneEntity,
    Policy,
    Reason,
    Scope,
    State,
)
from scorecards.results import CheckResult, Outcome, ScorecardResult
from tests.catalog_rows import NOW, entity, owned, save
from tests.result_rows import ResultRows

MAY, BOB = Actor(name="user:default/may"), Actor(name="user:default/bob")
POLICY = Policy()
MONTH = timedelta(days=30)
A = OneEntity(ref="component:default/a")
SERVICES = Matching(filter="kind=component,spec.type=service")


def result(name: str, scorecard: str = "maturity") -> ScorecardResult:
    said = CheckResult(
        check="readme", outcome=Outcome.FAIL, reason="", observed={}, unknown={}, leaves=()
    )
    return ScorecardResult(
        ref=f"component:default/{name}",
        scorecard=scorecard,
        version="v1",
        proven=0,
        possible=0,
        results=(said,),
        evaluated_at=NOW,
    )


@pytest.fixture
def filled(database: Database) -> Database:
    save(
        database,
        owned("a", "web", spec={"type": "service"}),
        owned("b", "web", spec={"type": "service"}),
        owned("c", "pay", spec={"type": "website"}),
        entity("d", spec={"type": "service"}),
        entity("unjudged", spec={"type": "service"}),
    )
    ids = [number for number, _ in numbers(database)]
    ResultRows(database=database).save_results(ids, [result(name) for name in "abcd"])
    answer(database)
    return database


def numbers(database: Database) -> list[tuple[int, str]]:
    found = ResultRows(database=database).assessable(range(1, 60))
    return [(one.id, one.ref.rpartition("/")[2]) for one in found]


def answer(database: Database) -> None:
    with database.write() as connection:
        connection.execute(delete(unassessed))


def marked(database: Database) -> set[str]:
    names = dict(numbers(database))
    with database.read() as connection:
        due = rounds.next_due(connection, limit=100)
    return set() if due is None else {names[number] for number in due.seqs}


def ask(
    database: Database, whom: OneEntity | Matching = A, *, check: str | None = "readme"
) -> Exemption:
    with database.write() as connection:
        made = request(
            id=store.free_id(connection),
            scope=Scope(scorecard="maturity", check=check, whom=whom),
            reason=Reason(ground=Ground.COMPENSATED, text="why", compensated_by="a wiki"),
            expires_at=NOW + MONTH,
            actor=MAY,
            policy=POLICY,
            now=NOW,
        )
        assert isinstance(made, Exemption)
        store.put(connection, made)
    return made


def grant(database: Database, whom: OneEntity | Matching = A) -> Exemption:
    asked = ask(database, whom)
    done = approve(asked, actor=BOB, policy=POLICY, spendings=(), now=NOW, reason="fine")
    assert isinstance(done, Exemption)
    with database.write() as connection:
        store.put(connection, done)
    return done


def names_granted(database: Database, *, later: timedelta = timedelta(0)) -> set[str]:
    names = dict(numbers(database))
    with database.read() as connection:
        return {names[n] for n in store.grants(connection, list(names), now=NOW + later)}


def test_an_exemption_comes_back_as_it_was_with_every_step(filled: Database) -> None:
    asked, granted = ask(filled, SERVICES, check=None), grant(filled)
    with filled.read() as connection:
        assert store.find(connection, asked.id, now=NOW) == asked
        assert store.find(connection, granted.id, now=NOW) == granted
        assert store.find(connection, 99, now=NOW) is None
    assert [step.state for step in granted.steps] == [State.REQUESTED, State.APPROVED]


def test_whom_it_covers_is_marked_when_it_begins_and_when_it_ends(filled: Database) -> None:
    ask(filled, SERVICES)
    assert marked(filled) == set()
    granted = grant(filled, SERVICES)
    assert marked(filled) == {"a", "b", "d"}
    answer(filled)
    ended = revoke(granted, actor=BOB, policy=POLICY, now=NOW, reason="mended")
    assert isinstance(ended, Exemption)
    with filled.write() as connection:
        store.put(connection, ended)
    assert marked(filled) == {"a", "b", "d"}
    assert names_granted(filled) == set()


def test_it_ends_by_itself_and_marks_whom_it_covered(filled: Database) -> None:
    granted = grant(filled)
    answer(filled)
    with filled.write() as connection:
        just_before = granted.expires_at - timedelta(seconds=1)
        assert not store.has_due(connection, now=just_before)
        assert store.expire(connection, now=just_before) == 0
        assert store.has_due(connection, now=granted.expires_at)
        assert store.expire(connection, now=granted.expires_at) == 1
        assert store.expire(connection, now=granted.expires_at) == 0
    assert marked(filled) == {"a"}
    with filled.read() as connection:
        found = store.find(connection, granted.id, now=NOW)
    assert found is not None
    assert [step.state for step in found.steps][-1] is State.EXPIRED


def test_one_that_has_ended_holds_no_longer_even_before_that_is_written(filled: Database) -> None:
    granted = grant(filled)
    assert names_granted(filled) == {"a"}
    assert names_granted(filled, later=MONTH) == set()
    with filled.read() as connection:
        found = store.find(connection, granted.id, now=NOW + MONTH)
    assert found is not None
    assert found.state is State.EXPIRED


def test_a_filter_covers_what_it_matches_at_the_time_of_asking(filled: Database) -> None:
    grant(filled, SERVICES)
    assert names_granted(filled) == {"a", "b", "d", "unjudged"}
    save(filled, owned("a", "web", spec={"type": "library"}), owned("e", "web"))
    assert "a" not in names_granted(filled)


def test_both_kinds_of_grants_meet_on_one_entity(filled: Database) -> None:
    first, second = grant(filled), grant(filled, SERVICES)
    (number,) = [number for number, name in numbers(filled) if name == "a"]
    with filled.read() as connection:
        found = store.grants(connection, [number], now=NOW)
    assert [one.exemption for one in found[number]] == [first.id, second.id]
    assert found[number][0].until == first.expires_at


def test_lists_are_narrowed_and_have_pages(filled: Database) -> None:
    asked, granted, other = ask(filled), grant(filled, SERVICES), ask(filled)
    with filled.read() as connection:

        def ids(wanted: Wanted) -> list[int]:
            return [o.id for o in list_exemptions(connection, wanted, after=None, limit=9).items]

        assert ids(Wanted()) == [other.id, granted.id, asked.id]
        assert ids(Wanted(states=(State.APPROVED,))) == [granted.id]
        assert ids(Wanted(ref=A.ref)) == [other.id, asked.id]
        assert ids(Wanted(scorecard="maturity", check="readme", requested_by=MAY.name)) == (
            ids(Wanted())
        )
        assert ids(Wanted(scorecard="other")) == []
        assert ids(Wanted(requested_by="nobody")) == []
        assert ids(Wanted(expires_before=NOW + MONTH)) == []
        assert ids(Wanted(expires_before=NOW + MONTH + timedelta(seconds=1))) == ids(Wanted())
        first = list_exemptions(connection, Wanted(), after=None, limit=2)
        rest = list_exemptions(connection, Wanted(), after=first.after, limit=2)
        assert [one.id for one in (*first.items, *rest.items)] == ids(Wanted())
        assert rest.after is None
        with pytest.raises(QueryError):
            list_exemptions(connection, Wanted(), after="x", limit=2)


def test_budgets_are_counted_by_scorecard_and_by_owner(filled: Database) -> None:
    grant(filled)
    asked = ask(filled, SERVICES)
    both = replace(POLICY, per_owner=Budget(most=2), per_scorecard=Budget(share=0.5))
    with filled.read() as connection:
        assert spendings(connection, asked, POLICY, now=NOW) == ()
        of_card, of_web = spendings(connection, asked, both, now=NOW)
        assert spendings(connection, asked, both, now=NOW + MONTH)[0].used == 0
    assert (of_card.whose, of_card.used, of_card.added, of_card.population) == ("maturity", 1, 3, 4)
    assert (of_web.whose, of_web.used, of_web.added) == ("group:default/web", 1, 2)
    assert of_web.population == 2
    refused = approve(asked, actor=BOB, policy=both, spendings=(of_card,), now=NOW)
    assert isinstance(refused, Problem)
    assert refused.code == "EXEMPTION_BUDGET"


def test_owners_are_found_for_many_at_once(filled: Database) -> None:
    names = dict(numbers(filled))
    with filled.read() as connection:
        found = owners_of(connection, list(names))
    assert {names[number]: owners for number, owners in found.items()} == {
        "a": ("group:default/web",),
        "b": ("group:default/web",),
        "c": ("group:default/pay",),
    }
