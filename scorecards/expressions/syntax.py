"""Syntax: a compiled expression as a tree, for whoever reasons about what it says.

Two expressions with the same tree say the same, however they are written: spaces, comments and
brackets are gone. Field numbers are those of `syntax.proto` of the CEL specification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

from scorecards.expressions.protobuf import fields, parts

_ID = 2
_COMPREHENDED = frozenset({2, 4, 5, 6, 7})


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is written out."""

    kind: str
    """`bool`, `int`, `uint`, `double`, `string`, or `other`."""
    value: bool | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Name:
    """A variable: a fact by its dotted name, `entity`, `now`, or a local one of a macro."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """A field of something; or, with `test`, whether there is one (`has`)."""

    operand: Expression
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator; of a method, what it is called on comes first."""

    function: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list that is written out."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else (macros over lists, maps), by its parts."""

    parts: tuple[Expression | int | bytes, ...]


Expression: TypeAlias = Constant | Name | Select | Call | Items | Other


def read(expression: bytes) -> Expression:
    """The tree of a `cel.expr.Expr`."""
    for number, value in fields(expression):
        if number == _ID or not isinstance(value, bytes):
            continue
        match number:
            case 3:
                return _constant(value)
            case 4:
                return Name(next(parts(value, 1), b"").decode())
            case 5:
                return _select(value)
            case 6:
                return _call(value)
            case 7:
                return Items(tuple(read(item) for item in parts(value, 1)))
            case 9:
                return Other(
                    tuple(
                        read(v) if n in _COMPREHENDED and isinstance(v, bytes) else v
                        for n, v in fields(value)
                    )
                )
            case _:
                # Whatever it is, with the ids of its parts it is equal to nothing else.
                return Other((value,))
    return Other(())


def _constant(data: bytes) -> Constant:
    for number, value in fields(data):
        match number, value:
            case 2, int():
                return Constant("bool", value != 0)
            case 3, int():
                return Constant("int", value - (1 << 64) if value >> 63 else value)
            case 4, int():
                return Constant("uint", value)
            case 5, bytes():
                return Constant("double", struct.unpack("<d", value)[0])
            case 6, bytes():
                return Constant("string", value.decode())
    return Constant("other", data)


def _select(data: bytes) -> Select:
    operand = read(next(parts(data, 1), b""))
    field = next(parts(data, 2), b"").decode()
    test = any(number == 3 and value for number, value in fields(data))
    return Select(operand, field, test)


def _call(data: bytes) -> Call:
    function = next(parts(data, 2), b"").decode()
    operands = [*parts(data, 1), *parts(data, 3)]
    return Call(function, tuple(read(operand) for operand in operands))
