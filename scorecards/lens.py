"""Lens: what the leaves of a scorecard see of entities, told apart and numbered.

Whoever looks the same to a leaf gets the same answer, so that only what is different has to be
evaluated (`scorecards.many`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import orjson

from scorecards import rules
from scorecards.cel import Language, Program
from scorecards.errors import ExpressionError
from scorecards.facts import FactSchema
from scorecards.scorecard import Scorecard
from scorecards.serialization import state_in

Packed: TypeAlias = tuple[bytes | None, object, datetime | None]
"""What one collector observed: as `facts_to_json` writes it, or nothing; whether it is stale; and when,
which matters to checks with a `max_age` only."""

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
        self.looks_at_age = any(max_age is not None for _, max_age in asks)
        """Whether it matters when facts were observed."""
        self._quoted = [f'"{name}":'.encode() for name in names]
        self._leaves: list[_Leaf] = [
            (
                tuple(names.index(name) for name in program.facts),
                fields,
                None if max_age is None else now - max_age,
                {},
            )
            for program, fields, (_, max_age) in zip(programs, paths, asks, strict=True)
        ]
        self._plain = self._as_plain()
        self._seen = 0
        self._new: list[Glimpse] = []

    def _as_plain(self) -> list[_Plain] | None:
        """The leaves, where all are of the kind that most are."""
        if any(len(f) != 1 or paths or oldest for f, paths, oldest, _ in self._leaves):
            return None
        return [
            (index, self._quoted[facts[0]], len(self._quoted[facts[0]]), numbers)
            for index, (facts, _, _, numbers) in enumerate(self._leaves)
        ]

    def look(self, body: bytes, packed: Sequence[Packed]) -> tuple[int, ...]:
        """For each leaf the number of what it sees; equal numbers are equal glimpses.

        `body` is the entity's JSON, which may be empty where it is not looked at.
        """
        if self._plain is not None:
            return self._look_plainly(self._plain, packed)
        found = [_state(packed, quoted) for quoted in self._quoted]
        entity = orjson.loads(body) if self.looks_at_entity else None
        look = []
        for index, (facts, paths, oldest, numbers) in enumerate(self._leaves):
            states = found if oldest is None else [_aged(one, oldest) for one in found]
            fields = orjson.dumps(_part(entity, paths)) if paths else b"{}"
            # Most leaves mention one fact and nothing else: these need no tuple.
            single = len(facts) == 1 and not paths
            key = states[facts[0]][0] if single else (*[states[fact][0] for fact in facts], fields)
            number = numbers.get(key)
            if number is None:
                number = self._number(
                    numbers, key, Glimpse(index, tuple([states[f][0] for f in facts]), fields)
                )
            look.append(number)
        return tuple(look)

    def _look_plainly(self, plain: Sequence[_Plain], packed: Sequence[Packed]) -> tuple[int, ...]:
        """The same where each leaf mentions one fact, however old, and nothing else."""
        look = []
        for index, quoted, size, numbers in plain:
            number = None
            for facts, stale, _ in packed:
                if facts is not None and (begin := facts.find(quoted)) != -1:
                    begin += size
                    # What was seen before need not be looked through as `state_in` does.
                    seen = facts[begin : facts.find(b"}", begin) + 1]
                    number = numbers.get(b"-" + seen if stale else seen)
                    break
            if number is None:
                state, _ = _state(packed, quoted)
                number = numbers.get(state)
                if number is None:
                    number = self._number(numbers, state, Glimpse(index, (state,), b"{}"))
            look.append(number)
        return tuple(look)

    def _number(self, numbers: dict[Any, int], key: Any, glimpse: Glimpse) -> int:
        """The number of something that no entity before showed."""
        number = numbers[key] = self._seen
        self._seen += 1
        self._new.append(glimpse)
        return number

    def waiting(self) -> int:
        """How many glimpses are new since `take`."""
        return len(self._new)

    def take(self) -> list[Glimpse]:
        """The glimpses that are new, in the order of their numbers."""
        new, self._new = self._new, []
        return new


_Leaf: TypeAlias = (
    "tuple[tuple[int, ...], frozenset[tuple[str, ...]], datetime | None, dict[Any, int]]"
)
"""Places of its facts among all states, its paths into the entity, from when on a fact is young enough,
and what it has seen."""


_Plain: TypeAlias = "tuple[int, bytes, int, dict[Any, int]]"
"""Index of a leaf, its only fact as it is found in JSON, how long that is, and what it has seen."""


def _state(packed: Sequence[Packed], quoted: bytes) -> tuple[bytes, datetime | None]:
    """The state of a fact, with a `-` before it where it is stale, and when it was observed.

    Empty: nobody collected it.
    """
    for facts, stale, observed_at in packed:
        if facts is not None and (found := state_in(facts, quoted)):
            return (b"-" + found if stale else found), observed_at
    return b"", None


def _aged(state: tuple[bytes, datetime | None], oldest: datetime) -> tuple[bytes, datetime | None]:
    """The state as a leaf sees it for which what was observed before `oldest` is stale."""
    found, observed_at = state
    if found[:1] == b"{" and observed_at is not None and observed_at < oldest:
        return b"-" + found, observed_at
    return state


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


def compiled_or_raise(language: Language, expression: str) -> Program:
    """The program; raises `ExpressionError`."""
    program = language.compile(expression)
    if isinstance(program, Program):
        return program
    raise ExpressionError(program[0].message, line=program[0].line, column=program[0].column)


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
