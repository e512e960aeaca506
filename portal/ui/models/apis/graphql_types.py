"""The types of a GraphQL schema, and what stands in them.

Reads the type system of the specification (https://spec.graphql.org/October2021/#sec-Type-System), which
is small: definitions and extensions, in one pass over the tokens. It does not check the schema; where it
does not understand it, it says the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from textwrap import dedent

from portal.openapi import LONGEST

LONGEST_TYPE = 200
"""Characters."""

_TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|\#[^\n\r]*)|(?P<block>"""(?:\\"""|[^"]|"(?!""))*""")'
    r'|(?P<text>"(?:\\.|[^"\\\n\r])*")|(?P<name>[_A-Za-z]\w*)|(?P<number>-?\d[\w.+-]*)'
    r"|(?P<sign>\.\.\.|[!$&()\[\]{}:=@|])",
    re.ASCII,
)
_OPENED = {"(": ")", "[": "]", "{": "}"}


class NotUnderstood(Exception):
    """The schema says something else at a line than is expected there."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(frozen=True, kw_only=True, slots=True)
class _Token:
    kind: str
    """name, number, sign, text or block; '' at the end."""
    value: str
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A field with its arguments, or a value of an enumeration, or a type of a union."""

    name: str
    type: str
    description: str
    deprecated: bool
    arguments: tuple[Member, ...] = ()


@dataclass(kw_only=True, slots=True)
class Type:
    """A type with what its extensions add."""

    kind: str
    description: str = ""
    members: list[Member] = field(default_factory=list)


def read_types(text: str) -> tuple[dict[str, Type], dict[str, str]]:
    """The types of a schema by name, and the names of its root types. Raises `NotUnderstood`."""
    return _Reader(text).read()


class _Reader:
    """One pass over the tokens of a schema."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._now = next(self._tokens)

    def read(self) -> tuple[dict[str, Type], dict[str, str]]:
        """The types by name, and the names of the root types."""
        types: dict[str, Type] = {}
        roots: dict[str, str] = {}
        while self._now.kind:
            description = self._description()
            word = self._name()
            if word == "extend":
                word = self._name()
            if word == "schema":
                self._directives()
                roots |= {one.name: one.type for one in self._members(self._field_of)}
            elif word == "directive":
                self._directive_definition()
            elif word in ("scalar", "type", "interface", "input", "union", "enum"):
                name = self._name()
                one = types.setdefault(name, Type(kind=word))
                one.description = one.description or description
                one.members += self._body(word)
            else:
                raise self._fault()
        return types, roots

    def _body(self, word: str) -> list[Member]:
        """What a type holds, after its name."""
        if self._taken("implements"):
            while self._now.kind == "name" or self._now.value == "&":
                self._step()
        self._directives()
        if word == "union":
            return self._alternatives() if self._taken("=") else []
        return self._members(self._value_of if word == "enum" else self._field_of)

    def _alternatives(self) -> list[Member]:
        found = []
        self._taken("|")
        while True:
            found.append(Member(name=self._name(), type="", description="", deprecated=False))
            if not self._taken("|"):
                return found

    def _members(self, read: Callable[[], Member]) -> list[Member]:
        """What stands between braces; nothing where there are none."""
        found: list[Member] = []
        if self._taken("{"):
            while not self._taken("}"):
                found.append(read())
        return found

    def _field_of(self) -> Member:
        """A field, or what the schema names as a root."""
        return self._member(self._description(), self._name(), self._arguments())

    def _arguments(self) -> tuple[Member, ...]:
        found: list[Member] = []
        if self._taken("("):
            while not self._taken(")"):
                found.append(self._member(self._description(), self._name(), ()))
        return tuple(found)

    def _member(self, description: str, name: str, arguments: tuple[Member, ...]) -> Member:
        """What follows a name and its arguments."""
        self._expect(":")
        words = self._type()
        if self._taken("="):
            self._value()
        return Member(
            name=name,
            type=words,
            description=description,
            deprecated=self._directives(),
            arguments=arguments,
        )

    def _value_of(self) -> Member:
        """A value of an enumeration."""
        description, name = self._description(), self._name()
        deprecated = self._directives()
        return Member(name=name, type="", description=description, deprecated=deprecated)

    def _type(self) -> str:
        """`[Order!]!`, as it is written."""
        words = ""
        while self._now.value == "[" and len(words) < LONGEST_TYPE:
            words += self._step().value
        words += self._name()
        while self._now.value in ("!", "]") and len(words) < LONGEST_TYPE:
            words += self._step().value
        return words

    def _directives(self) -> bool:
        """Whether one of the directives that stand here says that it is deprecated."""
        deprecated = False
        while self._taken("@"):
            deprecated |= self._name() == "deprecated"
            if self._now.value == "(":
                self._value()
        return deprecated

    def _directive_definition(self) -> None:
        self._expect("@")
        self._name()
        self._arguments()
        self._taken("repeatable")
        if not self._taken("on"):
            raise self._fault()
        self._alternatives()

    def _value(self) -> None:
        """A value of whatever form; lists and objects are passed over to where they are closed."""
        self._taken("$")
        open_: list[str] = []
        while True:
            token = self._step()
            if token.kind == "sign" and token.value in _OPENED:
                open_.append(_OPENED[token.value])
            elif open_ and token.kind == "sign" and token.value == open_[-1]:
                open_.pop()
            elif token.kind == "sign" and token.value not in (":", "$"):
                raise self._fault()
            if not open_:
                return

    def _description(self) -> str:
        if self._now.kind == "block":
            inner = self._step().value[3:-3].replace('\\"""', '"""')
            return dedent(inner).strip()[:LONGEST]
        return self._step().value[1:-1][:LONGEST] if self._now.kind == "text" else ""

    def _name(self) -> str:
        if self._now.kind != "name":
            raise self._fault()
        return self._step().value[:LONGEST_TYPE]

    def _taken(self, value: str) -> bool:
        """Whether this comes next; then it is passed."""
        if self._now.kind in ("sign", "name") and self._now.value == value:
            self._step()
            return True
        return False

    def _expect(self, value: str) -> None:
        if not self._taken(value):
            raise self._fault()

    def _step(self) -> _Token:
        token = self._now
        if not token.kind:
            raise self._fault()
        self._now = next(self._tokens)
        return token

    def _split(self) -> Iterator[_Token]:
        at = 0
        while at < len(self._text):
            found = _TOKEN.match(self._text, at)
            if found is None:
                raise NotUnderstood(self._line(at))
            if found.lastgroup != "skip":
                yield _Token(kind=str(found.lastgroup), value=found.group(), at=at)
            at = found.end()
        yield _Token(kind="", value="", at=at)

    def _fault(self) -> NotUnderstood:
        return NotUnderstood(self._line(self._now.at))

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1
