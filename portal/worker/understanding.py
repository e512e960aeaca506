"""Understanding answers of other systems, in a child: they are parsed and asked there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

import orjson

from scorecards.facts import FactState, FailedFact
from scorecards.fetching import Reader, Recipe, parsed

States: TypeAlias = Mapping[str, FactState]
"""Facts by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Entities to be asked about one by one."""

    recipe: Recipe
    bodies: Sequence[bytes]
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Answers about entities, one for each."""

    recipe: Recipe
    bodies: Sequence[bytes]
    answers: Sequence[bytes]
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Everything:
    """One answer with a list, and entities to be found in it."""

    recipe: Recipe
    refs: Sequence[str]
    bodies: Sequence[bytes]
    answer: bytes
    now: datetime


def addresses(task: Addresses) -> list[str | FailedFact]:
    """The URL to ask about each entity, or why there is none."""
    reader = _reader(task.recipe, task.now)
    return [reader.url_for(orjson.loads(body)) for body in task.bodies]


def each(task: Answers) -> list[States]:
    """What each answer says."""
    reader, found = _reader(task.recipe, task.now), list[States]()
    for body, content in zip(task.bodies, task.answers, strict=True):
        answer = parsed(content)
        found.append(
            reader.alike(answer)
            if isinstance(answer, FailedFact)
            else reader.read_one(orjson.loads(body), answer)
        )
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
