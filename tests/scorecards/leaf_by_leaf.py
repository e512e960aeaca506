"""Assessment without haste: each expression is asked by itself of everything there is, each time.

What `scorecards.assessment` says has to be what this says. It shares the engine with it, and the
tree's logic; nothing of what is remembered, packed or asked for together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from scorecards import rules
from scorecards.cel import Language, Program, Raised, evaluate
from scorecards.facts import FactSchema
from scorecards.knowledge import Knowledge, in_words, knowledge
from scorecards.levels import reached
from scorecards.results import CheckResult, Outcome, ScorecardResult
from scorecards.scorecard import Check, Scorecard
from scorecards.store import Assessable


class Slow:
    """One entity at one moment."""

    def __init__(self, schemas: Mapping[str, FactSchema], what: Assessable, now: datetime) -> None:
        self.language = Language(schemas)
        self.known: Knowledge = knowledge(what.records, schemas, now=now)
        self.entity = orjson.loads(what.body)
        self.now = now

    def program(self, expression: str) -> Program:
        program = self.language.compile(expression)
        assert isinstance(program, Program)
        return program

    def value(self, program: Program) -> object:
        bound = {**self.known.values, "entity": self.entity, "now": self.now}
        return evaluate(program.run, self.language.bind(bound))

    def leaf(self, expression: str) -> tuple[Outcome, str]:
        """Outcome, and why."""
        program = self.program(expression)
        match self.value(program):
            case True:
                return Outcome.PASS, f"`{program.shown}` is true"
            case False:
                return Outcome.FAIL, f"`{program.shown}` is false"
            case Raised() as raised:
                why = [(n, self.known.why_not(n)) for n in program.facts]
                unknown = [in_words(name, reason) for name, reason in why if reason is not None]
                if unknown:
                    return Outcome.UNKNOWN, "; ".join(unknown[:3])
                if raised.absent is not None and "entity" in program.references:
                    return Outcome.FAIL, f"absent: the entity has no '{raised.absent}'"
                return Outcome.ERROR, f"`{program.shown}`: {raised.message}"
        return Outcome.ERROR, f"`{program.shown}` gives neither true nor false"

    def shown(self, names: Sequence[str]) -> dict[str, Any]:
        return {name: self.known.shown[name] for name in names if name in self.known.shown}

    def unknown(self, names: Sequence[str]) -> dict[str, str]:
        why = {name: self.known.why_not(name) for name in names}
        return {name: reason.reason.value for name, reason in why.items() if reason is not None}


def assess_slowly(
    card: Scorecard, schemas: Mapping[str, FactSchema], what: Assessable, now: datetime
) -> ScorecardResult | None:
    """What the scorecard says; None: it does not apply."""
    slow = Slow(schemas, what, now)
    applies = Outcome.PASS if card.applies_to is None else slow.leaf(card.applies_to.expression)[0]
    if applies is Outcome.FAIL:
        return None
    results = tuple(_check(slow, card, check, applies) for check in card.checks)
    levels = reached(len(card.levels), [c.level for c in card.checks], [r.outcome for r in results])
    return ScorecardResult(
        ref=what.ref,
        scorecard=card.name,
        version=card.version,
        proven=levels.proven,
        possible=levels.possible,
        results=results,
        evaluated_at=now,
    )


def _check(slow: Slow, card: Scorecard, check: Check, applies: Outcome) -> CheckResult:
    condition = card.applies_to
    if applies is Outcome.PASS and check.applies_to is not None:
        condition = check.applies_to
        applies = slow.leaf(condition.expression)[0]
    if applies is not Outcome.PASS:
        assert condition is not None
        why = f"whether it applies cannot be told: {slow.leaf(condition.expression)[1]}"
        facts = slow.program(condition.expression).facts
        said = applies is Outcome.FAIL
        return CheckResult(
            check=check.id,
            outcome=Outcome.NOT_APPLICABLE if said else applies,
            reason=check.applies_because if said else why,
            observed=slow.shown(facts),
            unknown=slow.unknown(facts),
            leaves=(),
        )
    expressions = [leaf.expression for leaf in rules.leaves(check.rule)]
    said_by = {expression: slow.leaf(expression) for expression in expressions}
    outcomes = {expression: outcome for expression, (outcome, _) in said_by.items()}
    outcome = rules.decide(check.rule, outcomes)
    names = list(dict.fromkeys(n for e in expressions for n in slow.program(e).facts))
    deciding = rules.deciding(check.rule, outcomes)
    reason = "; ".join(said_by[e][1] for e in deciding[:3])
    more = f"; and {len(deciding) - 3} more" if len(deciding) > 3 else ""
    observed = slow.shown(names)
    for observation in check.observe:
        observed[observation.title] = _observed(slow, observation.expression)
    return CheckResult(
        check=check.id,
        outcome=outcome,
        reason="" if outcome is Outcome.PASS else reason + more,
        observed=observed,
        unknown=slow.unknown(names),
        leaves=tuple((e, outcomes[e]) for e in expressions),
    )


def _observed(slow: Slow, expression: str) -> Any:
    program = slow.program(expression)
    if expression in program.facts:
        return slow.known.shown.get(expression)
    value = slow.value(program)
    if isinstance(value, Raised):
        silent = value.absent is not None or slow.unknown(program.facts)
        return None if silent else value.message
    return value
