"""Expressions: CEL (Common Expression Language), compiled against the facts there are.

The only module that knows the engine, `cel-expr-python` 0.1.3, and the wordings of its messages.
What follows from a value or an error (pass, fail, unknown) is decided elsewhere.

The engine stops an evaluation after 10,000 iterations, and its regular expressions are linear. It
bounds no memory: evaluation belongs in a process with an address-space limit (design 2a.1).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from catalog.problems import quote
from scorecards.expressions import compiled, habits
from scorecards.expressions.near_facts import (
    DIGIT_HINT,
    begun_with_digit,
    hint_for,
    hyphened,
    in_brackets,
)
from scorecards.expressions.uses import Use, uses
from scorecards.facts import FactSchema, FactType

LONGEST_EXPRESSION = 2_000
"""Characters."""

Bindings: TypeAlias = Any
"""The values of one entity, prepared once for all of its expressions. Opaque."""

_NOT_FACTS = frozenset({"entity", "now"})

_TYPES = {
    FactType.BOOL: cel.Type.BOOL,
    FactType.INT: cel.Type.INT,
    FactType.DOUBLE: cel.Type.DOUBLE,
    FactType.STRING: cel.Type.STRING,
    FactType.TIMESTAMP: cel.Type.TIMESTAMP,
    FactType.STRINGS: cel.Type.List(cel.Type.STRING),
}
_ERROR = re.compile(
    r"^(?:[A-Z_]{2,20}: )?ERROR: <input>:(-?\d+):(-?\d+): (.{0,2000})$", re.MULTILINE
)
_UNDECLARED = re.compile(r"undeclared reference to '([^']{0,500})'")
_CONTAINER = re.compile(r" \(in container '[^']*'\)")
_STATUS = re.compile(r"^[A-Z_]{2,20}: | \[[A-Z_]{2,20}\]$")
_OUTSIDE = "Index error: "
_ABSENT = re.compile(r'^NOT_FOUND: Key not found in map : "?(.*?)"?$')


class ExpressionError(Exception):
    """An expression does not compile: for code only, authors of scorecards are told a `Fault`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Why an expression cannot be used. Line and column are from 1, inside the expression."""

    code: str
    message: str
    line: int = 1
    column: int = 1
    hint: str = ""
    found: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A compiled expression."""

    expression: str
    references: frozenset[str]
    """The facts it mentions, and `entity` and `now`."""
    facts: tuple[str, ...]
    """The facts alone, sorted."""
    uses: frozenset[Use]
    """The parts of the facts and of `entity` that it looks at."""
    returns: str
    """Name of its CEL type: `BOOL`, `INT`, ...; `DYN` where only a run can tell."""
    run: Any
    """The engine's own object."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """An evaluation that gave an error instead of a value."""

    message: str
    absent: str | None = None
    """The key that a map did not have, where that is the error."""
    outside: bool = False
    """Whether a list did not have the place that was asked for."""


class Language:
    """CEL with one typed variable for each fact, `entity` (any) and `now` (timestamp)."""

    def __init__(self, schemas: Mapping[str, FactSchema], *, free: Collection[str] = ()) -> None:
        """`free` are variables of any type beside these."""
        self.schemas = schemas
        self._others = _NOT_FACTS | frozenset(free)
        self.names = frozenset(schemas) | self._others
        self._compiled: dict[str, Program | tuple[Fault, ...]] = {}
        self.integers = frozenset(n for n, s in schemas.items() if s.type is FactType.INT)
        types = {name: _TYPES[schema.type] for name, schema in schemas.items()}
        self._environment = cel.NewEnv(
            variables=types
            | dict.fromkeys((*free, "entity"), cel.Type.DYN)
            | {"now": cel.Type.TIMESTAMP},
            # split, lowerAscii and the like: names of teams are written in many ways.
            extensions=[ext_strings.ExtStrings()],
        )
        self._regex_environment = cel.NewEnv(variables={"pattern": cel.Type.STRING})
        self._regex = self._regex_environment.compile('"".matches(pattern)')

    def compile(self, expression: str) -> Program | tuple[Fault, ...]:
        """The program, or every fault of the expression (at least one)."""
        # Loading asks several times: for a leaf, for its conditions, for what all of a tree says.
        if expression not in self._compiled:
            self._compiled[expression] = self._compile(expression)
        return self._compiled[expression]

    def _compile(self, expression: str) -> Program | tuple[Fault, ...]:
        if len(expression) > LONGEST_EXPRESSION:
            message = f"the expression has more than {LONGEST_EXPRESSION} characters"
            return (
                Fault(code="RULE_TOO_LONG", message=message, hint="Split it into several leaves."),
            )
        try:
            run = self._environment.compile(expression)
        except (RuntimeError, ValueError) as error:
            return self._faults(expression, str(error))
        serialized = run.serialize()
        if faults := tuple(f for p in compiled.patterns(serialized) for f in self._bad_regex(p)):
            return faults
        references = compiled.variables(serialized) & self.names
        return Program(
            expression=expression,
            references=references,
            facts=tuple(sorted(references - self._others)),
            uses=uses(serialized, references - {"now"}),
            returns=run.return_type().name(),
            run=run,
        )

    def compile_together(self, programs: Sequence[Program]) -> Any | None:
        """One engine's object whose value is the list of theirs; None where that is too much."""
        try:
            # A line of its own for each: it may end in a comment.
            return self._environment.compile(
                "[" + ",".join(f"(\n{program.expression}\n)" for program in programs) + "]"
            )
        except (RuntimeError, ValueError):
            return None

    def bind(self, values: Mapping[str, object]) -> Bindings:
        """`values` by name, ready for `evaluate`. Lists must be `list`, not `tuple`."""
        return self._environment.Activation(values)

    def _bad_regex(self, pattern: str) -> tuple[Fault, ...]:
        # The engine looks at a pattern only when it runs; a rule must be refused when it is loaded.
        value = evaluate(self._regex, self._regex_environment.Activation({"pattern": pattern}))
        if not isinstance(value, Raised):
            return ()
        hint = "Patterns are RE2: no look-around, no back-references, at most 1,000 repeats."
        code = "REGEX_UNSUPPORTED"
        return (Fault(code=code, message=value.message, hint=hint, found=quote(pattern)),)

    def _faults(self, expression: str, message: str) -> tuple[Fault, ...]:
        if "recursion" in message:
            hint = "Use a list (`x in [...]`), or `all:` and `any:` with several leaves."
            return (
                Fault(
                    code="RULE_TOO_DEEP", message="the expression is nested too deeply", hint=hint
                ),
            )
        # Both halves of a name with a hyphen in it are one fault.
        faults = tuple(
            dict.fromkeys(
                self._fault(expression, int(line), int(column), text)
                for line, column, text in _ERROR.findall(message)
            )
        )
        return _without_echoes(faults) or (
            Fault(code="EXPRESSION_SYNTAX", message=_plain(message)),
        )

    def _fault(self, expression: str, line: int, column: int, text: str) -> Fault:
        line, column = max(line, 1), max(column, 1)
        if found := _UNDECLARED.search(text):
            return self._undeclared(expression, found[1], line=line, column=column)
        text = _plain(_CONTAINER.sub("", text))
        if text.startswith("Syntax error"):
            written = _line_of(expression, line)
            if digit := begun_with_digit(written, column, self.schemas):
                name, column = digit
                return self._unknown(name, line=line, column=column)
            message, hint = habits.syntax(text, written, column)
            if text.startswith("Syntax error: mismatched input '."):
                hint = DIGIT_HINT
            return Fault(
                code="EXPRESSION_SYNTAX", message=message, line=line, column=column, hint=hint
            )
        message, hint = habits.other(text)
        # A word that is kept for later is found by the parser, as a mistake in the spelling is.
        code = "EXPRESSION_SYNTAX" if text.startswith("reserved") else "EXPRESSION_TYPE"
        return Fault(code=code, message=message, line=line, column=column, hint=hint)

    def _undeclared(self, expression: str, name: str, *, line: int, column: int) -> Fault:
        # The engine points at the last dot of a dotted name; people look for its beginning.
        column = max(1, column - name.rfind(".")) if "." in name else column
        written = _line_of(expression, line)
        if whole := hyphened(written, column, self.schemas):
            name, column = whole
        fact = in_brackets(written, column, name, self.schemas)
        hint = f"Write '{fact}': facts are in no map." if fact else hint_for(name, self.names)
        hint = hint or habits.name(name, written, column)
        return self._unknown(name, line=line, column=column, hint=hint)

    def _unknown(self, name: str, *, line: int, column: int, hint: str = "") -> Fault:
        dotted = "." in name
        return Fault(
            code="UNKNOWN_FACT" if dotted else "UNKNOWN_NAME",
            message=f"there is no {'fact' if dotted else 'variable or function'} '{quote(name)}'",
            line=line,
            column=column,
            hint=hint or hint_for(name, self.names),
            found=quote(name),
        )


def compiled_or_raise(language: Language, expression: str) -> Program:
    """The program of an expression that was compiled before; raises `ExpressionError`."""
    program = language.compile(expression)
    if isinstance(program, Program):
        return program
    fault = program[0]
    message = f"{fault.message} in `{quote(expression)}`"
    raise ExpressionError(message)


def evaluate(program: Any, bindings: Bindings) -> object:
    """The value of an engine's program (`Program.run`) as plain Python, or `Raised`.

    A value that is an error looks like a text to Python; only a look at its type tells them apart.
    """
    try:
        value = program.eval(activation=bindings)
        plain: object = value.plain_value()
        if plain is True or plain is False:
            return plain
        if value.type() == cel.Type.ERROR:
            message = str(value.value())
            absent = _ABSENT.match(message)
            return Raised(
                message=_plain(message),
                absent=absent[1] if absent else None,
                outside=_OUTSIDE in message,
            )
    except (MemoryError, SystemError):  # the latter where the memory goes while a value is unpacked
        return Raised(message="RULE_LIMIT: the value does not fit into memory")
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        text = _plain(str(error))
        return Raised(message=f"RULE_LIMIT: {text}" if "budget" in text else text)
    if isinstance(plain, timedelta):
        return plain.total_seconds()
    return plain


def _without_echoes(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """The faults, of which only the first may be one of syntax: what the parser says later follows."""
    syntax = [fault for fault in faults if fault.code == "EXPRESSION_SYNTAX"]
    if not syntax:
        return faults
    return tuple(f for f in faults if f.code != "EXPRESSION_TYPE" and f not in syntax[1:])


def _line_of(expression: str, line: int) -> str:
    """A line of the expression, from 1; '' where there is none."""
    lines = expression.split("\n")
    return lines[line - 1] if line <= len(lines) else ""


def _plain(message: str) -> str:
    """The engine's message without its status words."""
    return quote(_STATUS.sub("", _STATUS.sub("", message.splitlines()[0] if message else "")))
