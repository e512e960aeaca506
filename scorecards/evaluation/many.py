"""Many: what a scorecard says about many entities, in letters and without evidence.

What a leaf says depends on nothing but the facts and the fields of the entity that it mentions.
Over a hundred thousand entities these have a few hundred or thousand different values, and each is
evaluated once: a `Lens` finds what is different, a `Reader` evaluates it, `combine` makes outcomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from scorecards import rules
from scorecards.collection.serialization import facts_from_json
from scorecards.evaluation.answers import Watch
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.lens import Ask, Glimpse, asks_of
from scorecards.expressions.cel import Language, compiled_or_raise
from scorecards.facts import FactRecord, FactSchema, FailedFact
from scorecards.knowledge import ALL_FED
from scorecards.lifecycle import ACTIVE, Stage, stage
from scorecards.results import LETTERS, Outcome
from scorecards.rules import Leaf, Manual
from scorecards.scorecard import Check, Scorecard


class LeafSaid(NamedTuple):
    """What a leaf says about whoever looks like this."""

    outcome: Outcome
    unknown: tuple[tuple[str, str], ...]
    """Facts that it mentions and that are not known, each with the reason."""


class Said(NamedTuple):
    """What a scorecard says about an entity."""

    letters: str
    """One for each check."""
    missing: tuple[tuple[str, str, str], ...]
    """Check, fact and reason, of facts that make a check unknown."""


class Reader:
    """Evaluates leaves at one moment, each by the assessor that assesses entities one by one."""

    def __init__(
        self,
        scorecard: Scorecard,
        schemas: Mapping[str, FactSchema],
        *,
        unfed: Mapping[str, FailedFact] = ALL_FED,
        now: datetime,
        refused: Mapping[str, str] | None = None,
        watch: Watch | None = None,
    ) -> None:
        """`unfed` are facts that nothing feeds, `refused` expressions that are errors without being run;
        each with why.

        Raises `ExpressionError` for an expression that `load_scorecards` would have refused.
        """
        texts = [text for text, _ in asks_of(scorecard)]
        language = Language(schemas)
        self._programs = [compiled_or_raise(language, text) for text in texts]
        self._assessors = [
            Assessor([_asking(scorecard, text)], schemas, unfed=unfed, refused=refused, watch=watch)
            for text in texts
        ]
        self._now = now

    def read(self, glimpse: Glimpse) -> LeafSaid:
        """What the leaf says."""
        program = self._programs[glimpse.leaf]
        states = zip(program.facts, glimpse.states, strict=True)
        records = tuple(self._record(name, state) for name, state in states if state)
        subject = _Subject("", glimpse.fields, records)
        (result,) = self._assessors[glimpse.leaf].assess(subject, now=self._now)
        (said,) = result.results
        return LeafSaid(said.outcome, tuple(said.unknown.items()))

    def _record(self, name: str, state: bytes) -> FactRecord:
        stale = state[:1] == b"-"
        return FactRecord(
            ref="",
            collector="",
            version="",
            url="",
            revision="",
            observed_at=self._now,
            valid_until=self._now - timedelta(seconds=1) if stale else None,
            facts=facts_from_json(b'{"%b":%b}' % (name.encode(), state.lstrip(b"-"))),
        )


@dataclass(frozen=True, slots=True)
class _Subject:
    ref: str
    body: bytes
    records: tuple[FactRecord, ...]


def _asking(scorecard: Scorecard, expression: str) -> Scorecard:
    """A scorecard that asks for nothing but this leaf, without any of the conditions around it."""
    check = replace(
        scorecard.checks[0],
        rule=Leaf(expression=expression),
        applies_to=None,
        observe=(),
        lifecycle=ACTIVE,
        max_age=None,
    )
    return replace(scorecard, applies_to=None, checks=(check,))


def combine(scorecard: Scorecard, leaves: Sequence[LeafSaid], *, now: datetime) -> Said | None:
    """What the scorecard says at `now`, where its leaves say so, in their order.

    None: it does not apply. A manual check is unknown: its answers are no facts.
    """
    said = dict(zip(asks_of(scorecard), leaves, strict=True))
    everywhere = None if scorecard.applies_to is None else (scorecard.applies_to.expression, None)
    if everywhere is not None and said[everywhere].outcome is Outcome.FAIL:
        return None
    letters, missing = [], []
    for check in scorecard.checks:
        outcome, asked = _decided(check, everywhere, said)
        if stage(check.lifecycle, now) is Stage.RETIRED:
            outcome = Outcome.NOT_APPLICABLE
        letters.append(LETTERS[outcome])
        if outcome is Outcome.UNKNOWN:
            facts = dict(fact for ask in asked for fact in said[ask].unknown)
            missing += [(check.id, name, reason) for name, reason in facts.items()]
    return Said("".join(letters), tuple(missing))


def _decided(
    check: Check, everywhere: Ask | None, said: Mapping[Ask, LeafSaid]
) -> tuple[Outcome, Sequence[Ask]]:
    """What the check says, and the leaves that were asked for it."""
    own = None if check.applies_to is None else (check.applies_to.expression, check.max_age)
    for condition in (everywhere, own):
        if condition is not None and (applies := said[condition].outcome) is not Outcome.PASS:
            excluded = applies is Outcome.FAIL
            return Outcome.NOT_APPLICABLE if excluded else applies, [condition]
    if isinstance(check.rule, Manual):
        return Outcome.UNKNOWN, []
    asked = [(leaf.expression, check.max_age) for leaf in rules.leaves(check.rule)]
    return rules.decide(check.rule, {text: said[text, age].outcome for text, age in asked}), asked
