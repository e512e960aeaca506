"""Observing: the values that checks show besides facts, from expressions of any type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson

from catalog.problems import JsonValue
from scorecards.evaluation.answers import Watch
from scorecards.expressions.cel import Language, Program, Raised, evaluate
from scorecards.expressions.inputs import Inputs, Looks
from scorecards.knowledge import Knowledge, rfc3339

LARGEST_OBSERVATION = 1_000_000
"""Bytes of JSON of one observed value."""

REMEMBERED = 500
"""Values that are remembered of one expression, at most."""


class Observation:
    """An expression whose value is shown."""

    def __init__(
        self,
        program: Program,
        language: Language,
        looks: Looks,
        *,
        watch: Watch,
        refused: str = "",
    ) -> None:
        self.program = program
        self.refused = refused
        """Why it is not run."""
        self._language = language
        self._watch = watch
        self._look = looks.look_of(program)
        self._remembered: dict[object, JsonValue] = {}
        self._now: datetime | None = None

    def value(
        self, known: Knowledge, entity: JsonValue, inputs: Inputs, now: datetime
    ) -> JsonValue:
        """What is shown: null where it cannot be known or is absent."""
        if self.refused:
            return self.refused
        if now != self._now and "now" in self.program.references:
            self._remembered.clear()
        self._now = now
        seen = self._look(inputs)
        try:
            if seen in self._remembered:
                return self._remembered[seen]
        except TypeError:  # an odd input
            return self._run(known, entity, now)
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        return self._remembered.setdefault(seen, self._run(known, entity, now))

    def _run(self, known: Knowledge, entity: JsonValue, now: datetime) -> JsonValue:
        program, values = self.program, known.values
        bound: Mapping[str, object] = {n: values[n] for n in program.facts if n in values}
        self._watch.begins(program.expression)
        value = evaluate(program.run, self._language.bind({**bound, "entity": entity, "now": now}))
        self.refused = self._watch.ended()
        return shown(program, value, known)


def shown(program: Program, value: object, known: Knowledge) -> JsonValue:
    """The value of an expression as JSON, or in words why it cannot be shown."""
    if isinstance(value, Raised):
        unknown = any(name not in known.values for name in program.facts)
        return None if unknown or value.absent is not None else value.message
    if isinstance(value, datetime):
        value = rfc3339(value)
    try:
        size = len(orjson.dumps(value))
    except TypeError:
        return f"a value of type {program.returns}, which cannot be shown"
    except MemoryError:
        return "more than fits into memory, which is not shown"
    return value if size <= LARGEST_OBSERVATION else "more than 1 MB, which is not shown"  # type: ignore[return-value]  # orjson has just proven it to be JSON
