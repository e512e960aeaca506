"""json-rules-engine's conditions, as CEL: what one leaf means for a fact of a known type.

Source of the meanings: json-rules-engine 7.3.1. Comparison is JavaScript's strict one, and what
does not fit an operator's type is false, without a word. Such a leaf says the same of every entity,
so that it is not translated but told.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from catalog.problems import JsonValue, quote
from scorecards.facts import FactType

RELATIONS = {
    "lessThan": "<",
    "lessThanInclusive": "<=",
    "greaterThan": ">",
    "greaterThanInclusive": ">=",
}

_OPPOSITES = {"notEqual": "equal", "notIn": "in"}

_NUMBERS = frozenset({FactType.INT, FactType.DOUBLE})

ITEM = "item"
"""What an element of a list is called in an expression."""


class Untranslatable(Exception):
    """A condition that has no translation. `args[0]` says why, `key` which part of it."""

    def __init__(self, why: str, key: str = "") -> None:
        super().__init__(why)
        self.key = key


@dataclass(frozen=True, kw_only=True, slots=True)
class Operand:
    """A CEL expression with its type."""

    text: str
    type: FactType

    @property
    def wrapped(self) -> str:
        """The text as a part of a larger expression."""
        return (
            self.text if self.text.replace(".", "").replace("_", "").isalnum() else f"({self.text})"
        )


def leaf(operator: str, fact: Operand, value: JsonValue | Operand) -> str:
    """The expression that holds where the condition does. Raises `Untranslatable`.

    `value` is what stands in the condition, or the fact that it names.
    """
    decorator, _, inner = operator.rpartition(":")
    if decorator:
        return _decorated(decorator, inner, fact, value)
    if operator in _OPPOSITES:
        return _not(leaf(_OPPOSITES[operator], fact, value))
    if operator in RELATIONS:
        return _relation(RELATIONS[operator], fact, value)
    translate = _TRANSLATED.get(operator)
    if translate is None:
        raise Untranslatable(f"operator `{quote(operator)}` is registered in code", "operator")
    return translate(fact, value)


def _decorated(decorator: str, inner: str, fact: Operand, value: JsonValue | Operand) -> str:
    outer, _, nearest = decorator.rpartition(":")
    if nearest == "not":
        inside = _not(leaf(inner, fact, value))
    elif nearest in ("someFact", "everyFact") and fact.type is FactType.STRINGS:
        word = "exists" if nearest == "someFact" else "all"
        element = Operand(text=ITEM, type=FactType.STRING)
        inside = f"{fact.wrapped}.{word}({ITEM}, {leaf(inner, element, value)})"
    else:
        raise Untranslatable(f"decorator `{quote(nearest)}` has no translation here", "operator")
    if outer:
        raise Untranslatable("several decorators in a row have no translation", "operator")
    return inside


def _not(expression: str) -> str:
    return f"!({expression})"


def _equal(fact: Operand, value: JsonValue | Operand) -> str:
    if isinstance(value, Operand):
        return _both(fact, "==", value)
    if fact.type is FactType.BOOL and isinstance(value, bool):
        return fact.text if value else f"!{fact.wrapped}"
    return f"{fact.wrapped} == {_literal(value, fact)}"


def _relation(sign: str, fact: Operand, value: JsonValue | Operand) -> str:
    if isinstance(value, Operand):
        if {fact.type, value.type} <= _NUMBERS:
            return _both(fact, sign, value)
        raise Untranslatable("facts that are no numbers are compared as JavaScript does", "value")
    if fact.type is FactType.BOOL or fact.type is FactType.STRINGS:
        raise Untranslatable(f"it is never true of a fact of type {fact.type}", "operator")
    if fact.type not in _NUMBERS:
        raise Untranslatable("texts are compared as JavaScript does", "operator")
    number = _number(value)
    if fact.type is FactType.INT and not float(number).is_integer():
        return f"double({fact.text}) {sign} {_written(number, FactType.DOUBLE)}"
    return f"{fact.wrapped} {sign} {_written(number, fact.type)}"


def _in(fact: Operand, value: JsonValue | Operand) -> str:
    if isinstance(value, Operand):
        if value.type is FactType.STRINGS and fact.type is FactType.STRING:
            return f"{fact.wrapped} in {value.wrapped}"
        raise Untranslatable("only a text can be looked for in a list of texts", "value")
    if isinstance(value, str) and fact.type is FactType.STRING:
        return f"{_quoted(value)}.contains({fact.text})"
    if not isinstance(value, list):
        raise Untranslatable("`in` needs a list", "value")
    fitting = [item for item in value if _fits(item, fact.type)]
    if not fitting:
        raise Untranslatable(f"nothing in the list can be a fact of type {fact.type}", "value")
    return f"{fact.wrapped} in [{', '.join(_literal(item, fact) for item in fitting)}]"


def _contains(fact: Operand, value: JsonValue | Operand) -> str:
    if fact.type is not FactType.STRINGS:
        raise Untranslatable(f"it is never true of a fact of type {fact.type}", "operator")
    if isinstance(value, Operand):
        if value.type is FactType.STRING:
            return f"{value.wrapped} in {fact.wrapped}"
    elif isinstance(value, str):
        return f"{_quoted(value)} in {fact.wrapped}"
    raise Untranslatable("a list of texts contains texts only", "value")


def _lacks(fact: Operand, value: JsonValue | Operand) -> str:
    return _not(_contains(fact, value))


_TRANSLATED: dict[str, Callable[[Operand, JsonValue | Operand], str]] = {
    "equal": _equal,
    "in": _in,
    "contains": _contains,
    "doesNotContain": _lacks,
}


def _both(fact: Operand, sign: str, other: Operand) -> str:
    if fact.type is other.type and fact.type is not FactType.STRINGS:
        return f"{fact.wrapped} {sign} {other.wrapped}"
    if {fact.type, other.type} == _NUMBERS:
        return f"double({fact.text}) {sign} double({other.text})"
    raise Untranslatable(f"a {fact.type} never equals a {other.type}", "value")


def _literal(value: JsonValue, fact: Operand) -> str:
    """A value as CEL writes it, for a comparison with the fact."""
    if not _fits(value, fact.type):
        found = quote(orjson.dumps(value).decode())
        raise Untranslatable(f"{found} never equals a fact of type {fact.type}", "value")
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    assert isinstance(value, int | float)
    return _written(value, fact.type)


def _fits(value: JsonValue, kind: FactType) -> bool:
    """Whether a value can be strictly equal to a fact of this type."""
    match kind:
        case FactType.BOOL:
            return isinstance(value, bool)
        case FactType.STRING:
            return isinstance(value, str)
        case FactType.INT | FactType.DOUBLE:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return is_number and (kind is FactType.DOUBLE or float(value).is_integer())  # type: ignore[arg-type]
        case _:
            return False


def _number(value: JsonValue) -> int | float:
    """A number, or the text of one, which JavaScript takes for it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        # Python alone takes `1_000` for a number.
        number = float(value) if isinstance(value, str) and "_" not in value else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Untranslatable(f"{quote(value)} is no number", "value")
    return number


def _written(number: int | float, kind: FactType) -> str:
    return str(int(number)) if kind is FactType.INT else repr(float(number))


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()
