"""Levels as pages show them: a name, rank dots, a shade of the ramp, and the uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.db.evaluation.results import Summary
from scorecards.scorecard import Scorecard

DARKEST = 5
"""Index of the last color of the level ramp (0 is the palest)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelMark:
    """Where an entity stands on one scorecard."""

    scorecard: str
    title: str
    """Of the scorecard."""
    name: str
    """Of the level."""
    rank: int
    """0 is the floor."""
    may_reach: int
    """Rank it has if everything unknown turns out to pass; equal to `rank` when certain."""
    may_name: str
    top: int
    """Rank of the highest level."""
    shade: int
    failing: int
    unknown: int
    total: int
    """Checks that apply and are not exempt."""

    @property
    def certain(self) -> bool:
        """Whether nothing unknown could raise the level."""
        return self.rank == self.may_reach


def shade_of(rank: int, top: int) -> int:
    """The color of the ramp for a rank: floor and top take its ends, however many levels."""
    return round(DARKEST * min(rank, top) / top) if top > 0 else 0


def mark_of(
    scorecard: Scorecard, *, proven: int, possible: int, passes: int, fails: int, unknowns: int
) -> LevelMark:
    """Where an entity with these numbers stands."""
    top = len(scorecard.levels) - 1
    # A definition may have lost levels since the result was made; the next assessment mends it.
    rank, may = min(proven, top), min(possible, top)
    return LevelMark(
        scorecard=scorecard.name,
        title=scorecard.title,
        name=scorecard.levels[rank].name,
        rank=rank,
        may_reach=max(rank, may),
        may_name=scorecard.levels[max(rank, may)].name,
        top=top,
        shade=shade_of(rank, top),
        failing=fails,
        unknown=unknowns,
        total=passes + fails + unknowns,
    )


def level_mark(scorecard: Scorecard, summary: Summary) -> LevelMark:
    """Where the entity with this summary stands."""
    return mark_of(
        scorecard,
        proven=summary.proven,
        possible=summary.possible,
        passes=summary.passes,
        fails=summary.fails,
        unknowns=summary.unknowns,
    )


def marks(scorecards: Sequence[Scorecard], summaries: Sequence[Summary]) -> Mapping[str, LevelMark]:
    """The marks of one entity by scorecard; a scorecard that does not apply is not among them."""
    by_name = {summary.scorecard: summary for summary in summaries}
    return {
        card.name: level_mark(card, by_name[card.name])
        for card in scorecards
        if card.name in by_name
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """A level as a pill needs it."""

    name: str
    rank: int
    top: int
    shade: int


def rung_of(card: Scorecard | None, rank: int | None) -> Rung | None:
    """The level of this rank; None where there is no scorecard, or it says nothing."""
    if card is None or rank is None:
        return None
    top = len(card.levels) - 1
    return Rung(name=card.levels[rank].name, rank=rank, top=top, shade=shade_of(rank, top))
