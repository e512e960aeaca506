"""Predicates: the JSON form of a filter, as bodies of POST requests and cursors hold it.

Source: Backstage's FilterPredicate as the catalog accepts it (reference 3.4), observed. The older
form of filters (`allOf`, `anyOf`, `not`, `key` with `values`) may stand in cursors and is read too.
"""

from __future__ import annotations

import orjson

from catalog.errors import QueryError
from catalog.numbers import as_javascript
from catalog.problems import JsonValue, quote
from catalog.queries.query import (
    MOST_CONDITIONS,
    MOST_TOGETHER,
    All,
    AnyOf,
    Equals,
    Filter,
    Has,
    HasPrefix,
    Not,
    together,
)

DEEPEST = 20
"""Nested logical operators that a predicate may have."""
MOST_VALUES = 10_000
"""Alternatives that its conditions may name in all."""


def parse_predicate(data: JsonValue) -> Filter:
    """The filter that a predicate writes. Raises `QueryError` with a sentence."""
    return _checked(_Reader().predicate(data, 0))


def parse_entity_filter(data: JsonValue) -> Filter:
    """The filter of the older form: `{key, values?} | {allOf} | {anyOf} | {not}`."""
    return _checked(_Reader().entity_filter(data, 0))


def _checked(tree: Filter) -> Filter:
    if together(tree) > MOST_TOGETHER:
        raise _invalid(f"over {MOST_TOGETHER} conditions that have to hold together")
    return tree


def predicate_of(tree: Filter) -> JsonValue:
    """The predicate that `parse_predicate` reads as `tree`."""
    match tree:
        case All(parts=parts):
            return {"$all": [predicate_of(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"$any": [predicate_of(part) for part in parts]}
        case Not(part=part):
            return {"$not": predicate_of(part)}
        case Has(key=key):
            return {key: {"$exists": True}}
        case Equals(key=key, values=(value,)):
            return {key: value}
        case Equals(key=key, values=values):
            return {key: {"$in": list(values)}}
        case HasPrefix(key=key, prefix=prefix):
            return {key: {"$hasPrefix": prefix}}


class _Reader:
    """Counts what it reads: a predicate comes from outside."""

    def __init__(self) -> None:
        self._conditions = MOST_CONDITIONS
        self._values = MOST_VALUES

    def predicate(self, data: JsonValue, depth: int) -> Filter:
        self._spend(depth)
        if not isinstance(data, dict):
            raise _invalid(f"expected an object, found {_shown(data)}")
        operators = [key for key in data if key.startswith("$")]
        if not operators:
            parts = tuple(self._condition(key.lower(), value) for key, value in data.items())
            return parts[0] if len(parts) == 1 else All(parts=parts)
        if len(data) > 1:
            raise _invalid(f"{quote(operators[0])} has to stand alone")
        operator, value = next(iter(data.items()))
        if operator == "$not":
            return Not(part=self.predicate(value, depth + 1))
        if operator not in ("$all", "$any"):
            raise _invalid(f"unknown operator {quote(operator)}")
        if not isinstance(value, list):
            raise _invalid(f"{operator} needs a list")
        parts = tuple(self.predicate(item, depth + 1) for item in value)
        return All(parts=parts) if operator == "$all" else AnyOf(parts=parts)

    def entity_filter(self, data: JsonValue, depth: int) -> Filter:
        self._spend(depth)
        match data:
            case {"allOf": list(items)}:
                return All(parts=tuple(self.entity_filter(item, depth + 1) for item in items))
            case {"anyOf": list(items)}:
                return AnyOf(parts=tuple(self.entity_filter(item, depth + 1) for item in items))
            case {"not": item}:
                return Not(part=self.entity_filter(item, depth + 1))
            case {"key": str(key), "values": list(values)}:
                return Equals(key=key.lower(), values=self._texts(key, values))
            case {"key": str(key)}:
                return Has(key=key.lower())
        raise _invalid(f"expected an entity filter, found {_shown(data)}")

    def _condition(self, key: str, value: JsonValue) -> Filter:
        self._spend(0)
        if (text := _text(value)) is not None:
            return Equals(key=key, values=(text,))
        if isinstance(value, dict) and len(value) == 1:
            match value:
                case {"$exists": bool(wanted)}:
                    return Has(key=key) if wanted else Not(part=Has(key=key))
                case {"$in": list(items)}:
                    return Equals(key=key, values=self._texts(key, items))
                case {"$hasPrefix": str(prefix)}:
                    return HasPrefix(key=key, prefix=prefix.lower())
                case {"$contains": dict(inner)}:
                    return self._relation(key, inner)
                case {"$contains": item} if (text := _text(item)) is not None:
                    return Equals(key=key, values=(text,))
        raise _invalid(f"cannot read the condition of {quote(key)}")

    def _relation(self, key: str, inner: dict[str, JsonValue]) -> Filter:
        if key != "relations":
            raise QueryError(f'Object form of $contains is not supported for field "{quote(key)}"')
        given = {name.lower(): value for name, value in inner.items()}
        match given if len(given) == len(inner) else {}:
            case {"type": str(name), "targetref": str(ref)} if name and len(given) == 2:
                return Equals(key=f"relations.{name.lower()}", values=(ref.lower(),))
            case {"type": str(name), "targetref": {"$in": [*refs]}} if (
                name and refs and len(given) == 2
            ):
                return Equals(key=f"relations.{name.lower()}", values=self._texts(key, refs))
            case {"type": str(name)} if name and len(given) == 1:
                return Has(key=f"relations.{name.lower()}")
        raise _invalid("$contains of relations needs a type, and may have a targetRef")

    def _texts(self, key: str, items: list[JsonValue]) -> tuple[str, ...]:
        self._values -= len(items)
        self._check(0)
        texts = [text for item in items if (text := _text(item)) is not None]
        if len(texts) != len(items):
            raise _invalid(f"the values of {quote(key)} have to be strings, numbers or booleans")
        return tuple(dict.fromkeys(texts))

    def _spend(self, depth: int) -> None:
        self._conditions -= 1
        self._check(depth)

    def _check(self, depth: int) -> None:
        if depth > DEEPEST or self._conditions < 0 or self._values < 0:
            raise _invalid(
                f"over {DEEPEST} levels, {MOST_CONDITIONS} conditions or {MOST_VALUES} values"
            )


def _text(value: JsonValue) -> str | None:
    """A primitive as JavaScript writes it, in lower case; None for anything else."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value.lower()
        case int() | float():
            return as_javascript(value)
    return None


def _shown(data: JsonValue) -> str:
    """What was found, as the client wrote it."""
    return quote(data if isinstance(data, str) else orjson.dumps(data).decode())


def _invalid(why: str) -> QueryError:
    return QueryError(f"Invalid query: Validation error: {why}")
