"""Tallying: how entities would have fared at an instant, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from portal.worker.simulation.lived import Gap, Lived
from portal.worker.simulation.rippling import Ripple
from scorecards.evaluation.damping import HELD
from scorecards.insights.simulation import Case, Comparison, Simulation
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

_PASS = LETTERS[Outcome.PASS]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """How it would have been at one instant."""

    at: datetime
    simulation: Simulation
    """From the published definition to the changed one, both with what is known of then."""
    uncollected: int
    """Entities of which something is unknown because what was then is not kept."""
    gaps: Mapping[Gap, int]
    """Why, with how many of these entities."""
    ripples: tuple[Ripple, ...]
    """Other scorecards that look at the level, where that makes any entity's level another one, or
    where it cannot be told of everybody whether it does."""


@dataclass(kw_only=True)
class Sum:
    """What is counted of a scorecard."""

    cases: Counter[Case] = field(default_factory=Counter)
    uncollected: int = 0
    """Entities of which something is unknown because it is not kept."""
    gaps: Counter[Gap] = field(default_factory=Counter)

    def add(self, before: Scorecard | None, after: Scorecard, old: Lived, new: Lived) -> None:
        """Count an entity."""
        self.uncollected += old.unsure or new.unsure
        self.gaps.update(old.gaps | new.gaps)
        if (case := _case(before, after, old, new)) is not None:
            self.cases[case] += 1


@dataclass(kw_only=True)
class Tally:
    """What is counted at an instant."""

    at: datetime
    own: Sum = field(default_factory=Sum)
    others: dict[str, Sum] = field(default_factory=dict)
    """Of the scorecards that look at the level, by name."""


def point(
    tally: Tally, before: Scorecard | None, after: Scorecard, others: Sequence[Scorecard]
) -> Point:
    """All that was counted, as it is told; `others` look at the level."""
    rippled = (_ripple(tally, card) for card in others if card.name in tally.others)
    compared = Comparison(before, after, now=tally.at)
    return Point(
        at=tally.at,
        simulation=compared.simulation(_owned_by_nobody(tally.own.cases)),
        uncollected=tally.own.uncollected,
        gaps=tally.own.gaps,
        ripples=tuple(one for one in rippled if one.moving or one.uncollected),
    )


def _ripple(tally: Tally, card: Scorecard) -> Ripple:
    found = tally.others[card.name]
    compared = Comparison(card, card, now=tally.at)
    return Ripple(
        scorecard=card,
        simulation=compared.simulation(_owned_by_nobody(found.cases)),
        uncollected=found.uncollected,
        gaps=found.gaps,
    )


def _owned_by_nobody(cases: Mapping[Case, int]) -> dict[tuple[str, Case], int]:
    return {("", case): n for case, n in cases.items()}


def _case(before: Scorecard | None, after: Scorecard, old: Lived, new: Lived) -> Case | None:
    """How an entity fares; None: it is not concerned."""
    if old.letters is None and new.letters is None:
        return None
    held = set[str]()
    if before is not None and old.letters is not None:
        held = {
            c.id for c, letter in zip(before.checks, old.letters, strict=True) if letter == HELD
        }
    # Only what newly fails in a grace is told.
    later = new.letters and "".join(
        _PASS if letter == HELD and check.id in held else letter
        for check, letter in zip(after.checks, new.letters, strict=True)
    )
    return Case(old.letters and old.letters.replace(HELD, _PASS), later)
