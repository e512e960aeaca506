"""Worlds: every case that some expressions can tell apart, and in which of them each is true.

An expression is taken apart along `&&`, `||`, `!` and `?:`. What is left compares something with
constants, and for that a few values are enough: the constants, and one from each gap between them.
All combinations are the worlds; a set of worlds is an integer with a bit for each. What cannot be
taken apart is true or false, whatever it means, so a statement about *all* worlds is right, and
some of the worlds may be impossible.

As in assessment, an expression whose value is an error (the entity has no such field) is false; it
is told apart from false inside, where `||` and `&&` absorb it.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from scorecards.expressions.syntax import Call, Constant, Expression, Items, Name

MOST_WORLDS = 1 << 14
MOST_LEAVES = 12
"""Expressions that are taken as a whole, where there would be too many worlds otherwise."""

_Value: TypeAlias = "bool | int | float | str | object"
_OTHER = object()
"""A value that is equal to none of the constants."""
_ERROR = object()
"""No value: an absent field, a conversion that fails."""

_ORDER: Mapping[str, Callable[..., bool]] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}
_MIRRORED = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_", "_==_": "_==_"}


@dataclass(frozen=True, slots=True)
class _Atom:
    """A comparison of something with constants: equal to one of them, or in an order."""

    subject: Expression
    relation: str
    constants: tuple[_Value, ...]

    def holds(self, value: _Value) -> bool | None:
        """Whether it holds for the value; None: that is an error."""
        if value is _ERROR:
            return None
        if self.relation == "_==_":
            return any(_same(value, constant) for constant in self.constants)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        return _ORDER[self.relation](value, self.constants[0])


class Split(NamedTuple):
    """The worlds in which an expression is true, and in which it is false; elsewhere an error."""

    true: int
    false: int


class Worlds:
    """The worlds of some expressions; there are at most `MOST_WORLDS`."""

    def __init__(self, expressions: Iterable[Expression], *, integers: Container[str]) -> None:
        """`integers` are the variables that are whole numbers.

        Raises `ValueError` where there are more than `MOST_LEAVES` expressions, and too many worlds
        if they are taken apart.
        """
        trees = tuple(dict.fromkeys(expressions))
        values = _values([atom for tree in trees for atom in _atoms(tree)], integers)
        self._whole = math.prod(map(len, values.values())) > MOST_WORLDS
        if self._whole:
            if len(trees) > MOST_LEAVES:
                raise ValueError(f"{len(trees)} expressions are too many")
            values = {tree: [True, False] for tree in trees}
        count = math.prod(map(len, values.values()))
        self.all = (1 << count) - 1
        """The set of all worlds."""
        self._where: dict[Expression, list[tuple[_Value, int]]] = {}
        stride = 1
        for subject, of_it in values.items():
            period = stride * len(of_it)
            # One bit at the beginning of each period, widened to a run of `stride` bits.
            starts = self.all // ((1 << period) - 1)
            run = (1 << stride) - 1
            self._where[subject] = [
                (value, starts * (run << (place * stride))) for place, value in enumerate(of_it)
            ]
            stride = period

    def true(self, expression: Expression) -> int:
        """The worlds in which the expression, one of those given, is true."""
        if self._whole:
            return self._where[expression][0][1]
        return self._split(expression).true

    def _split(self, expression: Expression) -> Split:
        match expression:
            case Call(function="_&&_", operands=(left, right)):
                one, two = self._split(left), self._split(right)
                return Split(one.true & two.true, one.false | two.false)
            case Call(function="_||_", operands=(left, right)):
                one, two = self._split(left), self._split(right)
                return Split(one.true | two.true, one.false & two.false)
            case Call(function="!_", operands=(inner,)):
                found = self._split(inner)
                return Split(found.false, found.true)
            case Call(function="_?_:_", operands=(asked, then, other)):
                if_, one, two = self._split(asked), self._split(then), self._split(other)
                return Split(
                    (if_.true & one.true) | (if_.false & two.true),
                    (if_.true & one.false) | (if_.false & two.false),
                )
            case Constant(kind="bool", value=value):
                return Split(self.all, 0) if value else Split(0, self.all)
            case Call(function="_!=_", operands=(left, right)):
                found = self._split(Call("_==_", (left, right)))
                return Split(found.false, found.true)
        return self._atom(_atom(expression))

    def _atom(self, atom: _Atom) -> Split:
        true = false = 0
        for value, worlds in self._where[atom.subject]:
            holds = atom.holds(value)
            true |= worlds if holds is True else 0
            false |= worlds if holds is False else 0
        return Split(true, false)


def _atoms(expression: Expression) -> Iterable[_Atom]:
    match expression:
        case Call(function="_&&_" | "_||_" | "!_" | "_?_:_", operands=inner):
            for one in inner:
                yield from _atoms(one)
        case Call(function="_!=_", operands=(left, right)):
            yield from _atoms(Call("_==_", (left, right)))
        case Constant(kind="bool"):
            return
        case _:
            yield _atom(expression)


def _atom(expression: Expression) -> _Atom:
    """What the expression compares; at worst itself with true."""
    match expression:
        case Call(function=name, operands=(Constant() as constant, subject)) if name in _MIRRORED:
            expression = Call(_MIRRORED[name], (subject, constant))
    match expression:
        case Call(function="_==_", operands=(subject, Constant(kind=kind, value=value))):
            if kind != "other" and not isinstance(subject, Constant):
                return _Atom(subject, "_==_", (value,))
        case Call(function=name, operands=(subject, Constant(kind=kind, value=value))):
            numeric = kind in ("int", "uint", "double") and not isinstance(subject, Constant)
            if name in _ORDER and numeric:
                return _Atom(subject, name, (value,))
        case Call(function="@in", operands=(subject, Items(items=items))):
            constants = [i for i in items if isinstance(i, Constant) and i.kind != "other"]
            if len(constants) == len(items) and not isinstance(subject, Constant):
                return _Atom(subject, "_==_", tuple(one.value for one in constants))
    return _Atom(expression, "_==_", (True,))


def _values(atoms: Iterable[_Atom], integers: Container[str]) -> dict[Expression, list[_Value]]:
    """For each thing that is compared, enough values of it."""
    constants: dict[Expression, list[_Value]] = {}
    for atom in atoms:
        constants.setdefault(atom.subject, []).extend(atom.constants)
    return {subject: _enough(subject, found, integers) for subject, found in constants.items()}


def _enough(subject: Expression, constants: list[_Value], integers: Container[str]) -> list[_Value]:
    numbers = sorted({c for c in constants if isinstance(c, int | float) and type(c) is not bool})
    truths = [c for c in constants if type(c) is bool]
    found: list[_Value] = []
    if numbers and _is_whole(subject, integers):
        near = {math.floor(n) + step for n in numbers for step in (-1, 0, 1, 2)}
        found.extend(sorted(n for n in near if n >= 0 or not _is_size(subject)))
    elif numbers:
        between = [(a + b) / 2 for a, b in itertools.pairwise(numbers)]
        found.extend([numbers[0] - 1, *sorted({*numbers, *between}), numbers[-1] + 1])
    if truths:
        found.extend([True, False])
    found.extend(dict.fromkeys(c for c in constants if isinstance(c, str)))
    if not numbers and not truths:
        found.append(_OTHER)
    if not isinstance(subject, Name) and not _is_size(subject):
        # A field of the entity may not be there, and may be of any type.
        found.append(_ERROR)
        if _OTHER not in found and len(truths) < len(constants) + (False in truths):
            found.append(_OTHER)
    return found


def _is_size(subject: Expression) -> bool:
    match subject:
        case Call(function="size", operands=(Name(),)):
            return True
    return False


def _is_whole(subject: Expression, integers: Container[str]) -> bool:
    return _is_size(subject) or (isinstance(subject, Name) and subject.name in integers)


def _same(one: _Value, other: _Value) -> bool:
    """Equality as CEL has it: a truth value is no number."""
    return (type(one) is bool) == (type(other) is bool) and one == other
