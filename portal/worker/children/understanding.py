"""Understanding answers of other systems, in a child: they are parsed and asked there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

from scorecards.collection.fetching import Reader, Request, parsed
from scorecards.collection.recipes import Recipe
from scorecards.facts import FactState, FailedFact

States: TypeAlias = Mapping[str, FactState]
"""Facts by name."""


Contents: TypeAlias = Sequence[bytes | None]
"""Answers about an entity, in the order of the requests; None: there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Entities that are asked about one by one, and what was answered about each so far."""

    recipe: Recipe
    bodies: Sequence[bytes]
    contents: Sequence[Contents]
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Everything:
    """One answer with a list, and entities to be found in it."""

    recipe: Recipe
    refs: Sequence[str]
    bodies: Sequence[bytes]
    answer: bytes
    now: datetime


def requests(task: Answers) -> list[Request | FailedFact | None]:
    """What to ask next about each entity, or why it cannot be asked; None: there is nothing to ask."""
    reader, found = _reader(task.recipe, task.now), list[Request | FailedFact | None]()
    for body, contents in zip(task.bodies, task.contents, strict=True):
        entity, answers = orjson.loads(body), _parsed(contents)
        if isinstance(answers, FailedFact):
            found.append(answers)
        else:
            found.append(reader.further(entity, answers) if answers else reader.request(entity))
    return found


def each(task: Answers) -> list[States]:
    """What the answers about each entity say."""
    reader, found = _reader(task.recipe, task.now), list[States]()
    for body, contents in zip(task.bodies, task.contents, strict=True):
        answers = _parsed(contents)
        found.append(
            reader.alike(answers)
            if isinstance(answers, FailedFact)
            else reader.read_one(orjson.loads(body), answers)
        )
    return found


def _parsed(contents: Contents) -> list[Any] | FailedFact:
    """The JSON of all answers; or what is wrong with the first that is none."""
    found: list[Any] = []
    for content in contents:
        answer = None if content is None else parsed(content)
        if isinstance(answer, FailedFact):
            return answer
        found.append(answer)
    return found


def all_in_one(task: Everything) -> list[States] | FailedFact:
    """What the one answer says about each entity."""
    answer = parsed(task.answer)
    if isinstance(answer, FailedFact):
        return answer
    pairs = zip(task.refs, map(orjson.loads, task.bodies), strict=True)
    return [states for _, states in _reader(task.recipe, task.now).read_all(pairs, answer)]


@lru_cache(maxsize=2)
def _reader(recipe: Recipe, now: datetime) -> Reader:
    return Reader(recipe, now=now)
