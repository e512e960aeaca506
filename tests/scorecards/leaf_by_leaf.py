"""Assessment without haste: each expression is asked by itself of everything there is, each time.

What `scorecards.evaluation.assessment` says has to be what this says. It shares the engine with it, and the
tree's logic; nothing of what is remembered, packed or asked for together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from catalog.problems import quote
from scorecards import rules
from scorecards.collection.store import Assessable
from scorecards.expressions.cel import Language, Program, Raised, evaluate
from scorecards.facts import FactSchema
from scorecards.knowledge import Knowledge, in_words, knowledge
from scorecards.levels import reached
from scorecards.lifecycle import Stage, counts, stage
from scorecards.lifecycle import in_words as in_words_of
from scorecards.results import CheckResult, Outcome, ScorecardResult
from scorecards.rules import Manual
from scorecards.scorecard import Check, Scorecard


class Slow:
    """One entity at one moment."""

    def __init__(
        self,
        schemas: Mapping[str, FactSchema],
        what: Assessable,
        now: datetime,
        max_age: timedelta | None,
    ) -> None:
        self.language = Language(schemas)
        self.known: Knowledge = knowledge(what.records, schemas, now=now, max_age=max_age)
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
                return Outcome.PASS, f"`{quote(expression)}` is true"
            case False:
                return Outcome.FAIL, f"`{quote(expression)}` is false"
            case Raised() as raised:
                why = [(n, self.known.why_not(n)) for n in program.facts]
                unknown = [in_words(name, reason) for name, reason in why if reason is not None]
                if unknown:
                    return Outcome.UNKNOWN, "; ".join(unknown[:3])
                if raised.absent is not None and "entity" in program.references:
                    return Outcome.FAIL, f"absent: the entity has no '{raised.absent}'"
                return Outcome.ERROR, f"`{quote(expression)}`: {raised.message}"
        return Outcome.ERROR, f"`{quote(expression)}` gives neither true nor false"

    def shown(self, names: Sequence[str]) -> dict[str, Any]:
        return {name: self.known.shown[name] for name in names if name in self.known.shown}

    def unknown(self, names: Sequence[str]) -> dict[str, str]:
        why = {name: self.known.why_not(name) for name in names}
        return {name: reason.reason.value for name, reason in why.items() if reason is not None}


def assess_slowly(
    card: Scorecard, schemas: Mapping[str, FactSchema], what: Assessable, now: datetime
) -> ScorecardResult | None:
    """What the scorecard says; None: it does not apply."""
    slow = Slow(schemas, what, now, None)
    condition = card.applies_to
    applies = Outcome.PASS if condition is None else slow.leaf(condition.expression)[0]
    if applies is Outcome.FAIL:
        return None
    results = []
    for check in card.checks:
        if stage(check.lifecycle, now) is Stage.RETIRED:
            retired = in_words_of(check.lifecycle, now)
            results.append(_bare(check, Outcome.NOT_APPLICABLE, retired))
        elif applies is not Outcome.PASS:
            assert condition is not None
            results.append(_without_rule(slow, check, condition.expression, applies))
        else:
            results.append(_check(Slow(schemas, what, now, check.max_age), check))
    counted = [counts(check.lifecycle, now) for check in card.checks]
    said = [
        (c, r) for c, r, counting in zip(card.checks, results, counted, strict=True) if counting
    ]
    levels = reached(len(card.levels), [c.level for c, _ in said], [r.outcome for _, r in said])
    return ScorecardResult(
        ref=what.ref,
        scorecard=card.name,
        version=card.version,
        proven=levels.proven,
        possible=levels.possible,
        results=tuple(replace(r, counts=c) for r, c in zip(results, counted, strict=True)),
        evaluated_at=now,
    )


def _bare(check: Check, outcome: Outcome, reason: str, **more: Any) -> CheckResult:
    fields: dict[str, Any] = {"observed": {}, "unknown": {}, "leaves": ()}
    return CheckResult(check=check.id, outcome=outcome, reason=reason, **fields | more)


def _without_rule(slow: Slow, check: Check, condition: str, applies: Outcome) -> CheckResult:
    why = f"whether it applies cannot be told: {slow.leaf(condition)[1]}"
    facts = slow.program(condition).facts
    said = applies is Outcome.FAIL
    return _bare(
        check,
        Outcome.NOT_APPLICABLE if said else applies,
        check.applies_because if said else why,
        observed=slow.shown(facts),
        unknown=slow.unknown(facts),
    )


def _check(slow: Slow, check: Check) -> CheckResult:
    if check.applies_to is not None:
        applies = slow.leaf(check.applies_to.expression)[0]
        if applies is not Outcome.PASS:
            return _without_rule(slow, check, check.applies_to.expression, applies)
    if isinstance(check.rule, Manual):
        return _bare(
            check, Outcome.UNKNOWN, "nobody has answered it", unknown={"answer": "not_collected"}
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
