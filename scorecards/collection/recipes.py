"""Recipes: how the facts of a namespace are asked of another system, as the configuration says it.

A recipe asks once for each entity, or once for all. What one answer only points to, as a service to
its escalation policy, a further request to the same system asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from catalog.problems import quote
from scorecards.collection.pushed import Declared
from scorecards.expressions.cel import Fault, Language, Program

WHOLE = "."
"""`items` of an answer that is the list itself."""

VARIABLES = ("answer", "answers", "item", "items")
"""What expressions may mention beside `entity` and `now`."""

HOLE = re.compile(r"\{([^{}]*)\}")
"""An expression in a URL."""

_FIXED = re.compile(r"(https?://[^/{}?#@\s]+)(?:[/?].*)?", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

MOST_FURTHER = 5
"""Further requests for an entity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedFact:
    """A fact, and how an answer says it."""

    declared: Declared
    value: str
    """Expression over `answer`, `answers`, `entity` and `now`; of a list over `items`, those with the
    entity's key, and over `item`, the first of them."""
    needs: str = ""
    """Expression over the same: where it is not true, too little is there to say anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Further:
    """A request that needs what was answered before."""

    name: str
    """Under which `answers` has what is answered."""
    path: str
    """On the same host; with expressions over `entity`, `answer` and the `answers` so far in braces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How the facts of a namespace are fetched."""

    name: str
    """The namespace: `argo`."""
    url: str
    """With expressions over `entity` and `now` in braces, where each entity is asked for."""
    body: str = ""
    """Expression over `entity` and `now`: what is posted, as JSON; '': nothing is, it is a GET."""
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
    then: tuple[Further, ...] = ()
    """What is asked afterwards about the same entity, in this order."""
    facts: tuple[FetchedFact, ...]

    @property
    def host(self) -> str:
        """Scheme, host and port that all is asked of."""
        found = _FIXED.fullmatch(self.url)
        assert found is not None, "a recipe with faults is not used"
        return found[1]

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Each expression, after where it stands."""
        yield from (("url", hole) for hole in HOLE.findall(self.url))
        if self.body:
            yield "body", self.body
        if self.item_key:
            yield "match.item", self.item_key
        if self.entity_key:
            yield "match.entity", self.entity_key
        for one in self.then:
            yield from ((f"then.{one.name}", hole) for hole in HOLE.findall(one.path))
        for fact in self.facts:
            name = fact.declared.schema.name
            yield f"facts.{name}", fact.value
            if fact.needs:
                yield f"facts.{name}.needs", fact.needs


def faults_of(recipe: Recipe) -> list[tuple[str, str]]:
    """What is wrong with a recipe: where, and why."""
    found = []
    if not _FIXED.fullmatch(recipe.url):
        found.append(("url", "must begin with http:// or https:// and a host that is written out"))
    found += _faults_of_requests(recipe)
    language = Language({}, free=VARIABLES)
    for where, expression in recipe.expressions():
        program = language.compile(expression)
        if not isinstance(program, Program):
            found += [(where, _told(expression, fault)) for fault in program]
    return found


def _faults_of_requests(recipe: Recipe) -> Iterator[tuple[str, str]]:
    for where, stated in (("then", recipe.then), ("body", recipe.body)):
        if stated and recipe.items:
            yield where, "is about one entity, and a list is about all"
    if len(recipe.then) > MOST_FURTHER:
        yield "then", f"must be at most {MOST_FURTHER} requests"
    names = [one.name for one in recipe.then]
    for one in recipe.then:
        if not _NAME.fullmatch(one.name) or names.count(one.name) > 1:
            yield "then", f"{quote(one.name)} must be a name in lower case, and stand there once"
        if not one.path.startswith("/") or one.path.startswith("//"):
            yield f"then.{one.name}", "must begin with / and is asked of the same host"


def _told(expression: str, fault: Fault) -> str:
    hint = f" {fault.hint}" if fault.hint else ""
    return f"`{quote(expression)}`, column {fault.column}: {fault.message}.{hint}"
