"""The life of a campaign, how entities stand in it, and whom it reminds."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.problems import Problem
from scorecards.people.campaigning import Changed, change, move, plan
from scorecards.people.campaigns import (
    NEXT,
    Campaign,
    Checks,
    Milestone,
    Plan,
    Reach,
    Reminder,
    Standing,
    State,
    Step,
    Tally,
    goal_indexes,
    ideal,
    mileposts,
    reminders,
    settled,
    standing,
    tally,
)
from tests.scorecards.scorecard_samples import NOW, check, scorecard

CARD = scorecard(
    check("repo.readme.bytes > 0", level="Managed"),
    check("repo.ci.runs_tests", level="Defined"),
    check("test.coverage > 0.5", level="Optimizing"),
)
CARDS = {"sample": CARD}
PLAN = Plan(
    title="Everyone tests",
    description="",
    owner="group:default/platform",
    scorecard="sample",
    goal=Checks(ids=("check-1",)),
    filter="kind=component",
    starts_on=date(2026, 3, 10),
    target_on=date(2026, 6, 10),
    milestones=(Milestone(title="Half", on=date(2026, 4, 20), share=0.5),),
    remind_every=timedelta(days=7),
)


def planned(**changes: object) -> Campaign:
    made = plan("tests", replace(PLAN, **changes), CARDS, actor="may", now=NOW)  # type: ignore[arg-type]
    assert isinstance(made, Campaign), made
    return made


def in_state(state: State) -> Campaign:
    before = {
        State.PLANNED: [],
        State.ACTIVE: [],
        State.ENDED: [State.ACTIVE],
        State.ARCHIVED: [State.ACTIVE, State.ENDED],
        State.CANCELLED: [],
    }[state]
    names = [*before, state] if state is not State.PLANNED else []
    return replace(
        planned(),
        steps=(*planned().steps, *(Step(state=name, actor="may", at=NOW) for name in names)),
    )


ALLOWED = {
    (State.PLANNED, State.ACTIVE),
    (State.PLANNED, State.CANCELLED),
    (State.ACTIVE, State.ENDED),
    (State.ACTIVE, State.CANCELLED),
    (State.ENDED, State.ARCHIVED),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("to", State)
def test_every_move_in_every_state(state: State, to: State) -> None:
    before = in_state(state)
    after = move(before, to, actor="bob", now=NOW, reason="because")
    if (state, to) in ALLOWED:
        assert isinstance(after, Campaign)
        assert after.steps[:-1] == before.steps
        assert after.steps[-1] == Step(state=to, actor="bob", at=NOW, reason="because")
    else:
        assert isinstance(after, Problem)
        assert (after.code, after.found) == ("CAMPAIGN_STATE", state.value)


@pytest.mark.parametrize("state", State)
def test_a_plan_changes_only_before_the_end(state: State) -> None:
    after = change(in_state(state), replace(PLAN, title="Other"), CARDS)
    if state in (State.PLANNED, State.ACTIVE):
        assert isinstance(after, Campaign)
        assert (after.plan.title, after.edits) == ("Other", 1)
    else:
        assert isinstance(after, Problem)


@pytest.mark.parametrize("state", State)
def test_a_planned_one_begins_on_its_day_and_no_other_moves_by_itself(state: State) -> None:
    before = in_state(state)
    assert settled(before, now=NOW + timedelta(days=8)) == before
    after = settled(before, now=NOW + timedelta(days=9))
    if state is State.PLANNED:
        assert (after.state, after.steps[-1].actor) == (State.ACTIVE, "")
    else:
        assert after == before


@given(st.lists(st.sampled_from(State), max_size=8))
def test_whatever_is_tried_a_life_is_one_of_the_lives(tries: list[State]) -> None:
    campaign = planned()
    for to in tries:
        done: Changed = move(campaign, to, actor="x", now=NOW)
        campaign = done if isinstance(done, Campaign) else campaign
    states = [step.state for step in campaign.steps]
    assert states[0] is State.PLANNED
    for before, after in itertools.pairwise(states):
        assert after in NEXT[before]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scorecard": "nope"}, "/scorecard"),
        ({"goal": Checks(ids=("check-1", "nope"))}, "/checks"),
        ({"goal": Reach(level="Gold")}, "/level"),
        ({"goal": Reach(level="Initial")}, "/level"),
        ({"target_on": PLAN.starts_on}, "/targetOn"),
        ({"milestones": (Milestone(title="x", on=date(2027, 1, 1), share=1),)}, "/milestones/0/on"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_its_place(
    changes: dict[str, object], pointer: str
) -> None:
    refused = plan("x", replace(PLAN, **changes), CARDS, actor="", now=NOW)  # type: ignore[arg-type]
    assert isinstance(refused, Problem)
    assert (refused.code, refused.pointer) == ("CAMPAIGN_PLAN", pointer)


def test_a_level_stands_for_every_check_at_it_or_below() -> None:
    assert goal_indexes(Reach(level="Defined"), CARD) == (0, 1)
    assert goal_indexes(Reach(level="Optimizing"), CARD) == (0, 1, 2)
    assert goal_indexes(Reach(level="Gone"), CARD) == ()
    assert goal_indexes(Checks(ids=("check-2", "gone", "check-0")), CARD) == (0, 2)


@pytest.mark.parametrize(
    ("letters", "stands"),
    [
        ("pp", Standing.DONE),
        ("pf", Standing.OPEN),
        ("uf", Standing.OPEN),
        ("pu", Standing.UNKNOWN),
        ("pe", Standing.UNKNOWN),
        ("px", Standing.DONE),
        ("xf", Standing.OPEN),
        ("xu", Standing.UNKNOWN),
        ("xx", Standing.EXCUSED),
        ("xn", Standing.EXCUSED),
    ],
)
def test_an_exempt_check_is_never_what_makes_an_entity_done(letters: str, stands: Standing) -> None:
    assert standing("f" + letters, (1, 2)) is stands
    assert standing(letters[::-1], (0, 1)) is stands


def test_tallies_add_up_and_leave_the_excused_out_of_the_share() -> None:
    one = tally([Standing.DONE, Standing.OPEN, Standing.UNKNOWN, Standing.DONE, Standing.EXCUSED])
    assert one == Tally(done=2, open=1, unknown=1, excused=1)
    assert (one.counted, one.share) == (4, 0.5)
    assert one + Tally(open=1) == Tally(done=2, open=2, unknown=1, excused=1)
    assert Tally(excused=3).share is None


def test_the_ideal_way_goes_evenly_from_the_first_day_to_none() -> None:
    first = Tally(done=10, open=80, unknown=12)
    assert ideal(PLAN, first, PLAN.starts_on - timedelta(days=3)) == 92
    assert ideal(PLAN, first, PLAN.starts_on) == 92
    assert ideal(PLAN, first, PLAN.starts_on + timedelta(days=46)) == 46
    assert ideal(PLAN, first, PLAN.target_on) == 0
    assert ideal(PLAN, first, PLAN.target_on + timedelta(days=3)) == 0


def test_a_milestone_is_reached_on_the_first_day_that_has_its_share() -> None:
    days = {
        date(2026, 4, 1): Tally(done=1, open=3),
        date(2026, 4, 18): Tally(done=2, open=2),
        date(2026, 4, 19): Tally(done=1, open=3),
    }
    (post,) = mileposts(PLAN, days, date(2026, 4, 19))
    assert (post.reached_on, post.is_late) == (date(2026, 4, 18), False)
    (post,) = mileposts(PLAN, {}, date(2026, 4, 20))
    assert (post.reached_on, post.is_late) == (None, False)
    (post,) = mileposts(PLAN, {}, date(2026, 4, 21))
    assert post.is_late
    (post,) = mileposts(PLAN, {date(2026, 5, 1): Tally(done=1)}, date(2026, 5, 2))
    assert (post.reached_on, post.is_late) == (date(2026, 5, 1), True)


def test_owners_with_something_open_are_reminded_each_interval_once() -> None:
    begun = in_state(State.ACTIVE)
    stand = {"b": Tally(open=2), "a": Tally(open=1, done=9), "c": Tally(unknown=5), "d": Tally()}

    def due(after: timedelta) -> tuple[Reminder, ...]:
        return reminders(begun, stand, now=NOW + after)

    assert due(timedelta(days=6, hours=23)) == ()
    assert [(r.owner, r.number, r.open) for r in due(timedelta(days=7))] == [
        ("a", 1, 1),
        ("b", 1, 2),
    ]
    assert {r.number for r in due(timedelta(days=13))} == {1}
    assert {r.number for r in due(timedelta(days=14))} == {2}
    for state in set(State) - {State.ACTIVE}:
        assert reminders(in_state(state), stand, now=NOW + timedelta(days=30)) == ()
    silent = replace(begun, plan=replace(PLAN, remind_every=None))
    assert reminders(silent, stand, now=NOW + timedelta(days=30)) == ()
