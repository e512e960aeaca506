"""Advice: what leads an entity to its next level, and which fixes lift the most entities.

A step is a check that blocks; a plan goes further down, to the cheapest set of leaves whose change
makes all checks of the next level pass. Both say what is not known, and what is not the entity's
to mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scorecards.evaluation.decisions import is_answer
from scorecards.insights.cheapest import cheapest_changes
from scorecards.levels import gates, next_level
from scorecards.results import CheckResult, Outcome, ScorecardResult
from scorecards.rules import Leaf, Rule, leaves
from scorecards.scorecard import Check, Scorecard

EFFORTS = ("minutes", "hours", "days")
"""What a check may say about its cost, cheapest first."""

MINUTES = {"minutes": 15, "hours": 2 * 60, "days": 2 * 8 * 60}
"""What an effort counts in sums, in minutes of work: a quarter of an hour, two hours, two days."""

_REPORT = 1_000_000
"""Minutes: whatever somebody can do for the entity is cheaper than waiting for a mended rule."""


class Action(StrEnum):
    """What to do about a check, or about a leaf of its rule."""

    FIX = "fix"
    """It fails: its `fix` says how to change that."""
    FIND_OUT = "find_out"
    """It is unknown: get the facts collected first, perhaps there is nothing to fix."""
    REPORT = "report"
    """Its rule is broken: only the owner of the scorecard can mend that."""


_ACTIONS = {Outcome.UNKNOWN: Action.FIND_OUT, Outcome.ERROR: Action.REPORT}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do for the next level."""

    check: str
    """Id of the check."""
    title: str
    action: Action
    effort: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A leaf that has to become another one."""

    expression: str
    becomes: bool | None
    """Whether it has to be true or false; None: whether a check applies has to be found out."""
    action: Action
    effort: str
    minutes: int
    """What the effort counts; 0 for a report."""
    checks: tuple[str, ...]
    """Ids of the checks that ask for it, in their order: they block, or will when a grace is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The cheapest way to the next level."""

    level: int
    """Index of that level."""
    changes: tuple[Change, ...]
    """Cheapest first; each is paid once, however many checks ask for it."""
    minutes: int
    """Of all changes together."""
    reachable: bool
    """False: the rules contradict each other, no values of their leaves reach the level."""
    exact: bool
    """False: the search was cut short, there may be a cheaper way."""


def next_steps(scorecard: Scorecard, result: ScorecardResult) -> tuple[Step, ...]:
    """Everything between the entity and its next level; empty at the top.

    Cheap before costly, and of the same cost the weightier first.
    """
    blocking = sorted(
        gates(scorecard, result), key=lambda g: (EFFORTS.index(g[0].effort), -g[0].weight)
    )
    return tuple(
        Step(
            check=check.id,
            title=check.title,
            action=_ACTIONS.get(outcome, Action.FIX),
            effort=check.effort,
        )
        for check, outcome in blocking
    )


def plan(scorecard: Scorecard, result: ScorecardResult) -> Plan | None:
    """The cheapest changes of leaves that reach the next level; None at the top.

    `result` was made with this very definition. A leaf costs what its check says, of several checks
    the least: a check's effort is enough for any leaf of it. Checks that pass have to go on doing
    so. That a change may alter what applies is left out.
    """
    level = next_level(scorecard, result)
    if level is None:
        return None
    asked = [
        _asked(scorecard, check, said)
        for check, said in zip(scorecard.checks, result.results, strict=True)
        if said.counts
        and check.level <= level
        and said.outcome not in (Outcome.NOT_APPLICABLE, Outcome.EXEMPT)
        and (said.leaves or said.outcome is not Outcome.PASS)
    ]
    outcomes: dict[str, Outcome] = {}
    efforts: dict[str, str] = {}
    for one in asked:
        for leaf in leaves(one.rule):
            outcomes.setdefault(leaf.expression, one.said.outcome)
            efforts[leaf.expression] = min(
                efforts.get(leaf.expression, EFFORTS[-1]), one.check.effort, key=EFFORTS.index
            )
        outcomes.update(one.said.leaves)
    found = cheapest_changes([one.rule for one in asked], outcomes, _prices(efforts, outcomes))
    changes = sorted(
        (
            _change(name, becomes, asked, outcomes[name], efforts[name])
            for name, becomes in (found.changes or {}).items()
        ),
        key=lambda change: (change.action is Action.REPORT, change.minutes),
    )
    return Plan(
        level=level,
        changes=tuple(changes),
        minutes=sum(change.minutes for change in changes),
        reachable=found.changes is not None,
        exact=found.exact,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A check on the way to the next level."""

    check: Check
    said: CheckResult
    rule: Rule
    """What has to pass."""
    condition: str | None
    """Where the rule was not asked: the expression that could not say whether the check applies."""


def _asked(scorecard: Scorecard, check: Check, said: CheckResult) -> _Asked:
    if is_answer(check, said):
        return _Asked(check, said, Leaf(expression=f"the answer to {check.id}"), None)
    condition = None if said.leaves else check.applies_to or scorecard.applies_to
    if condition is None:
        return _Asked(check, said, check.rule, None)
    return _Asked(check, said, condition, condition.expression)


def _prices(efforts: Mapping[str, str], outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    """By expression. The 1 makes the fewer changes win where the efforts are the same."""
    return {
        name: (_REPORT if outcomes[name] is Outcome.ERROR else MINUTES[effort]) * 1000 + 1
        for name, effort in efforts.items()
    }


def _change(name: str, becomes: bool, asked: Sequence[_Asked], now: Outcome, effort: str) -> Change:
    action = _ACTIONS.get(now, Action.FIX)
    return Change(
        expression=name,
        becomes=None if any(one.condition == name for one in asked) else becomes,
        action=action,
        effort=effort,
        minutes=0 if action is Action.REPORT else MINUTES[effort],
        checks=tuple(
            one.check.id
            for one in asked
            if (one.said.outcome is not Outcome.PASS or one.said.held is not None)
            and any(leaf.expression == name for leaf in leaves(one.rule))
        ),
    )
