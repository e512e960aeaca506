"""Reading rules: the conditions of a document, understood: do they compile, and do they say anything?

The shape has been judged before (`scorecards.definitions.shape`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.descriptor.suggestions import nearest
from catalog.pointers import Step, pointer
from catalog.problems import Problem, quote
from scorecards import rules
from scorecards.definitions.telling import Telling
from scorecards.durations import duration
from scorecards.expressions.cel import Language, Program
from scorecards.expressions.overloads import explained
from scorecards.rules import Leaf, Rule
from scorecards.scorecard import Filter, Observation

DEEPEST_RULE = 8
"""How many of `all`, `any`, `not` and `at_least` may stand inside each other."""

DEFAULT_EXPIRY = "180d"
"""How long the answer to a manual check holds where it does not say."""

_FILTER_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORDS = frozenset({"entity", "now", "true", "false", "null"})
"""What looks like the name of a filter, and is an expression."""


class RuleReader:
    """Reads rules and conditions, tells what is wrong with them, and knows the document's filters."""

    def __init__(self, language: Language, told: Telling) -> None:
        self.language = language
        self.told = told
        self.known_filters: dict[str, Filter] = {}
        self.programs: list[tuple[Program, list[Step]]] = []
        """Every expression so far that compiles, with the place of its text."""

    def filters(self, data: Mapping[str, Any] | None, inherited: Sequence[Filter]) -> None:
        """Know these filters from now on, and those of the extended scorecard."""
        known = {found.name: found for found in inherited}
        for name, item in (data or {}).items():
            path: list[Step] = ["spec", "filters", name]
            written = item if isinstance(item, dict) else {"rule": item}
            leaf = self._leaf(written["rule"], [*path, "rule"] if isinstance(item, dict) else path)
            because = written.get("because") or _because(written["rule"])
            known[name] = Filter(name=name, leaf=leaf, because=because)
        self.known_filters = known

    def applies_to(self, data: Any, path: list[Step]) -> tuple[Leaf | None, str]:
        """The condition, and in words for whom it holds."""
        if data is None:
            return None, ""
        written = data if isinstance(data, dict) else {"rule": data}
        text, at = written["rule"], [*path, "rule"] if isinstance(data, dict) else path
        if _FILTER_NAME.fullmatch(text) and text not in _WORDS:
            return self._filter(text, at, written.get("because", ""))
        return self._leaf(text, at), written.get("because") or _because(text)

    def rule(self, data: Any, path: list[Step], *, depth: int = 1) -> Rule:
        """The rule at `path`, which stands inside `depth` - 1 others."""
        if data == "manual" or (isinstance(data, dict) and "manual" in data):
            return self._manual({} if data == "manual" else data["manual"], path, depth)
        if isinstance(data, str):
            return self._leaf(data, path)
        if depth > DEEPEST_RULE:
            self.told.say(
                "RULE_TOO_DEEP", path, f"more than {DEEPEST_RULE} rules inside each other"
            )
            return rules.All(parts=())
        ((word, inner),) = data.items()
        path = [*path, word]
        if word == "not":
            return rules.Not(part=self.rule(inner, path, depth=depth + 1))
        if word != "at_least":
            parts = self._parts(inner, path, depth)
            return rules.All(parts=parts) if word == "all" else rules.Any(parts=parts)
        count, parts = inner["count"], self._parts(inner["of"], [*path, "of"], depth)
        if count > len(parts):
            message = f"at least {count} of {len(parts)} can never pass"
            self.told.say("RULE_NEVER_PASSES", [*path, "count"], message)
        return rules.AtLeast(count=count, parts=parts)

    def observations(self, data: Sequence[Any], path: list[Step]) -> tuple[Observation, ...]:
        """The values to show beside the outcome."""
        return tuple(self._observation(item, [*path, index]) for index, item in enumerate(data))

    def _filter(self, name: str, path: list[Step], because: str) -> tuple[Leaf | None, str]:
        found = self.known_filters.get(name)
        if found is None:
            known = sorted(self.known_filters)
            near = nearest(name, known)
            hint = f"Did you mean `{near}`?" if near else "Name it under `filters`"
            self.told.say("UNKNOWN_FILTER", path, f"there is no filter `{quote(name)}`", hint=hint)
            return None, ""
        return found.leaf, because or found.because

    def _manual(self, data: Mapping[str, Any], path: list[Step], depth: int) -> rules.Manual:
        if depth > 1:
            message = "what a person answers cannot be part of another rule"
            self.told.say("MANUAL_INSIDE", path, message, hint="Make it a check of its own")
        expires = duration(data.get("expires", DEFAULT_EXPIRY))
        return rules.Manual(question=data.get("question", ""), expires=expires)

    def _parts(self, data: Sequence[Any], path: list[Step], depth: int) -> tuple[Rule, ...]:
        return tuple(
            self.rule(item, [*path, index], depth=depth + 1) for index, item in enumerate(data)
        )

    def _leaf(self, expression: str, path: list[Step]) -> Leaf:
        program = self._compiled(expression, path)
        if program is not None:
            if program.references <= {"now"}:
                message = "the expression looks at no fact: it says the same of every entity"
                hint = "Mention a fact, or a field of `entity`"
                self.told.say("RULE_CONSTANT", path, message, hint=hint)
            elif program.returns != "BOOL":
                message = f"the expression gives {program.returns}, not true or false"
                hint = "Compare it: `... == true`, `... > 0`, `... != ''`"
                self.told.say("EXPRESSION_TYPE", path, message, hint=hint)
        line, column = self.told.place(path)
        return Leaf(expression=expression, line=line, column=column)

    def _observation(self, data: Any, path: list[Step]) -> Observation:
        title, expression = data, data
        if not isinstance(data, str):
            title, expression, path = data["title"], data["expression"], [*path, "expression"]
        self._compiled(expression, path)
        line, column = self.told.place(path)
        return Observation(title=title, expression=expression, line=line, column=column)

    def _compiled(self, expression: str, path: list[Step]) -> Program | None:
        program = self.language.compile(expression)
        if isinstance(program, Program):
            self.programs.append((program, path))
            return program
        for fault in program:
            message, hint = explained(fault.message)
            problem = Problem(
                code=fault.code,
                message=message,
                hint=fault.hint or hint,
                pointer=pointer(path),
                found=fault.found,
            )
            place = self.told.inside(expression, path, line=fault.line, column=fault.column)
            self.told.add(problem, place=place)
        return None


def _because(expression: str) -> str:
    return f"Applies only where `{quote(expression)}`"
