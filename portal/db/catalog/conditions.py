"""Conditions: what has to hold for rows of a table, as a shape and the values in it.

What people ask differs in values: of which owner, with which word. To make a statement of it takes longer
than the database takes to answer. So a condition says what it is made by, which is its shape, and what
is put in; a statement is written once for each shape, and kept (`portal.db.prepared`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, false, not_, or_, true

Shape: TypeAlias = tuple[Any, ...]
"""A function, and what it is told. It takes `Given` first, and makes the SQL."""


class Given:
    """The values of a condition, as a statement takes them: in their order."""

    def __init__(self, dialect: str, take: Callable[[], BindParameter[Any]]) -> None:
        self.dialect = dialect
        self.one = take
        """The next value."""

    def some(self, number: int) -> list[BindParameter[Any]]:
        """The next values."""
        return [self.one() for _ in range(number)]


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds for some rows."""

    shape: Shape
    values: tuple[Any, ...] = ()
    """As the driver has them."""

    def element(self, dialect: str) -> ColumnElement[bool]:
        """As a part of a statement that is made for this once."""
        values = iter(self.values)
        return make(self.shape, Given(dialect, lambda: bindparam(None, next(values), unique=True)))

    def named(self, prefix: str) -> dict[str, Any]:
        """The values of `part`, by the names of its parameters."""
        return {f"{prefix}{place}": value for place, value in enumerate(self.values)}


def part(shape: Shape, dialect: str, prefix: str) -> ColumnElement[bool]:
    """A condition as a part of a statement that is kept; its parameters begin with `prefix`."""
    places = count()
    return make(shape, Given(dialect, lambda: bindparam(f"{prefix}{next(places)}")))


def make(shape: Shape, given: Given) -> ColumnElement[bool]:
    """The SQL of a shape, with these values."""
    maker, *told = shape
    made: ColumnElement[bool] = maker(given, *told)
    return made


def every(parts: Sequence[Condition]) -> Condition:
    """What holds where all of these do. What says nothing is left out: planners stumble over it."""
    if NEVER in parts:
        return NEVER
    return _joined(_every, [one for one in parts if one != ALWAYS])


def any_of(parts: Sequence[Condition]) -> Condition:
    """What holds where one of these does."""
    if ALWAYS in parts:
        return ALWAYS
    return _joined(_any_of, [one for one in parts if one != NEVER])


def opposite(one: Condition) -> Condition:
    """What holds where this does not."""
    if one in (ALWAYS, NEVER):
        return NEVER if one == ALWAYS else ALWAYS
    return Condition((_opposite, one.shape), one.values)


def _joined(maker: Callable[..., ColumnElement[bool]], parts: Sequence[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    shapes = tuple(one.shape for one in parts)
    return Condition((maker, *shapes), tuple(value for one in parts for value in one.values))


def _every(given: Given, *shapes: Shape) -> ColumnElement[bool]:
    return and_(true(), *[make(shape, given) for shape in shapes])


def _any_of(given: Given, *shapes: Shape) -> ColumnElement[bool]:
    return or_(false(), *[make(shape, given) for shape in shapes])


def _opposite(given: Given, shape: Shape) -> ColumnElement[bool]:
    return not_(make(shape, given))


ALWAYS, NEVER = Condition((_every,)), Condition((_any_of,))
