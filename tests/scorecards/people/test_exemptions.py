"""The life of an exemption: every action in every state, and what the configuration allows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from catalog.problems import Problem
from scorecards.people.exempting import Decided, Spending, approve, deny, request, revoke, withdraw
from scorecards.people.exemptions import (
    NEXT,
    Actor,
    Budget,
    Exemption,
    Ground,
    OneEntity,
    Policy,
    Reason,
    Scope,
    State,
    Step,
    settled,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAY, BOB = Actor(name="user:default/may"), Actor(name="user:default/bob")
POLICY = Policy(longest=timedelta(days=90))
SCOPE = Scope(scorecard="maturity", check="readme", whom=OneEntity(ref="component:default/a"))
REASON = Reason(ground=Ground.RISK_ACCEPTED, text="We live with it.")


def asked(**changes: object) -> Decided:
    given = {
        "id": 7,
        "scope": SCOPE,
        "reason": REASON,
        "expires_at": NOW + timedelta(days=30),
        "actor": MAY,
        "policy": POLICY,
        "now": NOW,
    }
    return request(**given | changes)  # type: ignore[arg-type]


def requested(**changes: object) -> Exemption:
    made = asked(**changes)
    assert isinstance(made, Exemption)
    return made


def in_state(state: State) -> Exemption:
    """An exemption that is in this state."""
    made = requested()
    if state is State.REQUESTED:
        return made
    before = [State.APPROVED] if state in (State.REVOKED, State.EXPIRED) else []
    steps = [Step(state=s, actor="x", at=NOW, reason="") for s in [*before, state]]
    return replace(made, steps=(*made.steps, *steps))


ACTIONS: dict[str, tuple[State, Callable[[Exemption, datetime], Decided]]] = {
    "approve": (
        State.APPROVED,
        lambda e, now: approve(e, actor=BOB, policy=POLICY, spendings=(), now=now),
    ),
    "deny": (State.DENIED, lambda e, now: deny(e, actor=BOB, policy=POLICY, now=now, reason="no")),
    "withdraw": (State.WITHDRAWN, lambda e, now: withdraw(e, actor=MAY, now=now)),
    "revoke": (
        State.REVOKED,
        lambda e, now: revoke(e, actor=BOB, policy=POLICY, now=now, reason="no"),
    ),
}

ALLOWED = {
    (State.REQUESTED, "approve"),
    (State.REQUESTED, "deny"),
    (State.REQUESTED, "withdraw"),
    (State.APPROVED, "revoke"),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_in_every_state(state: State, action: str) -> None:
    before, later = in_state(state), NOW + timedelta(days=1)
    target, act = ACTIONS[action]
    after = act(before, later)
    if (state, action) in ALLOWED:
        assert isinstance(after, Exemption)
        assert after.state is target
        assert after.steps[:-1] == before.steps
        assert after.steps[-1].at == later
        assert after.steps[-1].actor in (MAY.name, BOB.name)
    else:
        assert isinstance(after, Problem)
        assert (after.code, after.found) == ("EXEMPTION_STATE", state.value)
        assert after.hint


@pytest.mark.parametrize("state", State)
def test_only_what_was_approved_expires(state: State) -> None:
    before = in_state(state)
    assert settled(before, now=before.expires_at - timedelta(seconds=1)) == before
    after = settled(before, now=before.expires_at)
    assert (after.state is State.EXPIRED) == (state in (State.APPROVED, State.EXPIRED))
    if state is State.APPROVED:
        assert after.steps[-1].at == before.expires_at
        assert after.steps[-1].actor == ""
    assert settled(after, now=before.expires_at + timedelta(days=9)) == after


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_can_be_done_with_one_whose_time_has_come(action: str) -> None:
    before = in_state(State.APPROVED)
    refused = ACTIONS[action][1](before, before.expires_at)
    assert isinstance(refused, Problem)
    assert refused.found == State.EXPIRED


def test_a_request_that_waited_too_long_cannot_be_approved() -> None:
    refused = ACTIONS["approve"][1](requested(), NOW + timedelta(days=31))
    assert isinstance(refused, Problem)
    assert refused.code == "EXEMPTION_EXPIRY"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires_at": NOW}, "EXEMPTION_EXPIRY"),
        ({"expires_at": NOW - timedelta(days=1)}, "EXEMPTION_EXPIRY"),
        ({"expires_at": NOW + timedelta(days=90, seconds=1)}, "EXEMPTION_EXPIRY"),
        ({"reason": Reason(ground=Ground.FALSE_POSITIVE, text=" ")}, "EXEMPTION_REASON"),
        ({"reason": Reason(ground=Ground.COMPENSATED, text="x")}, "EXEMPTION_REASON"),
        (
            {"reason": Reason(ground=Ground.RISK_ACCEPTED, text="x", compensated_by="y")},
            "EXEMPTION_REASON",
        ),
    ],
)
def test_a_request_says_what_is_wrong_with_it(changes: dict[str, object], code: str) -> None:
    refused = asked(**changes)
    assert isinstance(refused, Problem)
    assert refused.code == code
    assert refused.pointer


def test_the_longest_expiry_and_a_compensation_are_fine() -> None:
    requested(expires_at=NOW + POLICY.longest)
    requested(reason=Reason(ground=Ground.COMPENSATED, text="x", compensated_by="a firewall"))


def code_of(decided: Decided) -> str:
    return decided.code if isinstance(decided, Problem) else ""


def test_who_asks_may_approve_only_where_the_configuration_says_so() -> None:
    def own(policy: Policy) -> str:
        return code_of(approve(requested(), actor=MAY, policy=policy, spendings=(), now=NOW))

    assert own(POLICY) == "EXEMPTION_OWN"
    assert own(replace(POLICY, self_approval=True)) == ""


def test_only_approvers_decide_and_a_group_decides_by_its_members() -> None:
    policy = replace(POLICY, approvers=("group:default/platform",))
    member = replace(BOB, groups=("group:default/platform",))
    assert code_of(deny(requested(), actor=BOB, policy=policy, now=NOW, reason="no")) == (
        "EXEMPTION_NOT_AN_APPROVER"
    )
    assert code_of(deny(requested(), actor=member, policy=policy, now=NOW, reason="no")) == ""
    assert code_of(approve(requested(), actor=BOB, policy=policy, spendings=(), now=NOW)) == (
        "EXEMPTION_NOT_AN_APPROVER"
    )
    held = in_state(State.APPROVED)
    assert code_of(revoke(held, actor=BOB, policy=policy, now=NOW, reason="no")) == (
        "EXEMPTION_NOT_AN_APPROVER"
    )


def test_a_request_is_withdrawn_by_who_made_it_and_nobody_else() -> None:
    assert code_of(withdraw(requested(), actor=BOB, now=NOW)) == "EXEMPTION_NOT_YOURS"


@pytest.mark.parametrize(
    ("budget", "used", "added", "population", "fits"),
    [
        (Budget(), 1000, 1000, 10, True),
        (Budget(most=3), 2, 1, 10, True),
        (Budget(most=3), 3, 1, 10, False),
        (Budget(most=3), 9, 0, 10, True),
        (Budget(most=0), 0, 1, 10, False),
        (Budget(share=0.1), 0, 1, 10, True),
        (Budget(share=0.1), 1, 1, 10, False),
        (Budget(share=0.1), 0, 1, 9, False),
        (Budget(share=0.29), 28, 1, 100, True),
        (Budget(share=0.29), 29, 1, 100, False),
        (Budget(share=0.58), 0, 29, 50, True),
        (Budget(most=5, share=0.1), 0, 2, 10, False),
    ],
)
def test_a_budget_is_not_overspent(
    budget: Budget, used: int, added: int, population: int, fits: bool
) -> None:
    spending = Spending(
        whose="group:default/web", budget=budget, used=used, added=added, population=population
    )
    done = approve(requested(), actor=BOB, policy=POLICY, spendings=(spending,), now=NOW)
    assert code_of(done) == ("" if fits else "EXEMPTION_BUDGET")


class Life(RuleBasedStateMachine):
    """Whatever is tried in whatever order and at whatever time, a life is one of the lives."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.exemption = requested()
        self.seen = self.exemption.steps

    @rule(action=st.sampled_from(sorted(ACTIONS)))
    def act(self, action: str) -> None:
        self._take(ACTIONS[action][1](self.exemption, self.now))

    @rule(action=st.sampled_from(sorted(ACTIONS)))
    def act_on_what_is_settled(self, action: str) -> None:
        self._take(ACTIONS[action][1](settled(self.exemption, now=self.now), self.now))

    @rule(hours=st.integers(0, 24 * 40))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.exemption = settled(self.exemption, now=self.now)

    def _take(self, done: Decided) -> None:
        if isinstance(done, Exemption):
            self.exemption = done

    @invariant()
    def steps_are_added_and_follow_each_other(self) -> None:
        steps = self.exemption.steps
        assert steps[: len(self.seen)] == self.seen
        assert steps[0].state is State.REQUESTED
        for before, after in itertools.pairwise(steps):
            assert after.state in NEXT[before.state]
            assert before.at <= after.at
        self.seen = steps

    @invariant()
    def it_holds_only_between_approval_and_end(self) -> None:
        states = [step.state for step in self.exemption.steps]
        holds = states[-1] is State.APPROVED and self.now < self.exemption.expires_at
        assert (settled(self.exemption, now=self.now).state is State.APPROVED) == holds


TestLife = Life.TestCase
TestLife.settings = settings(stateful_step_count=12)
