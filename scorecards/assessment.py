"""Assessment: every scorecard that applies, said about one entity, with the evidence.

Pure: it reads what it is given and answers. Who is assessed when, and where results go, is decided
elsewhere. One assessor compiles all expressions once and is then used for many entities. It works in
letters, as they are stored; words are put to them only where somebody reads (`scorecards.evidence`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import orjson

from catalog.problems import JsonValue, quote
from scorecards import rules
from scorecards.answers import ABSENT, ERROR, Answers, Said, Unwatched, Watch
from scorecards.cel import Language, Program
from scorecards.errors import ExpressionError
from scorecards.evidence import Evidence, explained
from scorecards.facts import FactRecord, FactSchema
from scorecards.inputs import Inputs, Looks
from scorecards.knowledge import Knowledge, knowledge
from scorecards.layouts import Layout, layout_of
from scorecards.observing import Observation
from scorecards.packing import PackedResult, evidence_of
from scorecards.plans import Plan, Verdict
from scorecards.results import ScorecardResult
from scorecards.scorecard import Scorecard
from scorecards.stored_facts import Absences, StoredFacts, knowledge_of


class Subject(Protocol):
    """An entity with its facts; `scorecards.store.Assessable` is one."""

    @property
    def ref(self) -> str:
        """Canonical ref."""
        ...

    @property
    def body(self) -> bytes:
        """Its JSON."""
        ...

    @property
    def records(self) -> tuple[FactRecord, ...]:
        """What the collectors observed."""
        ...


class _Seen(NamedTuple):
    """One entity at one moment, with what the leaves say of it."""

    known: Knowledge
    entity: JsonValue
    inputs: Inputs
    said: Said
    shown: Mapping[str, JsonValue]
    """Every fact that anybody asks for: null where it is missing or not known."""


class _Asked(NamedTuple):
    """A scorecard with all that its evidence needs."""

    plan: Plan
    observations: tuple[Observation, ...]
    leaves: Callable[[Sequence[str]], Any]
    """Takes the letters of its leaves, in order, out of all."""
    shown: Callable[[Mapping[str, JsonValue]], Any]
    """Takes the values of its facts, in order, out of all."""


class Assessor:
    """All scorecards, compiled. Answers are remembered: one assessor is for one thread."""

    def __init__(
        self,
        scorecards: Iterable[Scorecard],
        schemas: Mapping[str, FactSchema],
        *,
        refused: Mapping[str, str] | None = None,
        watch: Watch | None = None,
    ) -> None:
        """`refused` are expressions that are errors without being run, each with why.

        Raises `ExpressionError` for an expression that `load_scorecards` would have refused.
        """
        cards, refused = tuple(scorecards), refused or {}
        language, watch = Language(schemas), watch or Unwatched()
        programs = _compiled(language, _expressions(cards))
        observed = _compiled(language, _observed(cards))
        everything = [*programs.values(), *observed.values()]
        # Facts that nobody asks for need not be prepared for every entity.
        wanted = {name: schemas[name] for program in everything for name in program.facts}
        self._schemas, self._absences = wanted, Absences(wanted)
        self._nothing: dict[str, JsonValue] = dict.fromkeys(wanted)
        self._looks = Looks(everything)
        self._answers = Answers(
            language, list(programs.values()), self._looks, refused=refused, watch=watch
        )
        self._observations = {
            text: Observation(
                program, language, self._looks, watch=watch, refused=refused.get(text, "")
            )
            for text, program in observed.items()
        }
        self._cards = tuple(self._prepared(card, programs, observed) for card in cards)

    @property
    def layouts(self) -> dict[str, Layout]:
        """Of all scorecards, by digest: what evidence is read with."""
        return {asked.plan.layout.digest: asked.plan.layout for asked in self._cards}

    @property
    def refused(self) -> dict[str, str]:
        """Expressions that are not run, given as such or found to be too slow, each with why."""
        found = {q.program.expression: q.refused for q in self._answers.questions if q.refused}
        return found | {text: o.refused for text, o in self._observations.items() if o.refused}

    def assess(self, subject: Subject, *, now: datetime) -> tuple[ScorecardResult, ...]:
        """One result for each scorecard that applies, in the order of the scorecards.

        A scorecard that may apply, because it cannot be told, has a result too: of unknown checks.
        """
        known = knowledge(subject.records, self._schemas, now=now)
        seen = self._see(known, subject.body, now)
        return tuple(
            ScorecardResult(
                ref=subject.ref,
                scorecard=asked.plan.scorecard.name,
                version=asked.plan.scorecard.version,
                proven=verdict.levels.proven,
                possible=verdict.levels.possible,
                results=explained(
                    verdict.letters, self._evidence(asked, seen, now), asked.plan.layout
                ),
                evaluated_at=now,
            )
            for asked, verdict in self._verdicts(seen)
        )

    def pack(
        self, body: bytes, records: Iterable[StoredFacts], *, now: datetime
    ) -> tuple[PackedResult, ...]:
        """The same of stored facts, in few bytes; `layouts` are needed to read them."""
        seen = self._see(knowledge_of(records, self._absences, now=now), body, now)
        return tuple(
            PackedResult(
                asked.plan.scorecard.name,
                asked.plan.scorecard.version,
                asked.plan.layout.ids,
                verdict.letters,
                *verdict.levels,
                evidence_of(asked.plan.layout.digest, self._evidence(asked, seen, now)),
            )
            for asked, verdict in self._verdicts(seen)
        )

    def verdicts(
        self, body: bytes, records: Iterable[StoredFacts], *, now: datetime
    ) -> tuple[tuple[str, Verdict], ...]:
        """Letters and levels alone, with the name of each scorecard that applies."""
        seen = self._see(knowledge_of(records, self._absences, now=now), body, now)
        return tuple(
            (asked.plan.scorecard.name, verdict) for asked, verdict in self._verdicts(seen)
        )

    def _see(self, known: Knowledge, body: bytes, now: datetime) -> _Seen:
        entity = orjson.loads(body)
        inputs = self._looks.inputs(known.values, entity)
        said = self._answers.ask(known, entity, inputs, now)
        return _Seen(known, entity, inputs, said, {**self._nothing, **known.shown})

    def _verdicts(self, seen: _Seen) -> Iterator[tuple[_Asked, Verdict]]:
        letters = seen.said.letters
        for asked in self._cards:
            verdict = asked.plan.verdict(letters)
            if verdict is not None:
                yield asked, verdict

    def _evidence(self, asked: _Asked, seen: _Seen, now: datetime) -> Evidence:
        known, said, plan = seen.known, seen.said, asked.plan
        letters = said.letters
        unknown, details = {}, {}
        if len(known.values) < len(self._nothing):
            unknown = {
                str(place): (why.reason.value, why.detail)
                for place, name in enumerate(plan.layout.facts)
                if (why := known.why_not(name)) is not None
            }
        if said.details:
            details = {
                str(place): said.details[number]
                for place, number in enumerate(plan.leaves)
                if letters[number] in (ABSENT, ERROR)
            }
        return Evidence(
            leaves="".join(asked.leaves(letters)),
            facts=asked.shown(seen.shown),
            unknown=unknown,
            details=details,
            observations=self._shown_besides(asked, seen, now),
        )

    def _shown_besides(self, asked: _Asked, seen: _Seen, now: datetime) -> tuple[JsonValue, ...]:
        """The values of observations; null where no check that shows it is asked."""
        if not asked.observations:
            return ()
        wanted = asked.plan.observed(seen.said.letters)
        return tuple(
            o.value(seen.known, seen.entity, seen.inputs, now) if place in wanted else None
            for place, o in enumerate(asked.observations)
        )

    def _prepared(
        self, card: Scorecard, programs: Mapping[str, Program], observed: Mapping[str, Program]
    ) -> _Asked:
        layout, others = layout_of(card, programs, observed)
        plan = Plan(card, layout, self._answers.numbers)
        return _Asked(
            plan=plan,
            observations=tuple(self._observations[text] for text in others),
            leaves=_all_of(plan.leaves),
            shown=_all_of(layout.facts),
        )


def _all_of(keys: Sequence[Any]) -> Callable[[Any], Any]:
    """Takes the values at these keys, in order, out of a mapping or a list."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda held: tuple(held[key] for key in keys)


def _expressions(scorecards: Iterable[Scorecard]) -> Iterator[str]:
    for card in scorecards:
        conditions = [card.applies_to, *(check.applies_to for check in card.checks)]
        yield from (leaf.expression for leaf in conditions if leaf is not None)
        yield from (leaf.expression for c in card.checks for leaf in rules.leaves(c.rule))


def _observed(scorecards: Iterable[Scorecard]) -> Iterator[str]:
    return (o.expression for card in scorecards for check in card.checks for o in check.observe)


def _compiled(language: Language, expressions: Iterable[str]) -> dict[str, Program]:
    """The programs by their expressions, in order; raises `ExpressionError`."""
    found: dict[str, Program] = {}
    for expression in expressions:
        if expression not in found:
            program = language.compile(expression)
            if not isinstance(program, Program):
                fault = program[0]
                message = f"{fault.message} in `{quote(expression)}`"
                raise ExpressionError(message, line=fault.line, column=fault.column)
            found[expression] = program
    return found
