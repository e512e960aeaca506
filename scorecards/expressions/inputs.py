"""Inputs: what expressions look at, as values that can be compared.

An expression that looks at equal inputs says the same, so that it need not be asked again. Python
takes 1, 1.0 and true for equal, and CEL does not: an input is told apart by its type as well. One
that cannot be compared is `ODD`, which no dictionary takes for a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias

from catalog.problems import JsonValue
from scorecards.expressions.cel import Program
from scorecards.expressions.uses import Part, Use

Inputs: TypeAlias = list[Any]
"""One for each use that there is; None is a fact that is not known."""

ODD: list[Any] = []
"""Stands for a value that cannot be compared."""

LONGEST = 1_000
"""Characters of a text, or items of a list, that are compared."""

_PLAIN = frozenset({bool, datetime})
_TEXT = {str}


class Looks:
    """What a number of expressions look at, all together."""

    def __init__(self, programs: Iterable[Program]) -> None:
        uses = sorted({use for program in programs for use in program.uses}, key=_order)
        self._places = {use: place for place, use in enumerate(uses)}
        of = {part: [u for u in uses if u.part is part and not _of_entity(u)] for part in Part}
        # In the order of `_order`.
        self._values = [use.variable for use in of[Part.VALUE]]
        self._members = [(use.variable, use.keys[0]) for use in of[Part.PRESENCE]]
        self._sizes = [use.variable for use in of[Part.SIZE]]
        self._texts = [(use.variable, use.constant) for use in of[Part.TEXT]]
        self._sides: list[tuple[str, Any]] = [(u.variable, u.constant) for u in of[Part.SIDE]]
        self._fields = [use for use in uses if _of_entity(use)]

    def inputs(self, values: Mapping[str, object], entity: JsonValue) -> Inputs:
        """The inputs: facts as in `Knowledge.values`, and the body of the entity, parsed."""
        get: Callable[[str], Any] = values.get
        return [
            *[v if type(v := get(name)) in _PLAIN else _compared(v) for name in self._values],
            *[_member(get(name), key) for name, key in self._members],
            *[len(v) if _texts(v := get(name)) else _compared(v) for name in self._sizes],
            *[
                v == text if type(v := get(name)) is str else _compared(v)
                for name, text in self._texts
            ],
            *[
                (v > number) - (v < number) if type(v := get(name)) is int else _compared(v)
                for name, number in self._sides
            ],
            *[_field(entity, use) for use in self._fields],
        ]

    def look_of(self, program: Program) -> Callable[[Inputs], Any]:
        """What takes the inputs of a program out of all: equal answers are equal inputs."""
        places = [self._places[use] for use in program.uses]
        return itemgetter(*places) if places else _no_inputs


_PARTS = list(Part)


def _order(use: Use) -> tuple[bool, int, Use]:
    return _of_entity(use), _PARTS.index(use.part), use


def _of_entity(use: Use) -> bool:
    return use.variable == "entity"


def _no_inputs(_: Inputs) -> tuple[()]:
    return ()


def _compared(value: Any) -> Any:
    return None if value is None else _scalar(value)


def _texts(value: Any) -> bool:
    """Whether it is a list of texts: the engine finds an item of another type when it gets there."""
    return type(value) is list and not {*map(type, value)} - _TEXT


def _member(value: Any, text: str) -> Any:
    return text in value if _texts(value) else _compared(value)


def _field(entity: JsonValue, use: Use) -> Any:
    """What the entity has there; where it has nothing, how far there is something."""
    at: Any = entity
    for depth, key in enumerate(use.keys):
        if type(at) is not dict:
            held = _scalar(at)
            return ODD if held is ODD else ("not a mapping", depth, held)
        if key not in at:
            return ("absent", depth)
        at = at[key]
    match use.part:
        case Part.PRESENCE:
            return ("present",)
        case Part.VALUE:
            return _scalar(at)
        case _:  # a part of the whole entity
            return ODD


def _scalar(value: Any) -> Any:
    match value:
        case str():
            return value if len(value) <= LONGEST else ODD
        case bool() | int() | None:
            return (type(value), value)
        case float():
            return (float, repr(value))  # 0.0 and -0.0 are equal, and not the same
        case list():
            return (list, *value) if _texts(value) and len(value) <= LONGEST else ODD
        case _:
            return ODD
