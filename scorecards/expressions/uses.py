"""Uses: which part of a value an expression looks at.

What an expression says depends on nothing but its uses. `size(tags) > 2` says the same of all lists
of one length, and `bytes >= 500` of all numbers on one side of 500, so that both need to be asked
about a few values only. Reads the same messages as `scorecards.expressions.compiled`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from enum import StrEnum
from typing import NamedTuple

from scorecards.expressions import compiled
from scorecards.expressions.protobuf import fields, parts

_CONSTANT, _IDENT, _SELECT, _CALL = 3, 4, 5, 6
_CONSTANT_INT, _CONSTANT_STRING = 3, 6
_IDENT_NAME = 1
_SELECT_OPERAND, _SELECT_FIELD, _SELECT_TEST = 1, 2, 3
_CALL_TARGET, _CALL_FUNCTION, _CALL_ARGUMENT = 1, 2, 3

_SAME = frozenset({b"_==_", b"_!=_"})
_ORDER = frozenset({b"_<_", b"_<=_", b"_>_", b"_>=_"}) | _SAME
_KEYED = frozenset({b"_[_]", b"@in"})


class Part(StrEnum):
    """What of a value is looked at."""

    VALUE = "value"
    PRESENCE = "presence"
    """Whether the last key is there: in a mapping, or as an item of a list of texts."""
    SIZE = "size"
    TEXT = "text"
    """Whether it is a certain text."""
    SIDE = "side"
    """Whether it is less than a certain number, equal, or more."""


class Use(NamedTuple):
    """A part of a variable."""

    variable: str
    keys: tuple[str, ...] = ()
    """From the outside inwards: `v.a.b`, `v['a']`."""
    part: Part = Part.VALUE
    constant: str | int | None = None
    """What it is compared with, of `TEXT` and `SIDE`."""


def uses(serialized: bytes, variables: Container[str]) -> frozenset[Use]:
    """What a compiled expression looks at of these variables."""
    return frozenset(_uses(compiled.expression(serialized), variables))


def _uses(expression: bytes, variables: Container[str]) -> Iterator[Use]:
    use = _path(expression, variables) or _reduced(expression, variables)
    if use is not None:
        yield use
        return
    for child in compiled.children(expression):
        yield from _uses(child, variables)


def _path(expression: bytes, variables: Container[str]) -> Use | None:
    """The variable or a key of it, where the expression is nothing else."""
    for ident in parts(expression, _IDENT):
        name = next(parts(ident, _IDENT_NAME), b"").decode()
        return Use(name) if name in variables else None
    for select in parts(expression, _SELECT):
        base = next((_path(p, variables) for p in parts(select, _SELECT_OPERAND)), None)
        tested = any(number == _SELECT_TEST and value for number, value in fields(select))
        key = next(parts(select, _SELECT_FIELD), b"").decode()
        return _inside(base, key, Part.PRESENCE if tested else Part.VALUE)
    for call in parts(expression, _CALL):
        function = next(parts(call, _CALL_FUNCTION), b"")
        if function in _KEYED:
            arguments = list(parts(call, _CALL_ARGUMENT))
            held, key_ = arguments if function == b"_[_]" else reversed(arguments)
            text = _text(key_)
            part = Part.PRESENCE if function == b"@in" else Part.VALUE
            return None if text is None else _inside(_path(held, variables), text, part)
    return None


def _inside(base: Use | None, key: str, part: Part) -> Use | None:
    return None if base is None else Use(base.variable, (*base.keys, key), part)


def _reduced(expression: bytes, variables: Container[str]) -> Use | None:
    """A variable in a call that looks at a part of it only."""
    for call in parts(expression, _CALL):
        function = next(parts(call, _CALL_FUNCTION), b"")
        arguments = [*parts(call, _CALL_TARGET), *parts(call, _CALL_ARGUMENT)]
        variable = _variable(arguments[0], variables) if arguments else None
        if variable is None:
            return None
        if function == b"size" and len(arguments) == 1:
            return Use(variable, (), Part.SIZE)
        if function in _SAME and (text := _text(arguments[1])) is not None:
            return Use(variable, (), Part.TEXT, text)
        if function in _ORDER and (number := _number(arguments[1])) is not None:
            return Use(variable, (), Part.SIDE, number)
    return None


def _variable(expression: bytes, variables: Container[str]) -> str | None:
    for ident in parts(expression, _IDENT):
        name = next(parts(ident, _IDENT_NAME), b"").decode()
        return name if name in variables else None
    return None


def _text(expression: bytes) -> str | None:
    for constant in parts(expression, _CONSTANT):
        for text in parts(constant, _CONSTANT_STRING):
            return text.decode()
    return None


def _number(expression: bytes) -> int | None:
    for constant in parts(expression, _CONSTANT):
        for number, value in fields(constant):
            if number == _CONSTANT_INT and isinstance(value, int):
                return value - 2**64 if value >= 2**63 else value
    return None
