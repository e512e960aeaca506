"""Lens: what the leaves of a scorecard see of entities, told apart and numbered.

Whoever looks the same to a leaf gets the same answer, so that only what is different has to be
evaluated (`scorecards.evaluation.many`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import orjson

from scorecards import rules
from scorecards.collection.serialization import state_in
from scorecards.expressions.cel import Language, compiled_or_raise
from scorecards.facts import FactSchema
from scorecards.scorecard import Scorecard

Bodies: TypeAlias = Sequence[bytes]
"""The JSON of entities; of any content where no leaf looks at it."""


class Column(NamedTuple):
    """What one collector observed, of one entity after the other."""

    facts: Sequence[bytes | None]
    """As `facts_to_json` writes them; None: it has not looked at this one."""
    stale: Sequence[object]
    """Whether they are stale."""
    observed_at: Sequence[datetime | None]
    """When; matters where the lens `looks_at_age`."""


Ask: TypeAlias = tuple[str, timedelta | None]
"""A leaf: its expression, and how old the facts may be that it looks at."""


class Glimpse(NamedTuple):
    """All that a leaf sees of an entity; whoever looks the same to it, gets the same answer."""

    leaf: int
    """Index of the leaf."""
    states: tuple[bytes, ...]
    """Of each fact that it mentions its state as JSON, after a `-` where it is stale; or nothing."""
    fields: bytes
    """The fields of the entity that it mentions, as JSON."""


class Lens:
    """Sees of entities what the leaves of a scorecard look at, and numbers what is different."""

    def __init__(
        self, scorecard: Scorecard, schemas: Mapping[str, FactSchema], *, now: datetime
    ) -> None:
        """Raises `ExpressionError` for an expression that `load_scorecards` would have refused."""
        asks = asks_of(scorecard)
        language = Language(schemas)
        programs = [compiled_or_raise(language, text) for text, _ in asks]
        paths = [
            frozenset(use.keys for use in program.uses if use.variable == "entity")
            for program in programs
        ]
        names = sorted({name for program in programs for name in program.facts})
        self.facts = frozenset(names)
        """Names of the facts that have to be read."""
        self.looks_at_entity = any(paths)
        """Whether the entity has to be read, too."""
        self.asks = asks
        """The leaves."""
        self.at_any_time = tuple("now" not in program.references for program in programs)
        """For each leaf, whether what it says of a glimpse is the same at any time."""
        self.looks_at_age = any(max_age is not None for _, max_age in asks)
        """Whether it matters when facts were observed."""
        self._facts = [(f'"{name}":'.encode(), set[bytes]()) for name in names]
        self._leaves = [
            _Leaf(
                facts=tuple(names.index(name) for name in program.facts),
                fields=fields,
                oldest=None if max_age is None else now - max_age,
                numbers={},
            )
            for program, fields, (_, max_age) in zip(programs, paths, asks, strict=True)
        ]
        self._seen = 0
        self._new: list[Glimpse] = []

    def look(self, bodies: Bodies, columns: Sequence[Column]) -> list[tuple[int, ...]]:
        """Of each entity, for each leaf, the number of what it sees; equal numbers are equal glimpses."""
        states = [_states(*fact, len(bodies), columns) for fact in self._facts]
        entities = [orjson.loads(body) for body in bodies] if self.looks_at_entity else []
        looks = []
        for index, leaf in enumerate(self._leaves):
            seen = [
                states[fact][0] if leaf.oldest is None else _aged(*states[fact], leaf.oldest)
                for fact in leaf.facts
            ]
            if leaf.fields:
                fields = [orjson.dumps(_part(entity, leaf.fields)) for entity in entities]
            else:
                fields = [b"{}"] * len(bodies)
            # Most leaves mention one fact and nothing else: these need no tuples.
            single = len(seen) == 1 and not leaf.fields
            keys: list[Any] = seen[0] if single else list(zip(*seen, fields, strict=True))
            for key in dict.fromkeys(keys):
                if key not in leaf.numbers:
                    leaf.numbers[key] = self._seen
                    self._seen += 1
                    self._new.append(
                        Glimpse(index, (key,), b"{}")
                        if single
                        else Glimpse(index, key[:-1], key[-1])
                    )
            looks.append(map(leaf.numbers.__getitem__, keys))
        return list(zip(*looks, strict=True)) if looks else [()] * len(bodies)

    def waiting(self) -> int:
        """How many glimpses are new since `take`."""
        return len(self._new)

    def take(self) -> list[Glimpse]:
        """The glimpses that are new, in the order of their numbers."""
        new, self._new = self._new, []
        return new


@dataclass(frozen=True, kw_only=True, slots=True)
class _Leaf:
    """A leaf, and what it has seen."""

    facts: tuple[int, ...]
    """Places of its facts among all."""
    fields: frozenset[tuple[str, ...]]
    """Its paths into the entity."""
    oldest: datetime | None
    """From when on a fact is young enough."""
    numbers: dict[Any, int]
    """What it has seen: a state, or states and fields."""


_States: TypeAlias = "tuple[list[bytes], list[datetime | None]]"
"""Of one entity after the other the state of a fact, with a `-` before it where it is stale, and when
it was observed. Empty: nobody collected it."""


def _states(quoted: bytes, known: set[bytes], count: int, columns: Sequence[Column]) -> _States:
    """The states of a fact, from the first column that has it; `known` are some that it can have."""
    states: list[bytes] = [b""] * count
    times: list[datetime | None] = [None] * count
    for column in columns:
        if b"" not in states:
            break
        found = _found(quoted, known, column)
        if states.count(b"") == count:
            states, times = found, list(column.observed_at)
            continue
        times = [
            t if s else new for s, t, new in zip(states, times, column.observed_at, strict=True)
        ]
        states = [state or new for state, new in zip(states, found, strict=True)]
    return states, times


def _found(quoted: bytes, known: set[bytes], column: Column) -> list[bytes]:
    """The states of a fact in a column."""
    states = []
    for facts, stale in zip(column.facts, column.stale, strict=True):
        if facts is None or (begin := facts.find(quoted)) == -1:
            states.append(b"")
            continue
        begin += len(quoted)
        # What was seen before need not be looked through as `state_in` does.
        state = facts[begin : facts.find(b"}", begin) + 1]
        if state not in known:
            state = state_in(facts, quoted)
            known.add(state)
        states.append(b"-" + state if stale else state)
    return states


def _aged(
    states: Sequence[bytes], times: Sequence[datetime | None], oldest: datetime
) -> list[bytes]:
    """The states as a leaf sees them for which what was observed before `oldest` is stale."""
    return [
        b"-" + state if state[:1] == b"{" and time is not None and time < oldest else state
        for state, time in zip(states, times, strict=True)
    ]


def asks_of(scorecard: Scorecard) -> tuple[Ask, ...]:
    """Every leaf of the scorecard, once: of conditions and of rules."""
    asks: list[Ask] = []
    if scorecard.applies_to is not None:
        asks.append((scorecard.applies_to.expression, None))
    for check in scorecard.checks:
        own = () if check.applies_to is None else (check.applies_to,)
        leaves = (*own, *rules.leaves(check.rule))
        asks += [(leaf.expression, check.max_age) for leaf in leaves]
    return tuple(dict.fromkeys(asks))


def _part(value: Any, paths: Collection[tuple[str, ...]]) -> Any:
    """Of a JSON object what these paths lead to; what is not there stays away."""
    if () in paths:
        return value
    inside: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        inside.setdefault(path[0], []).append(path[1:])
    return {
        key: value[key]
        if () in rest or not isinstance(value[key], dict)
        else _part(value[key], rest)
        for key, rest in sorted(inside.items())
        if key in value
    }
