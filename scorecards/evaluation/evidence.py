"""Evidence: what a result was made from, and the result read from it again, in words.

It holds what differs between entities: what the leaves said, the values of the facts, why facts are
not known. With the layout of its scorecard it says all that there was to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.problems import JsonValue, quote
from scorecards import rules
from scorecards.evaluation.answers import ABSENT, FALSE, TRUE
from scorecards.evaluation.answers import UNKNOWN as OPEN
from scorecards.evaluation.layouts import MANUAL, CheckLayout, Layout, rule_of
from scorecards.facts import FailedFact, Unknown
from scorecards.knowledge import in_words
from scorecards.results import ANSWER, LETTERS, CheckResult, Outcome
from scorecards.rules import Leaf

OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}
LEAF_OUTCOMES = OUTCOMES | {ABSENT: Outcome.FAIL}
_MOST_REASONS = 3


class Evidence(NamedTuple):
    """What a result was made from, in the order of its layout."""

    letters: str
    """What each check said: one of `scorecards.results.LETTERS`."""
    leaves: str
    """What each leaf said: a letter of `scorecards.evaluation.answers`."""
    facts: Sequence[JsonValue]
    """Null: missing, or not known."""
    unknown: Mapping[str, tuple[str, str]]
    """By place of the fact, why it is not known: reason and detail."""
    details: Mapping[str, str]
    """By place of the leaf, the message of its error or the key that it did not find."""
    observations: Sequence[JsonValue]


def explained(evidence: Evidence, layout: Layout) -> tuple[CheckResult, ...]:
    """What each check said, with what it was said from."""
    reading = _Reading(evidence, layout)
    return tuple(
        reading.check(check, OUTCOMES[letter])
        for check, letter in zip(layout.checks, evidence.letters, strict=True)
    )


class _Reading:
    """Evidence and its layout side by side."""

    def __init__(self, evidence: Evidence, layout: Layout) -> None:
        self._evidence = evidence
        self._layout = layout

    def check(self, check: CheckLayout, outcome: Outcome) -> CheckResult:
        if check.retired:
            return _without_leaves(check, outcome, check.retired)
        for condition in (self._layout.condition, check.condition):
            if condition is not None and self._evidence.leaves[condition] != TRUE:
                return self._without_rule(check, condition, outcome)
        if check.rule == MANUAL:
            unknown = {ANSWER: Unknown.NOT_COLLECTED.value}
            return _without_leaves(check, outcome, "nobody has answered it", unknown=unknown)
        outcomes = {place: LEAF_OUTCOMES[self._evidence.leaves[place]] for place in check.leaves}
        return CheckResult(
            check=check.id,
            outcome=outcome,
            reason="" if outcome is Outcome.PASS else self._reason(check, outcomes),
            observed=self._observed(check),
            unknown=self._unknown(check.facts),
            leaves=tuple((self._layout.leaves[p].expression, outcomes[p]) for p in check.leaves),
            counts=check.counts,
        )

    def _without_rule(self, check: CheckLayout, condition: int, outcome: Outcome) -> CheckResult:
        """A check whose rule is not asked: it does not apply, or whether it does cannot be told."""
        facts = self._layout.leaves[condition].facts
        said = outcome is Outcome.NOT_APPLICABLE
        untold = f"whether it applies cannot be told: {self._why(condition)}"
        return _without_leaves(
            check,
            outcome,
            check.because if said else untold,
            observed=self._shown(facts),
            unknown=self._unknown(facts),
        )

    def _observed(self, check: CheckLayout) -> dict[str, JsonValue]:
        observed = self._shown(check.facts)
        for title, fact, other in check.shown:
            if fact is not None:
                observed[title] = self._evidence.facts[fact]
            elif other is not None:
                observed[title] = self._evidence.observations[other]
        return observed

    def _shown(self, facts: Sequence[int]) -> dict[str, JsonValue]:
        known = [place for place in facts if str(place) not in self._evidence.unknown]
        return {self._layout.facts[place]: self._evidence.facts[place] for place in known}

    def _unknown(self, facts: Sequence[int]) -> dict[str, str]:
        unknown = self._evidence.unknown
        return {self._layout.facts[p]: unknown[str(p)][0] for p in facts if str(p) in unknown}

    def _reason(self, check: CheckLayout, outcomes: Mapping[int, Outcome]) -> str:
        """The leaves that decided, each with why; the first few."""
        deciding: Sequence[int] = check.leaves
        if len(deciding) > 1:
            rule = rule_of(check.rule, lambda place: Leaf(expression=str(place)))
            said = {str(place): outcome for place, outcome in outcomes.items()}
            deciding = [int(place) for place in rules.deciding(rule, said)]
        told = [self._why(place) for place in deciding[:_MOST_REASONS]]
        rest = len(deciding) - len(told)
        return "; ".join(told) + (f"; and {rest} more" if rest > 0 else "")

    def _why(self, place: int) -> str:
        """Why the leaf says what it says."""
        leaf = self._layout.leaves[place]
        shown = quote(leaf.expression)
        detail = self._evidence.details.get(str(place), "")
        match self._evidence.leaves[place]:
            case letter if letter in (TRUE, FALSE):
                return f"`{shown}` is {'true' if letter == TRUE else 'false'}"
            case letter if letter == OPEN:
                return "; ".join(self._not_known(leaf.facts)[:_MOST_REASONS])
            case letter if letter == ABSENT:
                return f"absent: the entity has no '{quote(detail)}'"
            case _:
                return (
                    f"`{shown}`: {detail}" if detail else f"`{shown}` gives neither true nor false"
                )

    def _not_known(self, facts: Sequence[int]) -> list[str]:
        unknown = self._evidence.unknown
        return [
            in_words(self._layout.facts[place], FailedFact(reason=Unknown(reason), detail=detail))
            for place in facts
            if str(place) in unknown
            for reason, detail in [unknown[str(place)]]
        ]


def _without_leaves(
    check: CheckLayout,
    outcome: Outcome,
    reason: str,
    *,
    observed: Mapping[str, JsonValue] | None = None,
    unknown: Mapping[str, str] | None = None,
) -> CheckResult:
    return CheckResult(
        check=check.id,
        outcome=outcome,
        reason=reason,
        observed=observed or {},
        unknown=unknown or {},
        leaves=(),
        counts=check.counts,
    )
