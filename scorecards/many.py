"""Many: what a scorecard says about many entities, in letters and without evidence.

What a leaf says depends on nothing but the facts and the fields of the entity that it mentions.
Over a hundred thousand entities these have a few hundred or thousand different values, and each is
evaluated once: a `Lens` finds what is different, a `Reader` evaluates it, `combine` makes outcomes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import orjson

from scorecards import rules
from scorecards.assessment import Assessor
from scorecards.cel import Language, Program
from scorecards.errors import ExpressionError
from scorecards.facts import FactRecord, FactSchema
from scorecards.results import LETTERS, Outcome
from scorecards.rules import Leaf
from scorecards.scorecard import Scorecard
from scorecards.serialization import facts_from_json, state_in

Packed: TypeAlias = tuple[bytes | None, object]
"""What one collector observed: as `facts_to_json` writes it, or nothing; and whether it is stale."""


class Glimpse(NamedTuple):
    """All that a leaf sees of an entity; whoever looks the same to it, gets the same answer."""

    leaf: int
    """Index of the leaf."""
    states: tuple[bytes, ...]
    """Of each fact that it mentions its state as JSON, after a `-` where it is stale; or nothing."""
    fields: bytes
    """The fields of the entity that it mentions, as JSON."""


class LeafSaid(NamedTuple):
    """What a leaf says about whoever looks like this."""

    outcome: Outcome
    unknown: tuple[tuple[str, str], ...]
    """Facts that it mentions and that are not known, each with the reason."""


class Said(NamedTuple):
    """What a scorecard says about an entity."""

    letters: str
    """One for each check."""
    missing: tuple[tuple[str, str, str], ...]
    """Check, fact and reason, of facts that make a check unknown."""


class Lens:
    """Sees of entities what the leaves of a scorecard look at, and numbers what is different."""

    def __init__(self, scorecard: Scorecard, schemas: Mapping[str, FactSchema]) -> None:
        """Raises `ExpressionError` for an expression that `load_scorecards` would have refused."""
        expressions = expressions_of(scorecard)
        language = Language(schemas)
        programs = [compiled_or_raise(language, text) for text in expressions]
        paths = [
            frozenset(use.keys for use in program.uses if use.variable == "entity")
            for program in programs
        ]
        names = sorted({name for program in programs for name in program.facts})
        self.facts = frozenset(names)
        """Names of the facts that have to be read."""
        self.looks_at_entity = any(paths)
        """Whether the entity has to be read, too."""
        self._quoted = [f'"{name}":'.encode() for name in names]
        self._leaves: list[_Leaf] = [
            (tuple(names.index(name) for name in program.facts), fields, {})
            for program, fields in zip(programs, paths, strict=True)
        ]
        self._seen = 0
        self._new: list[Glimpse] = []

    def look(self, body: bytes, packed: Sequence[Packed]) -> tuple[int, ...]:
        """For each leaf the number of what it sees; equal numbers are equal glimpses.

        `body` is the entity's JSON, which may be empty where it is not looked at.
        """
        states = [_state(packed, quoted) for quoted in self._quoted]
        entity = orjson.loads(body) if self.looks_at_entity else None
        look = []
        for index, (facts, paths, numbers) in enumerate(self._leaves):
            fields = orjson.dumps(_part(entity, paths)) if paths else b"{}"
            # Most leaves mention one fact and nothing else: these need no tuple.
            single = len(facts) == 1 and not paths
            key = states[facts[0]] if single else (*[states[fact] for fact in facts], fields)
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = self._seen
                self._seen += 1
                self._new.append(Glimpse(index, tuple([states[fact] for fact in facts]), fields))
            look.append(number)
        return tuple(look)

    def waiting(self) -> int:
        """How many glimpses are new since `take`."""
        return len(self._new)

    def take(self) -> list[Glimpse]:
        """The glimpses that are new, in the order of their numbers."""
        new, self._new = self._new, []
        return new


_Leaf: TypeAlias = "tuple[tuple[int, ...], frozenset[tuple[str, ...]], dict[Any, int]]"
"""Places of its facts among all states, its paths into the entity, and what it has seen."""


def _state(packed: Sequence[Packed], quoted: bytes) -> bytes:
    """The state of a fact, with a `-` before it where it is stale; empty: nobody collected it."""
    for facts, stale in packed:
        if facts is not None and (found := state_in(facts, quoted)):
            return b"-" + found if stale else found
    return b""


class Reader:
    """Evaluates leaves at one moment, each by the assessor that assesses entities one by one."""

    def __init__(
        self, scorecard: Scorecard, schemas: Mapping[str, FactSchema], *, now: datetime
    ) -> None:
        """Raises `ExpressionError` for an expression that `load_scorecards` would have refused."""
        texts = expressions_of(scorecard)
        language = Language(schemas)
        self._programs = [compiled_or_raise(language, text) for text in texts]
        self._assessors = [Assessor([_asking(scorecard, text)], schemas) for text in texts]
        self._now = now

    def read(self, glimpse: Glimpse) -> LeafSaid:
        """What the leaf says."""
        program = self._programs[glimpse.leaf]
        states = zip(program.facts, glimpse.states, strict=True)
        records = tuple(self._record(name, state) for name, state in states if state)
        subject = _Subject("", glimpse.fields, records)
        (result,) = self._assessors[glimpse.leaf].assess(subject, now=self._now)
        (said,) = result.results
        return LeafSaid(said.outcome, tuple(said.unknown.items()))

    def _record(self, name: str, state: bytes) -> FactRecord:
        stale = state[:1] == b"-"
        return FactRecord(
            ref="",
            collector="",
            version="",
            url="",
            revision="",
            observed_at=self._now,
            valid_until=self._now - timedelta(seconds=1) if stale else None,
            facts=facts_from_json(b'{"%b":%b}' % (name.encode(), state.lstrip(b"-"))),
        )


@dataclass(frozen=True, slots=True)
class _Subject:
    ref: str
    body: bytes
    records: tuple[FactRecord, ...]


def _asking(scorecard: Scorecard, expression: str) -> Scorecard:
    """A scorecard that asks for nothing but this leaf."""
    check = replace(
        scorecard.checks[0], rule=Leaf(expression=expression), applies_to=None, observe=()
    )
    return replace(scorecard, applies_to=None, checks=(check,))


def compiled_or_raise(language: Language, expression: str) -> Program:
    """The program; raises `ExpressionError`."""
    program = language.compile(expression)
    if isinstance(program, Program):
        return program
    raise ExpressionError(program[0].message, line=program[0].line, column=program[0].column)


def combine(scorecard: Scorecard, leaves: Sequence[LeafSaid]) -> Said | None:
    """What the scorecard says, where its leaves say so, in their order; None: it does not apply."""
    by_text = dict(zip(expressions_of(scorecard), leaves, strict=True))
    outcomes = {text: said.outcome for text, said in by_text.items()}
    everywhere = scorecard.applies_to
    if everywhere is not None and outcomes[everywhere.expression] is Outcome.FAIL:
        return None
    letters, missing = [], []
    for check in scorecard.checks:
        asked = [leaf.expression for leaf in rules.leaves(check.rule)]
        outcome: Outcome | None = None
        for condition in (everywhere, check.applies_to):
            if condition is not None and outcome is None:
                said = outcomes[condition.expression]
                if said is not Outcome.PASS:
                    outcome = Outcome.NOT_APPLICABLE if said is Outcome.FAIL else said
                    asked = [condition.expression]
        outcome = outcome or rules.decide(check.rule, outcomes)
        letters.append(LETTERS[outcome])
        if outcome is Outcome.UNKNOWN:
            facts = dict(fact for text in asked for fact in by_text[text].unknown)
            missing += [(check.id, name, reason) for name, reason in facts.items()]
    return Said("".join(letters), tuple(missing))


def expressions_of(scorecard: Scorecard) -> tuple[str, ...]:
    """Every leaf of the scorecard, once: of conditions and of rules."""
    conditions = (scorecard.applies_to, *(check.applies_to for check in scorecard.checks))
    texts = [leaf.expression for leaf in conditions if leaf is not None]
    texts += [leaf.expression for c in scorecard.checks for leaf in rules.leaves(c.rule)]
    return tuple(dict.fromkeys(texts))


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
