"""Fetching: facts that another system knows, from its answers in JSON, by the expressions of a recipe.

Where one answer is for all, it is a list in which each entity finds its items by a key. What an answer
lacks is missing, and so is what it leads to: a further request that has nothing to ask for is not
made. What cannot be asked, because an entity does not say what it is called there, is not configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote as quote_url

import orjson

from catalog.errors import RefError
from catalog.problems import quote
from catalog.refs import parse_ref
from scorecards.collection.pushed import read_value
from scorecards.collection.recipes import HOLE, VARIABLES, WHOLE, FetchedFact, Recipe
from scorecards.expressions.cel import Language, Program, Raised, evaluate
from scorecards.facts import FactState, FailedFact, Known, Missing, Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a system is asked."""

    url: str
    body: bytes | None = None
    """JSON to post; None: it is a GET."""


class Reader:
    """Asks and understands, for one recipe without faults."""

    def __init__(self, recipe: Recipe, *, now: datetime) -> None:
        self._recipe, self._now = recipe, now
        self._language = Language({}, free=VARIABLES)
        self._programs: dict[str, Program] = {}
        for _, expression in recipe.expressions():
            program = self._language.compile(expression)
            assert isinstance(program, Program), "a recipe with faults is not used"
            self._programs[expression] = program

    @property
    def steps(self) -> int:
        """Most requests for an entity."""
        return 1 + len(self._recipe.then)

    def request(self, entity: Mapping[str, Any]) -> Request | FailedFact:
        """What to ask about an entity first; or why it cannot be asked."""
        values = {"entity": entity}
        url = self._filled(self._recipe.url, values)
        if isinstance(url, FailedFact):
            return url
        return self._posting(url, values) if self._recipe.body else Request(url=url)

    def further(
        self, entity: Mapping[str, Any], answers: Sequence[Any]
    ) -> Request | FailedFact | None:
        """What to ask after these answers; None: they lead to nothing that could be asked for.

        An answer of None is one that there is not.
        """
        path = self._recipe.then[len(answers) - 1].path
        filled = self._filled(path, self._said(entity, answers))
        if isinstance(filled, str):
            return Request(url=self._recipe.host + filled)
        return None if filled.reason is Unknown.NOT_CONFIGURED else filled

    def read_one(self, entity: Mapping[str, Any], answers: Sequence[Any]) -> dict[str, FactState]:
        """The facts that the answers about an entity say: the first, and those of further requests."""
        return self._facts(self._said(entity, answers))

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

    def _said(self, entity: Mapping[str, Any], answers: Sequence[Any]) -> dict[str, Any]:
        """The answers as expressions see them."""
        further = zip(self._recipe.then, answers[1:], strict=False)
        return {
            "entity": entity,
            "answer": answers[0],
            "answers": {one.name: said for one, said in further if said is not None},
        }

    def _facts(self, values: Mapping[str, Any]) -> dict[str, FactState]:
        bound = self._language.bind({**values, "now": self._now})
        return {fact.declared.schema.name: self._fact(fact, bound) for fact in self._recipe.facts}

    def _fact(self, fact: FetchedFact, bound: Any) -> FactState:
        if fact.needs:
            enough = evaluate(self._run(fact.needs), bound)
            if isinstance(enough, Raised) and not _lacks(enough):
                return FailedFact(reason=Unknown.SOURCE_FAILED, detail=enough.message)
            if enough is not True:
                detail = (
                    f"There is too little to say anything: `{quote(fact.needs)}` does not hold."
                )
                return FailedFact(reason=Unknown.NOT_COLLECTED, detail=detail)
        return self._state(fact, evaluate(self._run(fact.value), bound))

    def _state(self, fact: FetchedFact, value: object) -> FactState:
        if value is None or (isinstance(value, Raised) and _lacks(value)):
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
        return _named(self._value(expression, values)) or _says_nothing(expression)

    def _filled(self, template: str, values: Mapping[str, Any]) -> str | FailedFact:
        """A URL with what its expressions say; NOT_CONFIGURED where one says nothing."""
        parts = []
        for number, part in enumerate(HOLE.split(template)):
            if number % 2 == 0:
                parts.append(part)
                continue
            value = self._value(part, values)
            if "answer" in values and isinstance(value, Raised) and not _lacks(value):
                return FailedFact(reason=Unknown.SOURCE_FAILED, detail=value.message)
            name = _named(value)
            # A step in a path is no name: it would ask something else of the system.
            if name is None or name in (".", ".."):
                return _says_nothing(part)
            parts.append(quote_url(name, safe=""))
        return "".join(parts)

    def _posting(self, url: str, values: Mapping[str, Any]) -> Request | FailedFact:
        expression = self._recipe.body
        body = self._value(expression, values)
        if body is None or isinstance(body, Raised):
            return _says_nothing(expression)
        try:
            # The engine's maps have no order, and the same is to be asked in the same words.
            return Request(url=url, body=orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
        except TypeError as error:
            detail = f"`{quote(expression)}` is no JSON: {error}"
            return FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail)

    def _value(self, expression: str, values: Mapping[str, Any]) -> object:
        return evaluate(self._run(expression), self._language.bind({**values, "now": self._now}))

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
    """The list at a path of keys; of lists on the way, all their items. Empty where there is none."""
    found = [answer]
    for key in [] if path == WHOLE else path.split("."):
        found = [each.get(key) for one in found for each in _each(one) if isinstance(each, dict)]
    return [item for one in found if isinstance(one, list) for item in one]


def _each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _named(value: object) -> str | None:
    """What an expression names, if it does."""
    is_name = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return str(value) if is_name else None


def _lacks(raised: Raised) -> bool:
    """Whether there was no such key or place."""
    return raised.outside or raised.absent is not None


def _says_nothing(expression: str) -> FailedFact:
    detail = f"`{quote(expression)}` says nothing."
    return FailedFact(reason=Unknown.NOT_CONFIGURED, detail=detail)


def _ref(text: str) -> str | None:
    try:
        return str(parse_ref(text, default_kind="component", default_namespace="default"))
    except RefError:
        return None
