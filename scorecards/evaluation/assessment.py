"""Assessment: every scorecard that applies, said about one entity, with the evidence.

Pure: it reads what it is given and answers. Who is assessed when, and where results go, is decided
elsewhere. One assessor compiles all expressions once and is then used for many entities. What the
leaves say of an entity is seen in `scorecards.evaluation.sights`; here it is made into verdicts and
evidence, in letters, as they are stored: words are put to them only where somebody reads
(`scorecards.evaluation.evidence`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from catalog.problems import JsonValue
from scorecards.collection.stored_facts import StoredFacts, too_old_from
from scorecards.evaluation.answers import ABSENT, ERROR, Answers, Unwatched, Watch
from scorecards.evaluation.evidence import Evidence, explained
from scorecards.evaluation.layouts import Layout, Slots, layout_of
from scorecards.evaluation.observing import Observation
from scorecards.evaluation.packing import PackedResult, evidence_of
from scorecards.evaluation.plans import Plan, Verdict
from scorecards.evaluation.sights import Eyes, Sights, Subject
from scorecards.expressions.cel import Language, Program, compiled_or_raise
from scorecards.expressions.inputs import Looks
from scorecards.facts import FactSchema, FailedFact
from scorecards.knowledge import ALL_FED
from scorecards.results import ScorecardResult
from scorecards.scorecard import Scorecard, expressions, observations


class _Asked(NamedTuple):
    """A scorecard on a day, with all that its evidence needs."""

    plan: Plan
    slots: Slots
    aged: tuple[tuple[str, timedelta], ...]
    """The facts of checks that have a `max_age`, with that; empty: none has one."""
    leaves: Callable[[Sequence[str]], Any]
    """Takes the letters of its leaves, in order, out of all."""
    facts: Callable[[Mapping[str, JsonValue]], Any]
    """Takes the values of its facts, in order, out of all."""


class Assessor:
    """All scorecards, compiled. Answers are remembered: one assessor is for one thread."""

    def __init__(
        self,
        scorecards: Iterable[Scorecard],
        schemas: Mapping[str, FactSchema],
        *,
        unfed: Mapping[str, FailedFact] = ALL_FED,
        refused: Mapping[str, str] | None = None,
        watch: Watch | None = None,
        apart: bool = False,
    ) -> None:
        """`unfed` are facts that nothing feeds; `refused` are expressions that are errors without
        being run; each with why.

        With `apart` the engine is given no two expressions together. Raises `ExpressionError` for
        an expression that `load_scorecards` would have refused.
        """
        cards, refused = tuple(scorecards), refused or {}
        language, watch = Language(schemas), watch or Unwatched()
        programs = _compiled(language, (text for card in cards for text in expressions(card)))
        observed = _compiled(language, (text for card in cards for text in observations(card)))
        everything = [*programs.values(), *observed.values()]
        # Facts that nobody asks for need not be prepared for every entity.
        wanted = {name: schemas[name] for program in everything for name in program.facts}
        looks = Looks(everything)
        self._answers = Answers(
            language, list(programs.values()), looks, refused=refused, watch=watch, apart=apart
        )
        ages = {check.max_age for card in cards for check in card.checks}
        self._eyes = Eyes(wanted, looks, self._answers, unfed=unfed, ages=ages)
        self._facts = len(wanted)
        self._observations = {
            text: Observation(program, language, looks, watch=watch, refused=refused.get(text, ""))
            for text, program in observed.items()
        }
        self._scorecards, self._programs, self._observed = cards, programs, observed
        self._day: date | None = None
        self._cards: tuple[_Asked, ...] = ()
        self.layouts: dict[str, Layout] = {}
        """By digest, of all scorecards on all days so far: what evidence is read with."""

    @property
    def refused(self) -> dict[str, str]:
        """Expressions that are not run, given as such or found to be too slow, each with why."""
        found = {q.program.expression: q.refused for q in self._answers.questions if q.refused}
        return found | {text: o.refused for text, o in self._observations.items() if o.refused}

    def assess(self, subject: Subject, *, now: datetime) -> tuple[ScorecardResult, ...]:
        """One result for each scorecard that applies, in the order of the scorecards.

        A scorecard that may apply, because it cannot be told, has a result too: of unknown checks.
        """
        sights = self._eyes.see(subject, now)
        return tuple(
            ScorecardResult(
                ref=subject.ref,
                scorecard=asked.plan.scorecard.name,
                version=asked.plan.scorecard.version,
                proven=verdict.levels.proven,
                possible=verdict.levels.possible,
                results=explained(
                    self._evidence(asked, leaves, verdict, sights, now), asked.plan.layout
                ),
                evaluated_at=now,
            )
            for asked, leaves, verdict in self._verdicts(sights, now)
        )

    def pack(
        self, body: bytes, records: Sequence[StoredFacts], *, now: datetime
    ) -> tuple[PackedResult, ...]:
        """The same of stored facts, in few bytes; `layouts` are needed to read them."""
        sights = self._eyes.see_stored(body, records, now)
        return tuple(
            PackedResult(
                asked.plan.scorecard.name,
                asked.plan.scorecard.version,
                asked.plan.layout.ids,
                verdict.letters,
                verdict.counted,
                *verdict.levels,
                evidence_of(
                    asked.plan.layout.digest, self._evidence(asked, leaves, verdict, sights, now)
                ),
                too_old_from(records, asked.aged, now=now) if asked.aged else None,
            )
            for asked, leaves, verdict in self._verdicts(sights, now)
        )

    def verdicts(
        self, body: bytes, records: Sequence[StoredFacts], *, now: datetime
    ) -> tuple[tuple[str, Verdict], ...]:
        """Letters and levels alone, with the name of each scorecard that applies."""
        sights = self._eyes.see_stored(body, records, now)
        return tuple(
            (asked.plan.scorecard.name, verdict)
            for asked, _, verdict in self._verdicts(sights, now)
        )

    def _verdicts(
        self, sights: Sights, now: datetime
    ) -> Iterator[tuple[_Asked, Sequence[str], Verdict]]:
        """What each scorecard that applies says, with the letters of its leaves."""
        if now.astimezone(UTC).date() != self._day:
            self._begin_day(now)
        common = sights[None].said.letters
        for asked in self._cards:
            if asked.aged:
                numbers = self._answers.numbers
                leaves = [sights[age].said.letters[numbers[e]] for e, age in asked.slots.leaves]
            else:
                leaves = asked.leaves(common)
            verdict = asked.plan.verdict(leaves)
            if verdict is not None:
                yield asked, leaves, verdict

    def _evidence(
        self,
        asked: _Asked,
        leaves: Sequence[str],
        verdict: Verdict,
        sights: Sights,
        now: datetime,
    ) -> Evidence:
        slots, common = asked.slots, sights[None]
        unknown, details = {}, {}
        if asked.aged or len(common.known.values) < self._facts:
            unknown = {
                str(place): (why.reason.value, why.detail)
                for place, (name, age) in enumerate(slots.facts)
                if (why := sights[age].known.why_not(name)) is not None
            }
        if any(seen.said.details for seen in sights.values()):
            numbers = self._answers.numbers
            details = {
                str(place): sights[age].said.details[numbers[expression]]
                for place, (expression, age) in enumerate(slots.leaves)
                if leaves[place] in (ABSENT, ERROR)
            }
        if asked.aged:
            facts = [sights[age].shown[name] for name, age in slots.facts]
        else:
            facts = asked.facts(common.shown)
        return Evidence(
            letters=verdict.letters,
            leaves="".join(leaves),
            facts=facts,
            unknown=unknown,
            details=details,
            observations=self._shown_besides(asked, leaves, sights, now),
        )

    def _shown_besides(
        self, asked: _Asked, leaves: Sequence[str], sights: Sights, now: datetime
    ) -> tuple[JsonValue, ...]:
        """The values of observations; null where no check that shows it is asked."""
        if not asked.slots.observations:
            return ()
        wanted = asked.plan.observed(leaves)
        return tuple(
            self._observations[text].value(seen.known, seen.entity, seen.inputs, now)
            if place in wanted
            else None
            for place, (text, age) in enumerate(asked.slots.observations)
            for seen in [sights[age]]
        )

    def _begin_day(self, now: datetime) -> None:
        """Lay out the scorecards anew: checks begin and cease to count with a day."""
        self._day = now.astimezone(UTC).date()
        self._cards = tuple(self._prepared(card, now) for card in self._scorecards)
        self.layouts |= {asked.plan.layout.digest: asked.plan.layout for asked in self._cards}

    def _prepared(self, card: Scorecard, now: datetime) -> _Asked:
        layout, slots = layout_of(card, self._programs, self._observed, now=now)
        return _Asked(
            plan=Plan(card, layout),
            slots=slots,
            aged=self._aged(slots),
            leaves=_all_of([self._answers.numbers[expression] for expression, _ in slots.leaves]),
            facts=_all_of(layout.facts),
        )

    def _aged(self, slots: Slots) -> tuple[tuple[str, timedelta], ...]:
        programs = self._programs | self._observed
        asked = [
            (name, age)
            for text, age in (*slots.leaves, *slots.observations)
            for name in programs[text].facts
        ]
        # An observation that is a fact itself has its place among the facts.
        every = dict.fromkeys([*asked, *slots.facts])
        return tuple((name, age) for name, age in every if age is not None)


def _all_of(keys: Sequence[Any]) -> Callable[[Any], Any]:
    """Takes the values at these keys, in order, out of a mapping or a list."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda held: tuple(held[key] for key in keys)


def _compiled(language: Language, texts: Iterable[str]) -> dict[str, Program]:
    """The programs by their expressions, in order; raises `ExpressionError`."""
    return {text: compiled_or_raise(language, text) for text in dict.fromkeys(texts)}
