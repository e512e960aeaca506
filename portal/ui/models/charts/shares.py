"""Charts: shares of a whole as numbers for SVG attributes. Nothing is drawn without its count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.ui.models.levels import shade_of
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Level

LABEL_FITS = 5.0
"""Percent: a narrower segment has no room for its number, which the legend still gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One part of a 100 % bar."""

    name: str
    count: int
    start: float
    """Percent of the bar's width, as `width`."""
    width: float
    look: str
    """pass, fail, none, exempt, or l0 to l5."""

    @property
    def middle(self) -> float:
        """Where its label is centered, in percent."""
        return round(self.start + self.width / 2, 2)

    @property
    def labeled(self) -> bool:
        """Whether the number fits inside."""
        return self.width >= LABEL_FITS

    @property
    def share(self) -> str:
        """Its percentage in words: never 0 % for something, never 100 % for less than all."""
        if self.count and self.width < 1:
            return "< 1 %"
        return "> 99 %" if 99 < self.width < 100 else f"{self.width:.0f} %"

    @property
    def hatched(self) -> bool:
        """No data is told by a pattern too."""
        return self.look == "none"


def stacked(parts: Iterable[tuple[str, int, str]]) -> tuple[Segment, ...]:
    """Segments for (name, count, look), in the given order, empty ones with width 0."""
    listed = list(parts)
    total = sum(count for _, count, _ in listed)
    segments, before = [], 0
    for name, count, look in listed:
        start = 100 * before / total if total else 0.0
        width = 100 * count / total if total else 0.0
        before += count
        segments.append(
            Segment(name=name, count=count, start=round(start, 2), width=round(width, 2), look=look)
        )
    return tuple(segments)


def level_bar(levels: Sequence[Level], counts: Sequence[int]) -> tuple[Segment, ...]:
    """The distribution over the levels of a scorecard, floor first."""
    top = len(levels) - 1
    return stacked(
        (level.name, counts[rank] if rank < len(counts) else 0, f"l{shade_of(rank, top)}")
        for rank, level in enumerate(levels)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many entities have each outcome of one check."""

    passes: int
    fails: int
    unknown: int
    errors: int
    exempt: int
    not_applicable: int

    @property
    def decided(self) -> int:
        """Those that pass or fail: what a pass rate is a share of."""
        return self.passes + self.fails

    @property
    def rate(self) -> float | None:
        """Share of passes among the decided, 0 to 1; None where nothing is decided."""
        return self.passes / self.decided if self.decided else None

    @property
    def percent(self) -> str:
        """The rate for people: never 100 % for less than all, never 0 % for more than none."""
        if self.rate is None:
            return "–"
        if self.fails > 0 and self.rate > 0.99:
            return "> 99 %"
        return "< 1 %" if 0 < self.rate < 0.01 else f"{100 * self.rate:.0f} %"

    @property
    def bar(self) -> tuple[Segment, ...]:
        """Every entity that the check applies to."""
        return stacked(
            (
                ("Pass", self.passes, "pass"),
                ("Fail", self.fails, "fail"),
                ("Exempt", self.exempt, "exempt"),
                ("No data", self.unknown + self.errors, "none"),
            )
        )


def tally(counts: Mapping[str, int]) -> Tally:
    """The tally of a check from its counts by outcome letter."""
    of = {outcome: counts.get(letter, 0) for outcome, letter in LETTERS.items()}
    return Tally(
        passes=of[Outcome.PASS],
        fails=of[Outcome.FAIL],
        unknown=of[Outcome.UNKNOWN],
        errors=of[Outcome.ERROR],
        exempt=of[Outcome.EXEMPT],
        not_applicable=of[Outcome.NOT_APPLICABLE],
    )
