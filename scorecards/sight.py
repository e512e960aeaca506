"""Sight: what expressions say of one entity at one moment, each as an outcome with its reason.

This is where an error becomes unknown, fail or error (design 2a.3). What checks and scorecards make
of it is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from catalog.problems import JsonValue, quote
from scorecards.cel import Bindings, Language, Program, Raised, evaluate
from scorecards.errors import ExpressionError
from scorecards.knowledge import Knowledge, in_words, rfc3339
from scorecards.results import Outcome

LARGEST_OBSERVATION = 1_000_000
"""Bytes of JSON of one observed value."""

_MOST_REASONS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Leaves that are run as one program, which takes an eighth of the time."""

    expressions: tuple[str, ...]
    facts: frozenset[str]
    """All facts that any of them mentions."""
    run: Any


class Leaves:
    """Every expression that says true or false, compiled once: equal texts are one program."""

    def __init__(self, language: Language, expressions: Iterable[str]) -> None:
        """Raises `ExpressionError` where an expression does not compile."""
        self._language = language
        self.programs = {text: self.compile(text) for text in dict.fromkeys(expressions)}
        self.batches = tuple(self._batches())

    def compile(self, expression: str) -> Program:
        """The program; raises `ExpressionError`."""
        program = self._language.compile(expression)
        if isinstance(program, Program):
            return program
        fault = program[0]
        raise ExpressionError(
            f"{fault.message} in `{quote(expression)}`", line=fault.line, column=fault.column
        )

    def bind(self, values: Mapping[str, object]) -> Bindings:
        """The values of one entity, for all programs."""
        return self._language.bind(values)

    def _batches(self) -> list[Batch]:
        """Leaves that look at the same collectors' facts: these are there, or not there, together.

        What looks at the entity stays alone: an absent key is an error, and would spoil the rest.
        """
        groups: dict[frozenset[str], list[Program]] = {}
        for program in self.programs.values():
            if "entity" not in program.references:
                collectors = frozenset(name.split(".")[0] for name in program.facts)
                groups.setdefault(collectors, []).append(program)
        return [
            Batch(
                expressions=tuple(program.expression for program in group),
                facts=frozenset(name for program in group for name in program.facts),
                run=run,
            )
            for group in groups.values()
            if len(group) > 1 and (run := self._language.compile_together(group)) is not None
        ]


class Sight:
    """One entity at one moment, seen through the leaves; each is run at most once."""

    __slots__ = ("_bindings", "_programs", "_reasons", "known", "outcomes")

    def __init__(
        self, leaves: Leaves, known: Knowledge, *, entity: JsonValue, now: datetime
    ) -> None:
        self._programs = leaves.programs
        self._bindings = leaves.bind({**known.values, "entity": entity, "now": now})
        self._reasons: dict[str, str] = {}
        self.known = known
        self.outcomes: dict[str, Outcome] = {}
        """By expression, of the leaves that were run so far."""
        for batch in leaves.batches:
            self._run(batch)

    def leaf(self, expression: str) -> Outcome:
        """What the leaf says; the reason is kept where it is not simply true or false."""
        outcome = self.outcomes.get(expression)
        if outcome is None:
            program = self._programs[expression]
            value = evaluate(program.run, self._bindings)
            if value is True:
                outcome = Outcome.PASS
            elif value is False:
                outcome = Outcome.FAIL
            else:
                outcome = self._neither(program, value)
            self.outcomes[expression] = outcome
        return outcome

    def _run(self, batch: Batch) -> None:
        """All leaves of the batch at once, where every fact that they mention is there.

        One error makes the whole list an error; then each leaf is run by itself, when it is asked.
        """
        if not all(name in self.known.values for name in batch.facts):
            return
        said = evaluate(batch.run, self._bindings)
        if isinstance(said, list):
            for expression, holds in zip(batch.expressions, said, strict=True):
                self.outcomes[expression] = Outcome.PASS if holds else Outcome.FAIL

    def value(self, program: Program) -> JsonValue:
        """What an observation shows: null where it cannot be known or is absent."""
        value = evaluate(program.run, self._bindings)
        if isinstance(value, Raised):
            silent = value.absent is not None or self._unknown(program)
            return None if silent else value.message
        if isinstance(value, datetime):
            value = rfc3339(value)
        try:
            size = len(orjson.dumps(value))
        except TypeError:
            return f"a value of type {program.returns}, which cannot be shown"
        return value if size <= LARGEST_OBSERVATION else "more than 1 MB, which is not shown"  # type: ignore[return-value]  # orjson has just proven it to be JSON

    def _neither(self, program: Program, value: object) -> Outcome:
        """An error over an unbound fact is unknown, an absent key a fail (design 2a.3)."""
        if not isinstance(value, Raised):
            self._reasons[program.expression] = f"`{program.shown}` gives neither true nor false"
            return Outcome.ERROR
        if unknown := self._unknown(program):
            self._reasons[program.expression] = "; ".join(unknown[:_MOST_REASONS])
            return Outcome.UNKNOWN
        if value.absent is not None and "entity" in program.references:
            self._reasons[program.expression] = f"absent: the entity has no '{quote(value.absent)}'"
            return Outcome.FAIL
        self._reasons[program.expression] = f"`{program.shown}`: {value.message}"
        return Outcome.ERROR

    def _unknown(self, program: Program) -> list[str]:
        why_not = self.known.why_not
        return [in_words(n, why) for n in program.facts if (why := why_not(n)) is not None]

    def facts_of(self, expression: str) -> tuple[str, ...]:
        """The facts that the leaf mentions."""
        return self._programs[expression].facts

    def why(self, expression: str) -> str:
        """Why the leaf says what it says."""
        if expression in self._reasons:
            return self._reasons[expression]
        plain = "true" if self.outcomes[expression] is Outcome.PASS else "false"
        return f"`{self._programs[expression].shown}` is {plain}"
