"""Assessment: every scorecard that applies, said about one entity, with the evidence.

Pure: it reads what it is given and answers. Who is assessed when, and where results go, is decided
elsewhere. One assessor compiles all expressions once and is then used for many entities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import orjson

from catalog.problems import JsonValue
from scorecards import rules
from scorecards.cel import Language, Program
from scorecards.facts import FactRecord, FactSchema, Unknown
from scorecards.knowledge import knowledge
from scorecards.levels import reached
from scorecards.lifecycle import Stage, in_words, stage
from scorecards.results import ANSWER, CheckResult, Outcome, ScorecardResult
from scorecards.rules import Leaf, Manual
from scorecards.scorecard import Check, Scorecard
from scorecards.sight import Leaves, Sight

_MOST_REASONS = 3


class Subject(Protocol):
    """An entity with its facts; `scorecards.store.Assessable` is one."""

    @property
    def ref(self) -> str:
        """Canonical ref."""
        ...

    @property
    def body(self) -> bytes:
        """Its JSON."""
        ...

    @property
    def records(self) -> tuple[FactRecord, ...]:
        """What the collectors observed."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A check, with what it needs looked up."""

    check: Check
    leaves: tuple[str, ...]
    """Expressions of its rule, in order."""
    facts: tuple[str, ...]
    """Names of the facts that its rule mentions, in order."""
    observed: tuple[tuple[str, str | Program], ...]
    """Title, and the fact or the expression, of what is shown besides."""


class Assessor:
    """All scorecards, compiled."""

    def __init__(self, scorecards: Iterable[Scorecard], schemas: Mapping[str, FactSchema]) -> None:
        """Raises `ExpressionError` for an expression that `load_scorecards` would have refused."""
        cards = tuple(scorecards)
        self._leaves = Leaves(Language(schemas), _expressions(cards))
        self._scorecards = tuple((card, tuple(map(self._ask, card.checks))) for card in cards)
        # Facts that nobody asks for need not be prepared for every entity.
        wanted = {name for leaf in self._leaves.programs.values() for name in leaf.facts}
        for _, checks in self._scorecards:
            wanted.update(name for asked in checks for name in _observed_facts(asked))
        self._schemas = {name: schemas[name] for name in wanted}

    def assess(self, subject: Subject, *, now: datetime) -> tuple[ScorecardResult, ...]:
        """One result for each scorecard that applies, in the order of the scorecards.

        A scorecard that may apply, because it cannot be told, has a result too: of unknown checks.
        """
        sights = _Sights(self._leaves, self._schemas, subject, now)
        sight = sights.of(None)
        return tuple(
            _result(subject.ref, card, asked, sights, applies, now)
            for card, asked in self._scorecards
            if (applies := _applies(card.applies_to, sight)) is not Outcome.FAIL
        )

    def _ask(self, check: Check) -> _Asked:
        leaves = tuple(leaf.expression for leaf in rules.leaves(check.rule))
        names = dict.fromkeys(n for leaf in leaves for n in self._leaves.programs[leaf].facts)
        observed = tuple((o.title, self._observed(o.expression)) for o in check.observe)
        return _Asked(check=check, leaves=leaves, facts=tuple(names), observed=observed)

    def _observed(self, expression: str) -> str | Program:
        program = self._leaves.compile(expression)
        return expression if expression in program.facts else program


class _Sights:
    """One entity at one moment, seen with the facts that are young enough."""

    def __init__(
        self, leaves: Leaves, schemas: Mapping[str, FactSchema], subject: Subject, now: datetime
    ) -> None:
        self._leaves, self._schemas, self._subject, self._now = leaves, schemas, subject, now
        self._entity = orjson.loads(subject.body)
        self._oldest = min((record.observed_at for record in subject.records), default=now)
        self._found: dict[timedelta | None, Sight] = {}

    def of(self, max_age: timedelta | None) -> Sight:
        """The sight of a check with this `max_age`: the common one where nothing is older."""
        if max_age is not None and self._oldest + max_age >= self._now:
            max_age = None
        if max_age not in self._found:
            records, now = self._subject.records, self._now
            known = knowledge(records, self._schemas, now=now, max_age=max_age)
            self._found[max_age] = Sight(self._leaves, known, entity=self._entity, now=now)
        return self._found[max_age]


def _observed_facts(asked: _Asked) -> Iterator[str]:
    for _, what in asked.observed:
        yield from (what,) if isinstance(what, str) else what.facts


def _expressions(scorecards: Iterable[Scorecard]) -> Iterator[str]:
    for card in scorecards:
        conditions = [card.applies_to, *(check.applies_to for check in card.checks)]
        yield from (leaf.expression for leaf in conditions if leaf is not None)
        yield from (leaf.expression for c in card.checks for leaf in rules.leaves(c.rule))


def _applies(leaf: Leaf | None, sight: Sight) -> Outcome:
    return Outcome.PASS if leaf is None else sight.leaf(leaf.expression)


def _result(
    ref: str,
    card: Scorecard,
    asked: tuple[_Asked, ...],
    sights: _Sights,
    applies: Outcome,
    now: datetime,
) -> ScorecardResult:
    # Whether the scorecard applies is the same for all its checks, however old their facts may be.
    told = applies is Outcome.PASS
    results = tuple(
        _at_its_stage(
            a, sights.of(a.check.max_age if told else None), card.applies_to, applies, now
        )
        for a in asked
    )
    counted = [(a.check.level, r.outcome) for a, r in zip(asked, results, strict=True) if r.counts]
    levels = reached(len(card.levels), [c[0] for c in counted], [c[1] for c in counted])
    return ScorecardResult(
        ref=ref,
        scorecard=card.name,
        version=card.version,
        proven=levels.proven,
        possible=levels.possible,
        results=results,
        evaluated_at=now,
    )


def _at_its_stage(
    asked: _Asked, sight: Sight, leaf: Leaf | None, applies: Outcome, now: datetime
) -> CheckResult:
    """What the check says, and whether that counts now."""
    match stage(asked.check.lifecycle, now):
        case Stage.ACTIVE:
            return _answer(asked, sight, leaf, applies)
        case Stage.RETIRED:
            return CheckResult(
                check=asked.check.id,
                outcome=Outcome.NOT_APPLICABLE,
                reason=in_words(asked.check.lifecycle, now),
                observed={},
                unknown={},
                leaves=(),
                counts=False,
            )
        case _:
            return replace(_answer(asked, sight, leaf, applies), counts=False)


def _answer(asked: _Asked, sight: Sight, leaf: Leaf | None, applies: Outcome) -> CheckResult:
    """What the check says, where whether its scorecard applies is `applies`, said by `leaf`."""
    check = asked.check
    if applies is Outcome.PASS and check.applies_to is not None:
        leaf = check.applies_to
        applies = sight.leaf(leaf.expression)
    if applies is not Outcome.PASS:
        assert leaf is not None, "only a leaf can say anything else"
        return _without_rule(check, applies, leaf.expression, sight)
    if isinstance(check.rule, Manual):
        return _unanswered(check)
    leaves = tuple((expression, sight.leaf(expression)) for expression in asked.leaves)
    outcome = rules.decide(check.rule, sight.outcomes)
    return CheckResult(
        check=check.id,
        outcome=outcome,
        reason="" if outcome is Outcome.PASS else _reason(asked, sight),
        observed=_observed(asked, sight),
        unknown=_unknown(asked.facts, sight),
        leaves=leaves,
    )


def _unanswered(check: Check) -> CheckResult:
    """A manual check, as long as nobody is known to have answered it."""
    return CheckResult(
        check=check.id,
        outcome=Outcome.UNKNOWN,
        reason="nobody has answered it",
        observed={},
        unknown={ANSWER: Unknown.NOT_COLLECTED.value},
        leaves=(),
    )


def _without_rule(check: Check, applies: Outcome, condition: str, sight: Sight) -> CheckResult:
    """A check whose rule is not asked: it does not apply, or whether it does cannot be told."""
    said = applies is Outcome.FAIL
    facts = sight.facts_of(condition)
    return CheckResult(
        check=check.id,
        outcome=Outcome.NOT_APPLICABLE if said else applies,
        reason=check.applies_because
        if said
        else f"whether it applies cannot be told: {sight.why(condition)}",
        observed=_shown(facts, sight),
        unknown=_unknown(facts, sight),
        leaves=(),
    )


def _observed(asked: _Asked, sight: Sight) -> dict[str, JsonValue]:
    observed = _shown(asked.facts, sight)
    for title, what in asked.observed:
        observed[title] = (
            sight.known.shown.get(what) if isinstance(what, str) else sight.value(what)
        )
    return observed


def _shown(facts: Sequence[str], sight: Sight) -> dict[str, JsonValue]:
    shown = sight.known.shown
    return {name: shown[name] for name in facts if name in shown}


def _unknown(facts: Sequence[str], sight: Sight) -> dict[str, str]:
    known = sight.known
    silent = [name for name in facts if name not in known.values]
    return {name: why.reason.value for name in silent if (why := known.why_not(name)) is not None}


def _reason(asked: _Asked, sight: Sight) -> str:
    """The leaves that decided, each with why; the first few."""
    deciding = asked.leaves
    if len(deciding) > 1:
        deciding = rules.deciding(asked.check.rule, sight.outcomes)
    said = [sight.why(expression) for expression in deciding[:_MOST_REASONS]]
    rest = len(deciding) - len(said)
    return "; ".join(said) + (f"; and {rest} more" if rest > 0 else "")
