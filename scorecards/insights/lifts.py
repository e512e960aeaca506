"""Lifts: which fixes, across many entities, bring most of them to a higher level.

Counted from outcomes alone, so that any number of entities is a few hundred different rows. A fix
is taken to make its check pass for every entity that it blocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scorecards.insights.advice import MINUTES
from scorecards.levels import counting, reached
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

MOST_BUNDLES = 200
"""Sets of checks that are compared with each other; the most frequent ones."""

_OPEN = frozenset({Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR})
_OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """A check, and what it would bring if it passed everywhere."""

    check: int
    """Index in the scorecard."""
    blocks: int
    """Entities that it keeps from their next level, alone or with others."""
    unknown: int
    """Of these, the ones where it is unknown or broken: find out first."""
    lifts: int
    """Entities that it lifts by itself."""
    levels: int
    """Levels that these gain together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """Checks that lift together."""

    checks: tuple[int, ...]
    """Indexes in the scorecard, in order."""
    lifts: int
    """Entities that nothing else keeps from their next level."""
    levels: int
    """Levels that these gain together."""
    minutes: int
    """Of work for one entity that lacks all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifts:
    """The fixes of a scorecard, the best first."""

    entities: int
    """That were looked at."""
    below: int
    """Of these, the ones that a check keeps from their next level."""
    fixes: tuple[Fix, ...]
    bundles: tuple[Bundle, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Entities whose checks say the same."""

    outcomes: tuple[Outcome, ...]
    proven: int
    blocking: frozenset[int]
    count: int

    def may_gain(self, fixed: frozenset[int]) -> bool:
        """Whether these fixes may lift them: all that blocks goes, or a first check is known at all."""
        if self.blocking <= fixed:
            return bool(self.blocking)
        is_known = Outcome.PASS in self.outcomes or Outcome.FAIL in self.outcomes
        return not is_known and any(self.outcomes[check] in _OPEN for check in fixed)


def lifts(scorecard: Scorecard, counts: Mapping[str, int], *, now: datetime) -> Lifts:
    """What lifts most, where `counts` says how many entities have which outcome letters.

    Letters of another number of checks are of another definition, and are left out. A check that
    does not count at `now` keeps nobody from anything.
    """
    counted = counting(scorecard, now)
    kinds = [
        _kind(scorecard, letters, n, counted)
        for letters, n in counts.items()
        if len(letters) == len(scorecard.checks)
    ]
    fixes = [_fix(scorecard, kinds, check) for check in range(len(scorecard.checks))]
    return Lifts(
        entities=sum(kind.count for kind in kinds),
        below=sum(kind.count for kind in kinds if kind.blocking),
        fixes=tuple(
            sorted(
                (fix for fix in fixes if fix.blocks),
                key=lambda f: (-f.lifts, -f.levels, -f.blocks, _minutes(scorecard, (f.check,))),
            )
        ),
        bundles=_bundles(scorecard, kinds),
    )


def _kind(scorecard: Scorecard, letters: str, count: int, counted: Sequence[bool]) -> _Kind:
    outcomes = tuple(
        _OUTCOMES[letter] if counts else Outcome.NOT_APPLICABLE
        for letter, counts in zip(letters, counted, strict=True)
    )
    proven = _proven(scorecard, outcomes)
    each = list(enumerate(zip(scorecard.checks, outcomes, strict=True)))
    # All that are open are above the proven level; mostly there are some right above it.
    lowest = min((check.level for _, (check, said) in each if said in _OPEN), default=0)
    blocking = frozenset(
        index for index, (check, said) in each if check.level == lowest and said in _OPEN
    )
    return _Kind(outcomes, proven, blocking, count)


def _fix(scorecard: Scorecard, kinds: list[_Kind], check: int) -> Fix:
    blocked = [kind for kind in kinds if check in kind.blocking]
    lifted = _lifted(scorecard, blocked, frozenset({check}))
    return Fix(
        check=check,
        blocks=sum(kind.count for kind in blocked),
        unknown=sum(k.count for k in blocked if k.outcomes[check] is not Outcome.FAIL),
        lifts=sum(kind.count for kind, _ in lifted),
        levels=sum(kind.count * gain for kind, gain in lifted),
    )


def _lifted(
    scorecard: Scorecard, kinds: Sequence[_Kind], fixed: frozenset[int]
) -> list[tuple[_Kind, int]]:
    """Those who are lifted where these checks pass, with how many levels."""
    gains = [(kind, _gain(scorecard, kind, fixed)) for kind in kinds if kind.may_gain(fixed)]
    return [(kind, gain) for kind, gain in gains if gain]


def _bundles(scorecard: Scorecard, kinds: list[_Kind]) -> tuple[Bundle, ...]:
    """Every set that blocks somebody; it lifts whoever lacks no more than it has."""
    sizes = Counter[frozenset[int]]()
    for kind in kinds:
        if kind.blocking:
            sizes[kind.blocking] += kind.count
    found = []
    for checks, _ in sizes.most_common(MOST_BUNDLES):
        lifted = _lifted(scorecard, kinds, checks)
        order = tuple(sorted(checks))
        found.append(
            Bundle(
                checks=order,
                lifts=sum(kind.count for kind, _ in lifted),
                levels=sum(kind.count * gain for kind, gain in lifted),
                minutes=_minutes(scorecard, order),
            )
        )
    return tuple(sorted(found, key=lambda b: (-b.lifts, b.minutes, b.checks)))


def _gain(scorecard: Scorecard, kind: _Kind, fixed: frozenset[int]) -> int:
    """Levels that an entity of this kind gains where these checks pass instead of blocking."""
    after = tuple(
        Outcome.PASS if index in fixed and outcome is not Outcome.NOT_APPLICABLE else outcome
        for index, outcome in enumerate(kind.outcomes)
    )
    return _proven(scorecard, after) - kind.proven


def _proven(scorecard: Scorecard, outcomes: tuple[Outcome, ...]) -> int:
    levels = [check.level for check in scorecard.checks]
    return reached(len(scorecard.levels), levels, outcomes).proven


def _minutes(scorecard: Scorecard, checks: tuple[int, ...]) -> int:
    return sum(MINUTES[scorecard.checks[check].effort] for check in checks)
