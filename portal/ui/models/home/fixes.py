"""Fixes for everyone: the checks that keep most entities from their next level, each of them once.

With thousands of services a list of services that fail says the same thing over and over. What nobody
knows is apart, because there the data is to be mended and not the services.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.ui.models.levels import shade_of
from portal.ui.models.looks import plural
from scorecards.insights.advice import MINUTES
from scorecards.levels import counting
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Check, Scorecard

MOST_FIXES = 12
MOST_UNKNOWN = 6

FAIL = LETTERS[Outcome.FAIL]
OPEN = frozenset({FAIL, LETTERS[Outcome.UNKNOWN], LETTERS[Outcome.ERROR]})


@dataclass(frozen=True, kw_only=True, slots=True)
class FixLine:
    """A check that keeps entities from their next level."""

    scorecard: Scorecard
    check: Check
    failing: int
    """Entities that it keeps from the next level because it fails."""
    unknown: int
    """Entities that it may keep from it: it has no data."""
    lifts: int
    """Entities for which it is the last thing, in either way."""

    @property
    def blocks(self) -> str:
        """Name of the level that it keeps them from."""
        return self.scorecard.levels[self.check.level].name

    @property
    def top(self) -> int:
        """Rank of the highest level."""
        return len(self.scorecard.levels) - 1

    @property
    def shade(self) -> int:
        """The color of the level that it keeps them from."""
        return shade_of(self.check.level, self.top)

    @property
    def minutes(self) -> int:
        """Of work for one entity."""
        return MINUTES[self.check.effort]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fixes:
    """What to fix first, of all scorecards."""

    failing: tuple[FixLine, ...] = ()
    """What fails somewhere, the one that lifts most first."""
    failing_total: int = 0
    unknown: tuple[FixLine, ...] = ()
    """What has no data somewhere, the one that most lack first."""
    unknown_total: int = 0

    @property
    def note(self) -> str:
        """What is listed, and what is not."""
        if self.failing_total > len(self.failing):
            return f"{len(self.failing)} of {self.failing_total} checks, what lifts most first"
        return f"{plural(self.failing_total, 'check')}, what lifts most first"


def fixes(found: Iterable[tuple[Scorecard, Mapping[str, int]]], *, now: datetime) -> Fixes:
    """What lifts most entities, and what is unknown of most of them.

    By scorecard, how many entities have which outcome letters; those of another number of checks
    are of another definition, and are left out.
    """
    lines = [line for card, counts in found for line in _lines(card, counts, now)]
    failing = sorted((line for line in lines if line.failing), key=_most_lifted_first)
    unknown = sorted(
        (line for line in lines if line.unknown),
        key=lambda line: (-line.unknown, line.scorecard.name, line.check.id),
    )
    return Fixes(
        failing=tuple(failing[:MOST_FIXES]),
        failing_total=len(failing),
        unknown=tuple(unknown[:MOST_UNKNOWN]),
        unknown_total=len(unknown),
    )


def _lines(card: Scorecard, counts: Mapping[str, int], now: datetime) -> list[FixLine]:
    """What `scorecards.insights.lifts` says of single checks, and nothing else, which takes a thirtieth."""
    counted = counting(card, now)
    rungs = [
        [index for index, check in enumerate(card.checks) if counted[index] and check.level == rank]
        for rank in range(1, len(card.levels))
    ]
    failing, unknown, lifts = Counter[int](), Counter[int](), Counter[int]()
    for letters, n in counts.items():
        if len(letters) != len(card.checks):
            continue
        blocking = _blocking(letters, rungs)
        for index in blocking:
            (failing if letters[index] == FAIL else unknown)[index] += n
        if len(blocking) == 1:
            lifts[blocking[0]] += n
    return [
        FixLine(
            scorecard=card,
            check=check,
            failing=failing[index],
            unknown=unknown[index],
            lifts=lifts[index],
        )
        for index, check in enumerate(card.checks)
        if failing[index] or unknown[index]
    ]


def _blocking(letters: str, rungs: Sequence[Sequence[int]]) -> list[int]:
    """The checks of the lowest level that anything stands in the way of."""
    for rung in rungs:
        if found := [index for index in rung if letters[index] in OPEN]:
            return found
    return []


def _most_lifted_first(line: FixLine) -> tuple[int, int, int, str, str]:
    # Whom it may lift because it is unknown counts no more than those that fail.
    return (
        -min(line.lifts, line.failing),
        -line.failing,
        line.minutes,
        line.scorecard.name,
        line.check.id,
    )
