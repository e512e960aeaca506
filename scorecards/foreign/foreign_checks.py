"""Foreign checks: one check of Tech Insights, as the data of one of ours.

Where something of it has no counterpart, `Translator.place` says where that stands in the check.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson

from catalog.pointers import Step
from catalog.problems import JsonValue, quote
from scorecards.definitions.reading import DEFAULT_LEVELS
from scorecards.definitions.rule_reading import DEEPEST_RULE
from scorecards.foreign.foreign_facts import Foreign, ForeignFacts, snake
from scorecards.foreign.json_rules import Operand, Untranslatable, leaf

TYPE = "json-rules-engine"

LONGEST_LINE = 200
"""Characters of a title or a category."""

_NODES = ("all", "any", "not")
_FIX_KEYS = ("solution", "hint", "fix", "remediation", "message")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAPS = ("metadata.annotations.", "metadata.labels.")
_LISTS = ("metadata.tags",)


class Translator:
    """Translates one check; used once."""

    def __init__(self, facts: ForeignFacts) -> None:
        self._facts = facts
        self.place: list[Step] = []
        """Where in the check the translation is, or stopped."""
        self.notes: list[tuple[str, list[Step]]] = []
        """What to look at in a check that was translated, and where it stands."""

    def note(self, check: Any) -> None:
        """Note what the conditions of a check compare facts with."""
        if not isinstance(check, dict):
            return
        for condition in _leaves(_conditions(check)):
            value = condition.get("value")
            fact, operator = condition.get("fact"), condition.get("operator")
            if isinstance(fact, str) and isinstance(operator, str) and not isinstance(value, dict):
                self._facts.note(_foreign(check, condition, fact), operator, value)

    def check(self, key: str, check: Any, name: str) -> dict[str, JsonValue]:
        """The check as data of a scorecard, called `name`. Raises `Untranslatable`."""
        if not isinstance(check, dict):
            raise Untranslatable("it is no object")
        if check.get("type", TYPE) != TYPE:
            raise Untranslatable(f"its type is `{quote(check['type'])}`, not {TYPE}", "type")
        self.place = ["rule", "conditions"]
        rule = self._rule(check, _conditions(check), depth=1)
        self.place = ["filter"]
        filter_ = _filter(check.get("filter"))
        self.place = []
        title = _line(check.get("name")) or key
        description = _text(check.get("description")) or title
        metadata = _object(check.get("metadata"))
        made: dict[str, JsonValue] = {
            "id": name,
            "title": title[:LONGEST_LINE],
            "category": _line(metadata.get("category")) or "Imported",
            "level": self._level(metadata),
            "rule": rule,
            "why": description,
            "fix": _fix(check, metadata) or description,
        }
        if filter_:
            made["applies_to"] = filter_
        links: list[JsonValue] = list(_links(check.get("links")))
        if links:
            made["links"] = links
        return made

    def _level(self, metadata: Mapping[str, Any]) -> str:
        rank = metadata.get("rank")
        ranks = range(1, len(DEFAULT_LEVELS))
        if isinstance(rank, int) and rank in ranks:
            return DEFAULT_LEVELS[rank].name
        said = "has no rank" if rank is None else f"has rank {quote(rank)}, which is none of 1 to 3"
        self.notes.append((f"the check {said}: it is on the first level", ["metadata"]))
        return DEFAULT_LEVELS[1].name

    def _rule(self, check: Mapping[str, Any], data: Any, *, depth: int) -> JsonValue:
        if not isinstance(data, dict):
            raise Untranslatable("a condition must be an object")
        words = [word for word in _NODES if word in data]
        if not words:
            return self._leaf(check, data)
        if depth > DEEPEST_RULE:
            raise Untranslatable(f"more than {DEEPEST_RULE} rules inside each other")
        if len(words) > 1:
            raise Untranslatable(f"it has {words[0]} and {words[1]} side by side")
        [word] = words
        inner = data[word]
        self.place.append(word)
        if word == "not":
            rule: JsonValue = {"not": self._rule(check, inner, depth=depth + 1)}
        else:
            rule = {word: self._parts(check, inner, depth)}
        self.place.pop()
        return rule

    def _parts(self, check: Mapping[str, Any], data: Any, depth: int) -> list[JsonValue]:
        if not isinstance(data, list):
            raise Untranslatable("it needs a list of conditions")
        if not data:
            raise Untranslatable("it has no conditions, and so is always true")
        parts = []
        for index, item in enumerate(data):
            self.place.append(index)
            parts.append(self._rule(check, item, depth=depth + 1))
            self.place.pop()
        return parts

    def _leaf(self, check: Mapping[str, Any], data: Mapping[str, Any]) -> str:
        if "condition" in data:
            raise Untranslatable("it names a condition that is kept elsewhere", "condition")
        fact, operator = data.get("fact"), data.get("operator")
        if not isinstance(fact, str) or not isinstance(operator, str) or "value" not in data:
            raise Untranslatable("a condition needs fact, operator and value")
        if data.get("path") is not None:
            raise Untranslatable("`path` looks into a fact, and ours have no inside", "path")
        value = data["value"]
        operand = self._operand(check, data, fact, "fact")
        if isinstance(value, dict):
            if not isinstance(value.get("fact"), str) or value.get("path") is not None:
                raise Untranslatable("its value is an object", "value")
            value = self._operand(check, value, value["fact"], "value")
        return leaf(operator, operand, value)

    def _operand(
        self, check: Mapping[str, Any], data: Mapping[str, Any], fact: str, key: str
    ) -> Operand:
        params = data.get("params") or {}
        if not isinstance(params, dict) or params.keys() - {"factRetrieverId"}:
            raise Untranslatable("it has parameters that only its retriever knows", "params")
        foreign = _foreign(check, data, fact)
        if not set(foreign.retrievers) <= set(_retrievers(check)):
            raise Untranslatable("its retriever is none of factIds: it is never run", "params")
        operand = self._facts.operand(foreign)
        if operand is None:
            raise Untranslatable(f"what type fact `{quote(fact)}` has cannot be told", key)
        if operand.text in self._facts.used:
            self.notes.append(
                (f"`{fact}` is no fact of ours: push `{operand.text}`", [*self.place, key])
            )
        return operand


def check_id(key: str, taken: Collection[str]) -> str:
    """An id of ours for a check; the next free one where it is taken."""
    base = snake(key)[:56].rstrip("_")
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def _conditions(check: Mapping[str, Any]) -> Any:
    rule = check.get("rule")
    return rule.get("conditions") if isinstance(rule, dict) else None


def _leaves(data: Any) -> Iterator[Mapping[str, Any]]:
    """The conditions below a node, wherever they stand."""
    ahead = [data]
    for item in ahead:  # grows by what is found
        if isinstance(item, dict):
            inner = [item[word] for word in _NODES if word in item]
            ahead += inner
            if not inner:
                yield item
        elif isinstance(item, list):
            ahead += item


def _retrievers(check: Mapping[str, Any]) -> tuple[str, ...]:
    ids = check.get("factIds")
    return tuple(i for i in ids if isinstance(i, str)) if isinstance(ids, list) else ()


def _foreign(check: Mapping[str, Any], data: Mapping[str, Any], fact: str) -> Foreign:
    params = data.get("params")
    named = params.get("factRetrieverId") if isinstance(params, dict) else None
    retrievers = (named,) if isinstance(named, str) else _retrievers(check)
    return Foreign(retrievers=retrievers, name=fact)


def _filter(data: Any) -> str:
    """A filter as an expression: keys are all to hold, values of one are alternatives."""
    if data is None:
        return ""
    if isinstance(data, list):
        raise Untranslatable("a list of filters is refused there, too")
    if not isinstance(data, dict):
        raise Untranslatable("a filter must be an object")
    return " && ".join(_filter_part(key, value) for key, value in data.items())


def _filter_part(key: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) for item in values):
        raise Untranslatable("a filter compares texts", key)
    listed = orjson.dumps([_lower(item) for item in values]).decode()
    if key in _LISTS:
        return f"{_field(key)}.exists(item, item.lowerAscii() in {listed})"
    if key.startswith("relations."):
        raise Untranslatable("relations cannot be filtered by", key)
    return f"{_field(key)}.lowerAscii() in {listed}"


def _lower(text: str) -> str:
    """In lower case as `lowerAscii` has it."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def _field(key: str) -> str:
    """The field of the entity that a dotted key leads to; keys of annotations have dots, too."""
    start = next((prefix for prefix in _MAPS if key.startswith(prefix)), "")
    steps = [*start.split(".")[:-1], key.removeprefix(start)] if start else key.split(".")
    return "entity" + "".join(
        f".{step}" if _IDENTIFIER.fullmatch(step) else f"[{orjson.dumps(step).decode()}]"
        for step in steps
    )


def _fix(check: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    places = (metadata, _object(check.get("failureMetadata")))
    return next((t for place in places for key in _FIX_KEYS if (t := _text(place.get(key)))), "")


def _links(data: Any) -> Iterator[dict[str, JsonValue]]:
    for link in data if isinstance(data, list) else ():
        url = link.get("url") if isinstance(link, dict) else None
        if isinstance(url, str) and re.match("https?://", url):
            yield {"title": _line(link.get("title")) or url[:LONGEST_LINE], "url": url}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _line(value: Any) -> str:
    return " ".join(_text(value).split())[:LONGEST_LINE]
