"""Random checks of json-rules-engine with facts, and what that engine says of them.

The evaluator follows json-rules-engine 7.3.1, as far as the facts' types go; a test of the official
package holds it to that.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from scorecards.facts import FactType

Json = Any

FACTS = {
    "flag": FactType.BOOL,
    "count": FactType.INT,
    "share": FactType.DOUBLE,
    "word": FactType.STRING,
    "langs": FactType.STRINGS,
    "other": FactType.STRING,
    "limit": FactType.INT,
}
"""Facts of the retriever `cov`, by name."""

WORDS = st.sampled_from(["", "go", "ts", "production", "Prod", "80", "é\n\"'\\"])
WHOLE = st.integers(-3, 3)
PARTS = st.sampled_from([-1.5, -1.0, 0.0, 0.5, 1.0, 2.0, 80.0])

VALUES: dict[FactType, st.SearchStrategy[Any]] = {
    FactType.BOOL: st.booleans(),
    FactType.INT: WHOLE,
    FactType.DOUBLE: PARTS,
    FactType.STRING: WORDS,
    FactType.STRINGS: st.lists(WORDS, max_size=3),
}

SCALARS = st.one_of(st.booleans(), WHOLE, PARTS, WORDS)

OPERATORS = [
    "equal",
    "notEqual",
    "lessThan",
    "lessThanInclusive",
    "greaterThan",
    "greaterThanInclusive",
    "in",
    "notIn",
    "contains",
    "doesNotContain",
    "not:equal",
    "someFact:equal",
    "everyFact:in",
]


FITTING = {
    FactType.BOOL: ("equal", "notEqual", "in", "notIn", "not:equal"),
    FactType.INT: ("equal", "notEqual", "lessThan", "greaterThanInclusive", "in", "not:equal"),
    FactType.DOUBLE: ("equal", "notEqual", "lessThanInclusive", "greaterThan", "notIn"),
    FactType.STRING: ("equal", "notEqual", "in", "notIn", "not:equal"),
    FactType.STRINGS: ("contains", "doesNotContain", "someFact:equal", "everyFact:in"),
}


@st.composite
def sound(draw: st.DrawFn) -> Json:
    """One leaf of which everything fits."""
    fact = draw(st.sampled_from(sorted(FACTS)))
    operator = draw(st.sampled_from(FITTING[FACTS[fact]]))
    values = WORDS if FACTS[fact] is FactType.STRINGS else VALUES[FACTS[fact]]
    is_listed = operator.lower().endswith("in")
    value = draw(st.lists(values, min_size=1, max_size=3) if is_listed else values)
    return {"fact": fact, "operator": operator, "value": value}


@st.composite
def anything(draw: st.DrawFn) -> Json:
    """One leaf of which little may fit."""
    fact = draw(st.sampled_from(sorted(FACTS)))
    operator = draw(st.sampled_from(OPERATORS))
    value: Json = draw(
        st.one_of(
            VALUES[FACTS[fact]],
            SCALARS,
            st.lists(SCALARS, min_size=1, max_size=3),
            st.sampled_from(sorted(FACTS)).map(lambda name: {"fact": name}),
        )
    )
    return {"fact": fact, "operator": operator, "value": value}


RULES = st.recursive(
    st.one_of(sound(), sound(), sound(), anything()),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
).map(lambda rule: rule if rule.keys() & {"all", "any", "not"} else {"all": [rule]})

VALUED = st.fixed_dictionaries({name: VALUES[kind] for name, kind in FACTS.items()})


def app_config(rule: Json) -> str:
    """A configuration with one check."""
    check = {
        "type": "json-rules-engine",
        "name": "Check",
        "description": "A check.",
        "factIds": ["cov"],
        "metadata": {"rank": 1},
        "rule": {"conditions": rule},
    }
    return json.dumps({"techInsights": {"factChecker": {"checks": {"check": check}}}})


class Thrown(Exception):
    """The engine fails, and with it every check of the entity."""


def holds(rule: Json, facts: dict[str, Json]) -> bool:
    """What the engine says."""
    # Every part is evaluated, whatever the others say: one of them may fail.
    if "all" in rule:
        return False not in [holds(part, facts) for part in rule["all"]]
    if "any" in rule:
        return True in [holds(part, facts) for part in rule["any"]]
    if "not" in rule:
        return not holds(rule["not"], facts)
    value = rule["value"]
    if isinstance(value, dict):
        value = facts[value["fact"]]
    return _holds(rule["operator"], facts[rule["fact"]], value)


def _holds(operator: str, a: Json, b: Json) -> bool:
    decorator, _, inner = operator.partition(":")
    if inner:
        if decorator == "not":
            return not _holds(inner, a, b)
        if not isinstance(a, list):
            return False
        every = all if decorator == "everyFact" else any
        return every([_holds(inner, item, b) for item in a])
    match operator:
        case "equal":
            return _same(a, b)
        case "notEqual":
            return not _same(a, b)
        case "in":
            return _index_of(b, a)
        case "notIn":
            return not _index_of(b, a)
        case "contains":
            return isinstance(a, list) and any(_same(item, b) for item in a)
        case "doesNotContain":
            return isinstance(a, list) and not any(_same(item, b) for item in a)
    return _related(operator, a, b)


def _same(a: Json, b: Json) -> bool:
    """JavaScript's `===`: lists are the same only if they are one."""
    if isinstance(a, list) or isinstance(b, list):
        return a is b
    if isinstance(a, bool) != isinstance(b, bool) or isinstance(a, str) != isinstance(b, str):
        return False
    return bool(a == b)


def _index_of(b: Json, a: Json) -> bool:
    if isinstance(b, list):
        return any(_same(item, a) for item in b)
    if isinstance(b, str):
        return _text(a) in b
    raise Thrown


def _text(value: Json) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _related(operator: str, a: Json, b: Json) -> bool:
    if isinstance(a, bool) or not _begins_as_a_number(_text(a)):
        return False
    if isinstance(a, list) or isinstance(b, list):
        a, b = (_text(x) if isinstance(x, list) else x for x in (a, b))
    if not (isinstance(a, str) and isinstance(b, str)):
        a, b = _number(a), _number(b)
    return {
        "lessThan": a < b,
        "lessThanInclusive": a <= b,
        "greaterThan": a > b,
        "greaterThanInclusive": a >= b,
    }[operator]


def _begins_as_a_number(text: str) -> bool:
    stripped = text.lstrip()
    return stripped[:1].isdigit() or (stripped[:1] in "+-." and stripped[1:2].isdigit())


def _number(value: Json) -> float:
    try:
        return float(value if value != "" else 0)
    except ValueError:
        return float("nan")
