"""Fetching: facts that another system knows, from its answers in JSON, by expressions.

A recipe asks once for each entity, or once for all: then what it is answered with is a list, and each
entity finds its item by a key. What an answer lacks is missing; what cannot be asked, because an
entity does not say what it is called there, is not configured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote as quote_url

import orjson

from catalog.errors import RefError
from catalog.problems import quote
from catalog.refs import parse_ref
from scorecards.cel import Fault, Language, Program, Raised, evaluate
from scorecards.facts import FactState, FailedFact, Known, Missing, Unknown
from scorecards.pushed import Declared, read_value

WHOLE = "."
"""`items` of an answer that is the list itself."""

_VARIABLES = ("answer", "item", "items")
_HOLE = re.compile(r"\{([^{}]*)\}")
_FIXED = re.compile(r"https?://[^/{}?#@\s]+(?:[/?].*)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedFact:
    """A fact, and how an answer says it."""

    declared: Declared
    value: str
    """Expression over `answer`, `entity` and `now`; of a list over `items`, those with the entity's
    key, and over `item`, the first of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How the facts of a namespace are fetched."""

    name: str
    """The namespace: `argo`."""
    url: str
    """With expressions over `entity` in braces, where each entity is asked for."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    every: timedelta
    kinds: tuple[str, ...]
    """Of the entities it is about, in lower case; empty: all."""
    items: str = ""
    """Keys to the list in the answer, with dots; '': there is one answer for each entity."""
    item_key: str = ""
    """Expression over `item`: what the entity is called there."""
    entity_key: str = ""
    """Expression over `entity` with the same value; '': the item has the entity's ref or name."""
    facts: tuple[FetchedFact, ...]

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Each expression, after where it stands."""
        yield from (("url", hole) for hole in _HOLE.findall(self.url))
        if self.item_key:
            yield "match.item", self.item_key
        if self.entity_key:
            yield "match.entity", self.entity_key
        yield from ((f"facts.{fact.declared.schema.name}", fact.value) for fact in self.facts)


def faults_of(recipe: Recipe) -> list[tuple[str, str]]:
    """What is wrong with a recipe: where, and why."""
    found = []
    if not _FIXED.fullmatch(recipe.url):
        found.append(("url", "must begin with http:// or https:// and a host that is written out"))
    language = Language({}, free=_VARIABLES)
    for where, expression in recipe.expressions():
        program = language.compile(expression)
        if not isinstance(program, Program):
            found += [(where, _told(expression, fault)) for fault in program]
    return found


class Reader:
    """Asks and understands, for one recipe without faults."""

    def __init__(self, recipe: Recipe, *, now: datetime) -> None:
        self._recipe, self._now = recipe, now
        self._language = Language({}, free=_VARIABLES)
        self._programs: dict[str, Program] = {}
        for _, expression in recipe.expressions():
            program = self._language.compile(expression)
            assert isinstance(program, Program), "a recipe with faults is not used"
            self._programs[expression] = program

    def url_for(self, entity: Mapping[str, Any]) -> str | FailedFact:
        """The URL to ask about an entity; or why there is none."""
        parts = []
        for number, part in enumerate(_HOLE.split(self._recipe.url)):
            value = part if number % 2 == 0 else self._text(part, entity=entity)
            if isinstance(value, FailedFact):
                return value
            parts.append(value if number % 2 == 0 else quote_url(value, safe=""))
        return "".join(parts)

    def read_one(self, entity: Mapping[str, Any], answer: Any) -> dict[str, FactState]:
        """The facts that an answer says about the entity it was asked about."""
        return self._facts({"entity": entity, "answer": answer})

    def read_all(
        self, entities: Iterable[tuple[str, Mapping[str, Any]]], answer: Any
    ) -> Iterator[tuple[str, dict[str, FactState]]]:
        """The facts that an answer with a list says about each entity, which comes after its ref."""
        items = self._by_key(answer)
        for ref, entity in entities:
            expression = self._recipe.entity_key
            key = self._text(expression, entity=entity) if expression else ref
            if isinstance(key, FailedFact):
                yield ref, self.alike(key)
            elif key not in items:
                yield ref, self.alike(Missing(looked_for=f"an item `{quote(key)}`"))
            else:
                yield (
                    ref,
                    self._facts(
                        {
                            "entity": entity,
                            "answer": answer,
                            "items": items[key],
                            "item": items[key][0],
                        }
                    ),
                )

    def alike(self, state: FactState) -> dict[str, FactState]:
        """All facts in one state."""
        return {fact.declared.schema.name: state for fact in self._recipe.facts}

    def _by_key(self, answer: Any) -> dict[str, list[Any]]:
        """The items of each key, in their order."""
        found: dict[str, list[Any]] = {}
        for item in _at(answer, self._recipe.items):
            said = self._text(self._recipe.item_key, item=item)
            if isinstance(said, FailedFact):
                continue
            key = said if self._recipe.entity_key else _ref(said)
            if key is not None:
                found.setdefault(key, []).append(item)
        return found

    def _facts(self, values: Mapping[str, Any]) -> dict[str, FactState]:
        bound = self._language.bind({**values, "now": self._now})
        return {
            fact.declared.schema.name: self._state(fact, evaluate(self._run(fact.value), bound))
            for fact in self._recipe.facts
        }

    def _state(self, fact: FetchedFact, value: object) -> FactState:
        if value is None or (
            isinstance(value, Raised) and (value.outside or value.absent is not None)
        ):
            return Missing(looked_for=quote(fact.value))
        if isinstance(value, Raised):
            return FailedFact(reason=Unknown.SOURCE_FAILED, detail=f"{value.message}")
        if isinstance(value, datetime):
            value = value.replace(tzinfo=value.tzinfo or UTC).isoformat()
        try:
            plain: Any = value
            return Known(value=read_value(fact.declared.schema.type, plain))
        except ValueError as error:
            detail = f"`{quote(fact.value)}` is {quote(value)}, and not {error}"
            return FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail)

    def _text(self, expression: str, **values: Any) -> str | FailedFact:
        """The value of an expression that names something."""
        value = evaluate(self._run(expression), self._language.bind({**values, "now": self._now}))
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
        return FailedFact(
            reason=Unknown.NOT_CONFIGURED, detail=f"`{quote(expression)}` says nothing."
        )

    def _run(self, expression: str) -> Any:
        return self._programs[expression].run


def parsed(answer: bytes) -> Any | FailedFact:
    """The JSON of an answer."""
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        return FailedFact(
            reason=Unknown.SOURCE_FAILED, detail=f"The answer is no JSON: {error.msg}"
        )


def _at(answer: Any, path: str) -> Sequence[Any]:
    """The list at a path of keys; empty where there is none."""
    for key in [] if path == WHOLE else path.split("."):
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer if isinstance(answer, list) else []


def _ref(text: str) -> str | None:
    try:
        return str(parse_ref(text, default_kind="component", default_namespace="default"))
    except RefError:
        return None


def _told(expression: str, fault: Fault) -> str:
    hint = f" {fault.hint}" if fault.hint else ""
    return f"`{quote(expression)}`, column {fault.column}: {fault.message}.{hint}"
