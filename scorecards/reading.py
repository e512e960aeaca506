"""Reading: the parts of a scorecard document, understood, with every problem on the way.

The shape has been judged before (`scorecards.shape`). What is asked here needs more than a look at
one value: whether expressions compile, rules fit together, and levels exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from catalog.parsing.documents import ParsedDocument
from catalog.parsing.positions import Position, Positions
from catalog.pointers import Step, pointer
from catalog.problems import Problem, quote
from catalog.suggestions import listing, nearest
from scorecards import rules
from scorecards.cel import Fault, Language, Program
from scorecards.rules import Leaf, Rule
from scorecards.scorecard import Check, Level, Link, Observation

DEEPEST_RULE = 8
"""How many of `all`, `any`, `not` and `at_least` may stand inside each other."""

DEFAULT_EXPIRY = "180d"
"""How long the answer to a manual check holds where it does not say."""

DEFAULT_LEVELS = (
    Level(name="Initial", description="The floor: nothing is asked yet."),
    Level(name="Managed", description="Owned and findable, built and tested by machine."),
    Level(name="Defined", description="Safe to operate and to change, in the way all teams do it."),
    Level(name="Optimizing", description="Measured, controlled, and getting better."),
)
"""The phases of the maturity model, for scorecards that name no levels."""


class Reader:
    """Reads the parts of one document and collects the problems, with their positions."""

    def __init__(self, document: ParsedDocument, *, file: str, language: Language) -> None:
        self._document = document
        self._file = file
        self._language = language
        self._positions = Positions(document)
        self.problems: list[Problem] = []

    def add(self, problem: Problem, *, key: bool = False, place: Position | None = None) -> None:
        """Keep the problem, with the position that its pointer has in the file, or `place`."""
        place = place or self._positions.of(problem.pointer, key=key)
        self.problems.append(
            Problem(
                code=problem.code,
                message=problem.message,
                hint=problem.hint,
                file=self._file,
                document=self._document.index,
                line=place.line if place else None,
                column=place.column if place else None,
                pointer=problem.pointer,
                found=problem.found,
                expected=problem.expected,
            )
        )

    def levels(self, data: Any) -> tuple[Level, ...]:
        """The levels, from the floor upwards; the usual ones where none are named."""
        if data is None:
            return DEFAULT_LEVELS
        levels = tuple(
            Level(name=item)
            if isinstance(item, str)
            else Level(name=item["name"], description=item.get("description", ""))
            for item in data
        )
        for index, level in enumerate(levels):
            if level.name in [earlier.name for earlier in levels[:index]]:
                self._say("DUPLICATE_LEVEL", ["spec", "levels", index], "two levels have this name")
        return levels

    def check(self, data: Mapping[str, Any], path: list[Step], levels: Sequence[Level]) -> Check:
        """The check at `path`; not to be used where problems were added meanwhile."""
        applies_to, because = self.applies_to(data.get("applies_to"), [*path, "applies_to"])
        return Check(
            id=data["id"],
            title=data["title"],
            category=data.get("category", "General"),
            level=self._level(data["level"], [*path, "level"], levels),
            rule=self._rule(data["rule"], [*path, "rule"], depth=1),
            applies_to=applies_to,
            applies_because=because,
            observe=tuple(
                self._observation(item, [*path, "observe", index])
                for index, item in enumerate(data.get("observe", ()))
            ),
            expected=data.get("expected", ""),
            why=data["why"],
            fix=data["fix"],
            effort=data.get("effort", "hours"),
            weight=data.get("weight", 1),
            links=tuple(Link(title=i["title"], url=i["url"]) for i in data.get("links", ())),
        )

    def applies_to(self, data: Any, path: list[Step]) -> tuple[Leaf | None, str]:
        """The condition, and in words for whom it holds."""
        if data is None:
            return None, ""
        if isinstance(data, str):
            return self._leaf(data, path), f"Applies only where `{quote(data)}`"
        leaf = self._leaf(data["rule"], [*path, "rule"])
        return leaf, data.get("because") or f"Applies only where `{quote(data['rule'])}`"

    def _level(self, name: str, path: list[Step], levels: Sequence[Level]) -> int:
        names = [level.name for level in levels]
        if name not in names:
            near = nearest(name, names)
            hint = f"Did you mean `{near}`?" if near else f"There are {listing(names[1:])}"
            self._say("UNKNOWN_LEVEL", path, f"there is no level `{quote(name)}`", hint=hint)
            return 1
        if name == names[0]:
            message = f"`{quote(name)}` is the floor, which asks for nothing"
            self._say("UNKNOWN_LEVEL", path, message, hint=f"Take one of {listing(names[1:])}")
        return names.index(name)

    def _rule(self, data: Any, path: list[Step], *, depth: int) -> Rule:
        if data == "manual" or (isinstance(data, dict) and "manual" in data):
            return self._manual({} if data == "manual" else data["manual"], path, depth)
        if isinstance(data, str):
            return self._leaf(data, path)
        if depth > DEEPEST_RULE:
            self._say("RULE_TOO_DEEP", path, f"more than {DEEPEST_RULE} rules inside each other")
            return rules.All(parts=())
        ((word, inner),) = data.items()
        path = [*path, word]
        if word == "not":
            return rules.Not(part=self._rule(inner, path, depth=depth + 1))
        if word != "at_least":
            parts = self._parts(inner, path, depth)
            return rules.All(parts=parts) if word == "all" else rules.Any(parts=parts)
        count, parts = inner["count"], self._parts(inner["of"], [*path, "of"], depth)
        if count > len(parts):
            message = f"at least {count} of {len(parts)} can never pass"
            self._say("RULE_NEVER_PASSES", [*path, "count"], message)
        return rules.AtLeast(count=count, parts=parts)

    def _manual(self, data: Mapping[str, Any], path: list[Step], depth: int) -> rules.Manual:
        if depth > 1:
            message = "what a person answers cannot be part of another rule"
            self._say("MANUAL_INSIDE", path, message, hint="Make it a check of its own")
        days = int(data.get("expires", DEFAULT_EXPIRY).removesuffix("d"))
        return rules.Manual(question=data.get("question", ""), expires=timedelta(days=days))

    def _parts(self, data: Sequence[Any], path: list[Step], depth: int) -> tuple[Rule, ...]:
        return tuple(
            self._rule(item, [*path, index], depth=depth + 1) for index, item in enumerate(data)
        )

    def _leaf(self, expression: str, path: list[Step]) -> Leaf:
        program = self._compiled(expression, path)
        if program is not None:
            if program.references <= {"now"}:
                message = "the expression looks at no fact: it says the same of every entity"
                hint = "Mention a fact, or a field of `entity`"
                self._say("RULE_CONSTANT", path, message, hint=hint)
            elif program.returns != "BOOL":
                message = f"the expression gives {program.returns}, not true or false"
                hint = "Compare it: `... == true`, `... > 0`, `... != ''`"
                self._say("EXPRESSION_TYPE", path, message, hint=hint)
        place = self._positions.of(pointer(path))
        line, column = place or (0, 0)
        return Leaf(expression=expression, line=line, column=column)

    def _observation(self, data: Any, path: list[Step]) -> Observation:
        if isinstance(data, str):
            self._compiled(data, path)
            return Observation(title=data, expression=data)
        self._compiled(data["expression"], [*path, "expression"])
        return Observation(title=data["title"], expression=data["expression"])

    def _compiled(self, expression: str, path: list[Step]) -> Program | None:
        program = self._language.compile(expression)
        if isinstance(program, Program):
            return program
        for fault in program:
            problem = Problem(
                code=fault.code,
                message=fault.message,
                hint=fault.hint,
                pointer=pointer(path),
                found=fault.found,
            )
            self.add(problem, place=self._inside(expression, fault, pointer(path)))
        return None

    def _inside(self, expression: str, fault: Fault, where: str) -> Position | None:
        """The position of the fault in the file: its line of the expression is searched there.

        Where it does not stand there as it is (folded, escaped), the beginning of the expression.
        """
        begin = self._positions.of(where)
        lines = expression.split("\n")
        if begin is None or fault.line > len(lines):
            return begin
        wanted = lines[fault.line - 1]
        text = wanted.strip()
        first = begin.line - 1 - self._document.offset
        source = self._document.text.split("\n")[first : first + len(lines) + 1]
        for index, line in enumerate(source):
            at = line.find(text, begin.column - 1 if index == 0 else 0)
            if text and at != -1 and index >= fault.line - 1:
                indent = len(wanted) - len(wanted.lstrip())
                return Position(begin.line + index, at + fault.column - indent)
        return begin

    def _say(self, code: str, path: list[Step], message: str, *, hint: str = "") -> None:
        self.add(Problem(code=code, message=message, hint=hint, pointer=pointer(path)))
