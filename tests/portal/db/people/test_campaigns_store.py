"""Campaigns in the store: plans, steps, days, and how entities stand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.db.engine import Database
from portal.db.people import campaigns as store
from portal.db.people import standings
from scorecards.people.campaigns import (
    Campaign,
    Checks,
    Milestone,
    Plan,
    Reach,
    State,
    Step,
    Tally,
)
from scorecards.results import LETTERS, CheckResult, ScorecardResult
from scorecards.rules import Leaf
from scorecards.scorecard import Check, Level, Scorecard
from tests.catalog_rows import NOW, entity, owned, save
from tests.result_rows import ResultRows

OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}
WEB, PAY = "group:default/web", "group:default/pay"
PLAN = Plan(
    title="Everyone tests",
    description="*Now*",
    owner=WEB,
    scorecard="maturity",
    goal=Checks(ids=("b",)),
    filter="kind=component,spec.type=service",
    starts_on=date(2026, 3, 2),
    target_on=date(2026, 6, 1),
    milestones=(Milestone(title="Half", on=date(2026, 4, 1), share=0.5),),
    remind_every=timedelta(days=7),
)


def card() -> Scorecard:
    def one(name: str, level: int) -> Check:
        return Check(
            id=name, title=name, category="", level=level, rule=Leaf(expression="x"),
            applies_to=None, applies_because="", observe=(), expected="", why="", fix="",
            effort="hours", weight=1, links=(),
        )  # fmt: skip

    return Scorecard(
        name="maturity", title="", description="", owner="",
        levels=(Level(name="Floor"), Level(name="One"), Level(name="Two")),
        applies_to=None, applies_because="", checks=(one("a", 1), one("b", 1), one("c", 2)),
        file="", version="v",
    )  # fmt: skip


def planned(name: str = "tests", **changes: object) -> Campaign:
    fields = {field: getattr(PLAN, field) for field in PLAN.__dataclass_fields__}
    step = Step(state=State.PLANNED, actor="may", at=NOW, reason="")
    return Campaign(name=name, plan=Plan(**fields | changes), steps=(step,))  # type: ignore[arg-type]


def put(database: Database, *campaigns: Campaign) -> None:
    with database.write() as connection:
        for one in campaigns:
            store.put(connection, one)


@pytest.fixture
def filled(database: Database) -> Database:
    service = {"type": "service"}
    save(
        database,
        owned("done", "web", spec=service),
        owned("open", "web", spec=service),
        entity(
            "shared",
            spec=service,
            relations=[("ownedBy", WEB, "ownerOf"), ("ownedBy", PAY, "ownerOf")],
        ),
        entity("alone", spec=service),
        owned("site", "pay", spec={"type": "website"}),
        owned("old", "pay", spec=service),
    )
    found = ResultRows(database=database).assessable(range(1, 60))
    letters = {
        "done": "fpf",
        "open": "pfp",
        "shared": "ppu",
        "alone": "xxx",
        "site": "fff",
        "old": "p",
    }
    results = [
        ScorecardResult(
            ref=f"component:default/{name}", scorecard="maturity", version="v", proven=0,
            possible=0, evaluated_at=NOW,
            results=tuple(
                CheckResult(check=check, outcome=OUTCOMES[letter], reason="", observed={},
                            unknown={}, leaves=())
                for check, letter in zip("abc", text, strict=False)
            ),
        )
        for name, text in letters.items()
    ]  # fmt: skip
    ResultRows(database=database).save_results([one.id for one in found], results)
    return database


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"goal": Reach(level="Two"), "milestones": (), "remind_every": None, "filter": ""},
    ],
)
def test_a_campaign_comes_back_as_it_was(database: Database, changes: dict[str, object]) -> None:
    one = planned(**changes)
    put(database, one)
    with database.read() as connection:
        assert store.find(connection, "tests", now=NOW) == one
        assert store.find(connection, "nope", now=NOW) is None


def test_a_campaign_begins_on_its_day(database: Database) -> None:
    put(database, planned(), planned("later", starts_on=date(2026, 5, 1)))
    with database.write() as connection:
        assert store.begin(connection, now=NOW) == 0
        assert store.begin(connection, now=NOW + timedelta(days=1)) == 1
        assert store.begin(connection, now=NOW + timedelta(days=1)) == 0
        (begun,) = store.in_states(connection, [State.ACTIVE], now=NOW)
    assert begun.name == "tests"
    assert [step.state for step in begun.steps] == [State.PLANNED, State.ACTIVE]


def test_campaigns_are_listed_by_name_and_state_in_pages(database: Database) -> None:
    put(database, *(planned(name, starts_on=date(2026, 5, 1)) for name in ("b", "c", "a")))
    with database.read() as connection:

        def names(after: str | None, *states: State) -> tuple[list[str], str | None]:
            page = store.list_campaigns(connection, states=states, after=after, limit=2, now=NOW)
            return [one.name for one in page.items], page.after

        assert names(None, State.PLANNED) == (["a", "b"], "b")
        assert names("b", State.PLANNED, State.ENDED) == (["c"], None)
        assert names(None, State.ENDED) == ([], None)


def test_the_last_look_of_a_day_is_kept_and_goes_with_the_campaign(database: Database) -> None:
    put(database, planned(), planned("other"))
    today, tomorrow = date(2026, 3, 2), date(2026, 3, 3)
    with database.write() as connection:
        for day, done in ((tomorrow, 3), (today, 1), (today, 2)):
            store.keep_day(connection, "tests", day, Tally(done=done, open=9))
        store.keep_day(connection, "other", today, Tally())
        assert list(store.days(connection, "tests").items()) == [
            (today, Tally(done=2, open=9)),
            (tomorrow, Tally(done=3, open=9)),
        ]
        store.drop(connection, "tests")
        assert store.days(connection, "tests") == {}
        assert store.find(connection, "tests", now=NOW) is None
        assert store.find(connection, "other", now=NOW) is not None


def test_entities_are_counted_once_in_all_and_for_each_of_their_owners(filled: Database) -> None:
    with filled.read() as connection:
        said = standings.progress(connection, card(), PLAN)
    assert said.total == Tally(done=2, open=1, excused=1)
    assert said.by_owner == {
        "": Tally(excused=1),
        PAY: Tally(done=1),
        WEB: Tally(done=2, open=1),
    }


def test_a_level_asks_for_all_its_checks_and_no_filter_asks_everybody(filled: Database) -> None:
    with filled.read() as connection:
        everyone = planned(filter="").plan
        assert standings.progress(connection, card(), everyone).total == Tally(
            done=2, open=2, excused=1
        )
        level = planned(goal=Reach(level="Two")).plan
        assert standings.progress(connection, card(), level).total == Tally(
            open=2, unknown=1, excused=1
        )
