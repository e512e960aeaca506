"""Answers: what expressions say of one entity after the other, a letter for each.

The engine is slow to ask, and hardly slower to ask for much at once. So an answer is remembered
under the inputs of its expression; and expressions whose inputs are mostly new, such as times and
sizes, are asked for together, as one program for each combination of them whose facts are known.
What an error, an absent key or an unknown fact means is decided here and nowhere else (design 2a.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from catalog.problems import JsonValue
from scorecards.expressions.cel import Language, Program, Raised, evaluate
from scorecards.expressions.inputs import Inputs, Looks
from scorecards.knowledge import Knowledge

TRUE, FALSE, UNKNOWN, ERROR, ABSENT = "p", "f", "u", "e", "a"
"""What an expression says. `ABSENT` is a fail whose reason is a key that the entity lacks."""

REMEMBERED = 2_000
"""Answers that are remembered of one expression, at most."""

SETTLED = 512
"""Entities after which it is known whose answers are worth remembering: the second half tells."""

WORTH = 0.8
"""Share of answers that must be known already, for remembering to be quicker than asking."""

COMBINATIONS = 64
"""Programs of several expressions that are kept, at most."""


class Watch(Protocol):
    """Watches over the engine, which nothing can interrupt."""

    def begins(self, expression: str) -> None:
        """The engine begins with this expression; with '', it has several of them at once."""
        ...

    def ended(self) -> str:
        """The engine has come back. '', or why the expression must not be run again."""
        ...


class Unwatched:
    """Lets the engine run for as long as it does."""

    def begins(self, expression: str) -> None:
        """Nothing is noted."""

    def ended(self) -> str:
        """It may be run again."""
        return ""


@dataclass(slots=True)
class Question:
    """An expression, with the answers that are remembered."""

    program: Program
    look: Callable[[Inputs], Any]
    remembered: dict[Any, str] = field(default_factory=dict)
    details: dict[Any, str] = field(default_factory=dict)
    """Of errors the message, of absences the key."""
    refused: str = ""
    """Why it is not run."""
    asked: int = 0
    """How often the engine was asked."""

    def keep(self, inputs: Any, letter: str, detail: str) -> None:
        """Remember the answer."""
        if len(self.remembered) >= REMEMBERED:
            self.forget()
        try:
            self.remembered[inputs] = letter
        except TypeError:
            return  # an odd input: it is asked for each time
        if detail:
            self.details[inputs] = detail

    def forget(self) -> None:
        """Ask again."""
        self.remembered.clear()
        self.details.clear()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What all questions have as an answer about one entity."""

    letters: Sequence[str]
    """By number of the question."""
    details: Mapping[int, str]
    """Of errors and absences."""


class Answers:
    """Expressions that say true or false, compiled once and asked of many entities."""

    def __init__(
        self,
        language: Language,
        programs: Sequence[Program],
        looks: Looks,
        *,
        refused: Mapping[str, str] | None = None,
        watch: Watch | None = None,
        apart: bool = False,
    ) -> None:
        """`refused`: expressions that are not run, and why; `apart`: no two are asked together."""
        self._language = language
        self._apart = apart
        self._watch = watch or Unwatched()
        self.numbers = {program.expression: n for n, program in enumerate(programs)}
        self.questions = tuple(Question(program=p, look=looks.look_of(p)) for p in programs)
        for expression, why in (refused or {}).items():
            if expression in self.numbers:
                self.questions[self.numbers[expression]].refused = why
        self._fickle: list[int] = []
        """Their inputs are mostly new. Only what is not known of them is remembered."""
        self._programs: dict[tuple[int, ...], Any] = {}
        self._recall = tuple((q.remembered.get, q.look) for q in self.questions)
        self._now: datetime | None = None
        self._entities = 0

    def ask(self, known: Knowledge, entity: JsonValue, inputs: Inputs, now: datetime) -> Said:
        """What every expression says."""
        if now != self._now:
            self._turn(now)
        letters: list[Any]
        try:
            letters = [recall(look(inputs)) for recall, look in self._recall]
        except TypeError:
            letters = [_recalled(question, inputs) for question in self.questions]
        fresh: dict[int, str] = {}
        if None in letters:
            self._find(letters, fresh, known, entity, inputs)
        self._entities += 1
        if self._entities in (SETTLED // 2, SETTLED):
            self._settle()
        return Said(letters=letters, details=self._details(letters, fresh, inputs))

    def _settle(self) -> None:
        """Find out whose inputs are mostly new. An absent key spoils a list: entities stay out."""
        often = (1 - WORTH) * SETTLED / 2
        for number, question in enumerate(self.questions):
            alone = self._apart or "entity" in question.program.references
            if self._entities == SETTLED and not alone and question.asked > often:
                self._fickle.append(number)
                question.forget()
            question.asked = 0

    def _turn(self, now: datetime) -> None:
        """Time goes on: what depends on it is asked again."""
        self._now = now
        for question in self.questions:
            if "now" in question.program.references:
                question.forget()

    def _details(
        self, letters: Sequence[str], fresh: Mapping[int, str], inputs: Inputs
    ) -> Mapping[int, str]:
        if ERROR not in letters and ABSENT not in letters:
            return fresh
        details = dict(fresh)
        for number, letter in enumerate(letters):
            if letter in (ERROR, ABSENT) and number not in details:
                question = self.questions[number]
                details[number] = question.refused or question.details.get(
                    question.look(inputs), ""
                )
        return details

    def _find(
        self,
        letters: list[Any],
        details: dict[int, str],
        known: Knowledge,
        entity: JsonValue,
        inputs: Inputs,
    ) -> None:
        """Ask the engine for what is not remembered."""
        missing = [number for number, letter in enumerate(letters) if letter is None]
        bindings = self._bind(missing, known, entity)
        if self._fickle:
            self._run_together(letters, bindings)
        for number in missing:
            if letters[number] is None:
                question = self.questions[number]
                letters[number], details[number] = self._run(question, bindings, known)
                if not question.refused:
                    question.keep(question.look(inputs), letters[number], details[number])

    def _bind(self, numbers: Iterable[int], known: Knowledge, entity: JsonValue) -> Any:
        values = known.values
        names = {n for number in numbers for n in self.questions[number].program.references}
        bound = {name: values[name] for name in names if name in values}
        if "entity" in names:
            bound["entity"] = entity
        if "now" in names:
            bound["now"] = self._now
        return self._language.bind(bound)

    def _run_together(self, letters: list[Any], bindings: Any) -> None:
        """Ask for the fickle ones as one program.

        One error, as that of a fact that is not known, makes the whole list an error; then each is
        asked by itself.
        """
        key = tuple([number for number in self._fickle if letters[number] is None])
        program = self._program(key) if len(key) > 1 else None
        if program is None:
            return
        self._watch.begins("")
        values = evaluate(program, bindings)
        if self._watch.ended():
            self._programs[key] = None  # which of them it was is found by asking each by itself
        elif isinstance(values, list):
            for number, holds in zip(key, values, strict=True):
                letters[number] = TRUE if holds else FALSE

    def _program(self, key: tuple[int, ...]) -> Any | None:
        """One program for these expressions; None where there are too many of them."""
        if key not in self._programs and len(self._programs) < COMBINATIONS:
            programs = [self.questions[number].program for number in key]
            self._programs[key] = self._language.compile_together(programs)
        return self._programs.get(key)

    def _run(self, question: Question, bindings: Any, known: Knowledge) -> tuple[str, str]:
        if question.refused:
            return ERROR, question.refused
        question.asked += 1
        self._watch.begins(question.program.expression)
        value = evaluate(question.program.run, bindings)
        question.refused = self._watch.ended()
        if question.refused:
            question.forget()
            self._fickle = [n for n in self._fickle if not self.questions[n].refused]
        return judged(question.program, value, known)


def judged(program: Program, value: object, known: Knowledge) -> tuple[str, str]:
    """Letter and detail. An error over an unbound fact is unknown, an absent key a fail."""
    if value is True:
        return TRUE, ""
    if value is False:
        return FALSE, ""
    if not isinstance(value, Raised):
        return ERROR, ""
    if any(name not in known.values for name in program.facts):
        return UNKNOWN, ""
    if value.absent is not None and "entity" in program.references:
        return ABSENT, value.absent
    return ERROR, value.message


def _recalled(question: Question, inputs: Inputs) -> str | None:
    try:
        return question.remembered.get(question.look(inputs))
    except TypeError:
        return None
