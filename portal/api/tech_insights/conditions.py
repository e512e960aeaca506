"""Conditions: our rules in the form of json-rules-engine, with what each leaf said.

A comparison of one fact with a literal becomes the operator of the same meaning. Any other
expression is shown as a fact of its own that has to equal true. `at_least`, which that engine does
not have, is an `any` whose name says how many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, assert_never

import orjson

from catalog.problems import JsonValue
from scorecards.facts import FactSchema, FactType
from scorecards.results import CheckResult, Outcome
from scorecards.rules import All, AtLeast, Leaf, Manual, Not, Rule
from scorecards.rules import Any as AnyOf

Json = dict[str, Any]

_OPERATORS = {
    "==": "equal",
    "!=": "notEqual",
    "<": "lessThan",
    "<=": "lessThanInclusive",
    ">": "greaterThan",
    ">=": "greaterThanInclusive",
}

_NAME = r"([a-z][a-z0-9_.]*)"
_TEXT = r"""[^"'\\\x00-\x1f]*"""
_LITERAL = rf"""("{_TEXT}"|'{_TEXT}'|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|true|false)"""
_FLAG = re.compile(rf"\s*(!?)\s*{_NAME}\s*")
_COMPARISON = re.compile(rf"\s*{_NAME}\s*(==|!=|<=|>=|<|>)\s*{_LITERAL}\s*")
_MEMBER = re.compile(rf"\s*{_LITERAL}\s+in\s+{_NAME}\s*")

_PRIORITY = {"priority": 1}
"""What the engine adds to every node that it has evaluated."""


class Conditions:
    """Writes the rules of one check."""

    def __init__(self, names: Mapping[str, str], schemas: Mapping[str, FactSchema]) -> None:
        """`names`: what the check's facts are called here, by their full names."""
        self._names = names
        self._schemas = schemas
        self._readings: dict[str, tuple[str, str, JsonValue]] = {}

    def defined(self, rule: Rule) -> Json:
        """The rule as it is defined."""
        return self._rooted(rule, self._defined_leaf, {})

    def decided(self, rule: Rule, said: CheckResult) -> Json:
        """The rule with what was seen. A leaf that is not known has no result of its own."""
        outcomes = dict(said.leaves)
        return self._rooted(
            rule, lambda leaf: self._decided_leaf(leaf, outcomes, said.observed), _PRIORITY
        )

    def _rooted(self, rule: Rule, leaf: Callable[[Leaf], Json], more: Json) -> Json:
        # The root has to be a node.
        return self._node(All(parts=(rule,)) if isinstance(rule, Leaf) else rule, leaf, more)

    def _node(self, rule: Rule, leaf: Callable[[Leaf], Json], more: Json) -> Json:
        match rule:
            case Leaf():
                return leaf(rule)
            case All(parts=parts):
                return {**more, "all": [self._node(part, leaf, more) for part in parts]}
            case AnyOf(parts=parts):
                return {**more, "any": [self._node(part, leaf, more) for part in parts]}
            case Not(part=part):
                return {**more, "not": self._node(part, leaf, more)}
            case AtLeast(count=count, parts=parts):
                name = f"at least {count} of {len(parts)}"
                shown = [self._node(part, leaf, more) for part in parts]
                return {**more, "name": name, "any": shown}
            case Manual(question=question):
                # A person answers: there is nothing that an engine could compare.
                return {**more, "name": question or "a person answers", "all": []}
            case _:
                assert_never(rule)

    def _defined_leaf(self, leaf: Leaf) -> Json:
        name, operator, value = self._read(leaf.expression)
        return {"fact": self._names.get(name, name), "operator": operator, "value": value}

    def _decided_leaf(
        self, leaf: Leaf, outcomes: Mapping[str, Outcome], observed: Mapping[str, JsonValue]
    ) -> Json:
        name, operator, value = self._read(leaf.expression)
        shown: Json = {"operator": operator, "value": value, "fact": self._names.get(name, name)}
        outcome = outcomes.get(leaf.expression)
        if outcome not in (Outcome.PASS, Outcome.FAIL):
            return shown
        holds = outcome is Outcome.PASS
        seen = observed.get(name) if name in self._schemas else holds
        return {**shown, "factResult": seen, "valueResult": value, "result": holds}

    def _read(self, expression: str) -> tuple[str, str, JsonValue]:
        """Full name of a fact, operator and value; the whole expression where it is none of ours."""
        if expression not in self._readings:
            self._readings[expression] = self._read_anew(expression)
        return self._readings[expression]

    def _read_anew(self, expression: str) -> tuple[str, str, JsonValue]:
        if (found := _FLAG.fullmatch(expression)) and self._is(found[2], FactType.BOOL):
            return found[2], "equal", not found[1]
        if (found := _COMPARISON.fullmatch(expression)) and found[1] in self._schemas:
            return found[1], _OPERATORS[found[2]], _literal(found[3])
        if (found := _MEMBER.fullmatch(expression)) and self._is(found[2], FactType.STRINGS):
            return found[2], "contains", _literal(found[1])
        return expression, "equal", True

    def _is(self, name: str, kind: FactType) -> bool:
        return name in self._schemas and self._schemas[name].type is kind


def _literal(text: str) -> JsonValue:
    value: JsonValue = orjson.loads(text.replace("'", '"'))
    return value
