"""Reading: the parts of a scorecard document, understood, with every problem on the way.

The shape has been judged before (`scorecards.shape`). What is asked here needs more than a look at
one value: whether expressions compile, rules fit together, and levels exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, assert_never

from catalog.parsing.documents import ParsedDocument
from catalog.parsing.positions import Position, Positions
from catalog.pointers import Step, pointer
from catalog.problems import Problem, Severity, quote
from catalog.suggestions import listing, nearest
from scorecards import analysis, compiled, rules
from scorecards.case_reading import CaseFault, read_case
from scorecards.cel import Fault, Language, Program
from scorecards.level_facts import NAMESPACE
from scorecards.lifecycle import ACTIVE, Draft, Lifecycle, Preview, Retiring
from scorecards.rules import Leaf, Rule
from scorecards.scorecard import Case, Check, Filter, Level, Link, Observation
from scorecards.syntax import Expression, read

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


NEEDED = ("title", "level", "rule", "why", "fix")
"""Keys without which there is no check, besides its id."""

_BLANK = Check(
    id="",
    title="",
    category="General",
    level=1,
    rule=rules.All(parts=()),
    applies_to=None,
    applies_because="",
    observe=(),
    expected="",
    why="",
    fix="",
    effort="hours",
    weight=1,
    links=(),
)
"""A check that says nothing but what is usual."""

_FILTER_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORDS = frozenset({"entity", "now", "true", "false", "null"})
"""What looks like the name of a filter, and is an expression."""

_UNTIMED = ("api.", "catalog.", "dependencies.", "owner.", "repo.", "system.", f"{NAMESPACE}.")
"""Facts that are observed anew whenever what they are of changes, and whose time is that change."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    """`90m`, `12h`, `30d`, `2w`."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def _because(expression: str) -> str:
    return f"Applies only where `{quote(expression)}`"


class Reader:
    """Reads the parts of one document and collects the problems, with their positions."""

    def __init__(self, document: ParsedDocument, *, file: str, language: Language) -> None:
        self._document = document
        self._file = file
        self._language = language
        self._positions = Positions(document)
        self.problems: list[Problem] = []
        self.known_filters: dict[str, Filter] = {}

    def errors(self) -> int:
        """How many problems so far keep something out."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    def add(self, problem: Problem, *, key: bool = False, place: Position | None = None) -> None:
        """Keep the problem, with the position that its pointer has in the file, or `place`."""
        place = place or self._positions.of(problem.pointer, key=key)
        self.problems.append(
            replace(
                problem,
                file=self._file,
                document=self._document.index,
                line=place.line if place else None,
                column=place.column if place else None,
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

    def check(
        self,
        data: Mapping[str, Any],
        path: list[Step],
        levels: Sequence[Level],
        inherited: Check | None = None,
    ) -> Check:
        """The check at `path`; not to be used where errors were added meanwhile.

        What it does not say is that of the `inherited` one.
        """
        if inherited is None:
            for key in NEEDED:
                if key not in data:
                    message, hint = f"`{key}` is missing", f"Add `{key}`"
                    self._say("FIELD_REQUIRED", [*path, key], message, hint=hint)
        readers: dict[str, Callable[[Any, list[Step]], Any]] = {
            "level": lambda item, at: self._level(item, at, levels),
            "rule": lambda item, at: self._rule(item, at, depth=1),
            "observe": self._observations,
            "links": lambda item, _: tuple(Link(title=i["title"], url=i["url"]) for i in item),
            "lifecycle": self._lifecycle,
            "max_age": lambda item, _: duration(item),
            "grace": lambda item, _: duration(item),
            "tests": self._tests,
        }
        given = {
            key: readers[key](data[key], [*path, key]) if key in readers else data[key]
            for key in data
            if key != "applies_to"
        }
        if "applies_to" in data:
            leaf, because = self.applies_to(data["applies_to"], [*path, "applies_to"])
            given |= {"applies_to": leaf, "applies_because": because}
        check = replace(inherited or _BLANK, **given)
        if check.max_age is not None and data.keys() & {"applies_to", "max_age", "rule"}:
            self._is_never_old(check, [*path, "max_age"] if "max_age" in data else path)
        return check

    def _is_never_old(self, check: Check, path: list[Step]) -> None:
        """Tell where `max_age` is of facts that follow each change: what lasts for long is not old."""
        conditions = [] if check.applies_to is None else [check.applies_to]
        programs = [
            self._language.compile(leaf.expression)
            for leaf in [*conditions, *rules.leaves(check.rule)]
        ]
        mentioned = {n for one in programs if isinstance(one, Program) for n in one.facts}
        fresh = sorted(name for name in mentioned if name.startswith(_UNTIMED))
        if not fresh:
            return
        message = f"`{fresh[0]}` follows every change: it would become stale by not changing"
        hint = "Take `max_age` out"
        if len(fresh) < len(mentioned):
            hint = "Ask for the facts that can be too old in a check of their own"
        self._warn("MAX_AGE_UNTIMED", path, message, hint=hint)

    def analyze(
        self, check: Check, path: list[Step], conditions: Sequence[Leaf], *, rule: bool
    ) -> None:
        """Tell what the check can be seen to say whatever the facts are (`scorecards.analysis`).

        `conditions` say whom it applies to; `rule`: its rule stands in this document too.
        """
        trees = self._trees([*conditions, *rules.leaves(check.rule)])
        integers = self._language.integers
        if analysis.applies_nowhere(conditions, trees, integers=integers):
            message = f"the check `{check.id}` can be seen to apply to nothing"
            hint = "Compare what its scorecard applies to"
            self._warn("APPLIES_TO_NOTHING", [*path, "applies_to"], message, hint=hint)
        if not rule:
            return
        at = [*path, "rule"]
        for finding in analysis.analyze(check.rule, conditions, trees, integers=integers):
            match finding:
                case analysis.NeverPasses():
                    message = "no entity that it applies to can ever pass the rule"
                    self._say("RULE_NEVER_PASSES", at, message)
                case analysis.AlwaysPasses():
                    message = "every entity that it applies to passes the rule, whatever it is"
                    self._say("RULE_ALWAYS_PASSES", at, message)
                case analysis.Duplicate(path=inside, counted=counted):
                    message = "this stands there already" + (", and counts twice" * counted)
                    hint = "Take one of them out"
                    self._warn("RULE_DUPLICATE", [*at, *inside], message, hint=hint)
                case analysis.Redundant(path=inside):
                    message = "this says nothing that the rules beside it do not say"
                    self._warn("RULE_REDUNDANT", [*at, *inside], message, hint="Take it out")
                case _:
                    assert_never(finding)

    def _trees(self, leaves: Sequence[Leaf]) -> dict[str, Expression]:
        """The syntax of leaves that are known to compile."""
        found = {}
        for leaf in leaves:
            program = self._language.compile(leaf.expression)
            if isinstance(program, Program):
                found[leaf.expression] = read(compiled.expression(program.run.serialize()))
        return found

    def applies_to(self, data: Any, path: list[Step]) -> tuple[Leaf | None, str]:
        """The condition, and in words for whom it holds."""
        if data is None:
            return None, ""
        written = data if isinstance(data, dict) else {"rule": data}
        text, at = written["rule"], [*path, "rule"] if isinstance(data, dict) else path
        if _FILTER_NAME.fullmatch(text) and text not in _WORDS:
            return self._filter(text, at, written.get("because", ""))
        return self._leaf(text, at), written.get("because") or _because(text)

    def _filter(self, name: str, path: list[Step], because: str) -> tuple[Leaf | None, str]:
        found = self.known_filters.get(name)
        if found is None:
            known = sorted(self.known_filters)
            near = nearest(name, known)
            hint = f"Did you mean `{near}`?" if near else "Name it under `filters`"
            self._say("UNKNOWN_FILTER", path, f"there is no filter `{quote(name)}`", hint=hint)
            return None, ""
        return found.leaf, because or found.because

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

    def _observations(self, data: Sequence[Any], path: list[Step]) -> tuple[Observation, ...]:
        return tuple(self._observation(item, [*path, index]) for index, item in enumerate(data))

    def _observation(self, data: Any, path: list[Step]) -> Observation:
        title, expression = data, data
        if not isinstance(data, str):
            title, expression, path = data["title"], data["expression"], [*path, "expression"]
        self._compiled(expression, path)
        line, column = self._positions.of(pointer(path)) or (0, 0)
        return Observation(title=title, expression=expression, line=line, column=column)

    def _lifecycle(self, data: Any, path: list[Step]) -> Lifecycle:
        if isinstance(data, str):
            return Draft() if data == "draft" else ACTIVE
        key, other = ("from", "until") if data["stage"] == "preview" else ("until", "from")
        if key not in data:
            self._say("FIELD_REQUIRED", [*path, key], f"`{key}` is missing", hint=f"Add `{key}`")
            return ACTIVE
        if other in data:
            message = f"`{other}` means nothing for a check in stage `{data['stage']}`"
            self._say("FIELD_UNKNOWN", [*path, other], message, hint=f"Known here: {key}")
        try:
            day = date.fromisoformat(data[key])
        except ValueError:
            message = f"there is no day `{quote(data[key])}`"
            self._say("FIELD_VALUE", [*path, key], message)
            return ACTIVE
        return Preview(starts=day) if key == "from" else Retiring(ends=day)

    def _tests(self, data: Sequence[Mapping[str, Any]], path: list[Step]) -> tuple[Case, ...]:
        cases = []
        for index, item in enumerate(data):
            at = [*path, index]
            place = self._positions.of(pointer(at)) or (0, 0)
            case = read_case(item, self._language.schemas, file=self._file, place=place)
            if isinstance(case, Case):
                cases.append(case)
                continue
            for fault in case:
                self._case_fault(fault, at)
        return tuple(cases)

    def _case_fault(self, fault: CaseFault, path: list[Step]) -> None:
        problem = Problem(
            code=fault.code,
            message=fault.message,
            hint=fault.hint,
            pointer=pointer([*path, *fault.path]),
            found=fault.found,
            expected=fault.expected,
        )
        self.add(problem, key=fault.code == "UNKNOWN_FACT")

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

    def _warn(self, code: str, path: list[Step], message: str, *, hint: str) -> None:
        problem = Problem(code=code, message=message, hint=hint, pointer=pointer(path))
        self.add(replace(problem, severity=Severity.WARNING))

    def _say(self, code: str, path: list[Step], message: str, *, hint: str = "") -> None:
        self.add(Problem(code=code, message=message, hint=hint, pointer=pointer(path)))
